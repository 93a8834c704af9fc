"""The gates under measurement: the real `OIDCGate` of either world, default settings, with someone signed in."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

from benchmarks.canned_provider import CannedProvider
from benchmarks.traffic import (
    Answer,
    Cookie,
    World,
    asgi_hello,
    asgi_request,
    ask_asgi,
    ask_wsgi,
    cookie_header,
    serve_asgi,
    serve_wsgi,
    wsgi_hello,
    wsgi_request,
)
from oidc_gate import asgi, wsgi
from oidc_gate.sessions.session import Session

__all__ = ["Gated", "finish_login", "gated", "start_login"]

logging.getLogger("oidc_gate").addHandler(logging.NullHandler())  # what it warns of at its start is meant so here


@dataclass(frozen=True)
class Gated:
    """A gate before the bare app, and what it takes to send it requests. `app` is the gate."""

    world: World
    app: Any
    hello: Any
    request: Callable[..., Callable[[], Any]]
    serve: Callable[[Any], Callable[[Any], None]]
    ask: Callable[[Any, Any], Answer]

    def sign_in(self, provider: CannedProvider) -> Cookie:
        """Sign someone in, from the first redirect to the session cookie."""
        answer = self.ask(self.app, finish_login(self, provider, *start_login(self)))
        found = [(name, value) for name, value in answer.cookies().items() if ".login." not in name]
        return found[0]

    def session(self, cookie: Cookie) -> Session:
        """Return the session that a cookie holds."""
        name, text = cookie
        opened = self.app._gate._components.sessions.find(text, name, time.time())
        session: Session = opened.session
        return session

    def sealed(self, session: Session, name: str) -> str:
        """Return a cookie's text for this session, just used: each call gives another that was never seen before."""
        text: str = self.app._gate._components.sessions.keep(session._replace(seen_at=time.time()), name)[1]
        return text


def gated(world: World, provider: CannedProvider, **settings: Any) -> Gated:
    """Return a gate that has spoken to its provider once, as any has but for its very first login."""
    options = provider.options() | settings
    if world == "WSGI":
        found = Gated(world, wsgi.OIDCGate(wsgi_hello, **options), wsgi_hello, wsgi_request, serve_wsgi, ask_wsgi)
    else:
        found = Gated(world, asgi.OIDCGate(asgi_hello, **options), asgi_hello, asgi_request, serve_asgi, ask_asgi)
    start_login(found)
    return found


def start_login(gate: Gated) -> tuple[dict[str, str], dict[str, str]]:
    """Open a page without a session; return the parameters sent to the provider, and the cookies set."""
    answer = gate.ask(gate.app, gate.request(cookie_header(), page=True)())
    assert answer.status == 302, answer
    asked = {name: values[0] for name, values in parse_qs(urlsplit(answer.header("location")).query).items()}
    return asked, answer.cookies()


def finish_login(gate: Gated, provider: CannedProvider, asked: dict[str, str], cookies: dict[str, str]) -> Any:
    """Return the request with which the browser comes back from the provider."""
    code = provider.prepare(asked["nonce"])
    make = partial(gate.request, cookie_header(*cookies.items()), page=True)
    return make(path="/oauth2/callback", query=f"code={code}&state={asked['state']}")()
