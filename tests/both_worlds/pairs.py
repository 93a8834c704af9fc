"""Pairs of gates with the same settings, one of each world, and what they answered to one request."""

from __future__ import annotations

import asyncio
import functools
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from oidc_gate.identity import IDENTITY_KEY
from tests.access_tokens import AUDIENCE, access_token
from tests.asgi_driver import make_scope
from tests.providers.local import LocalProvider
from tests.stage import Clock, timed
from tests.wire import Headers, WireRequest
from tests.wsgi_driver import make_environ

__all__ = ["SETTINGS", "Answer", "Pair"]

#: By name: what differs from the defaults.
SETTINGS: dict[str, dict[str, Any]] = {
    "default": {},
    "rules": {
        "public_paths": ["/public", "/static"],
        "rules": [
            {"path": "/admin", "allow": {"groups": "admins"}},
            {"path": "/files", "method": "GET", "allow": "anyone"},
            {"path": "/api", "method": ["POST", "DELETE"], "allow": {"emails": "ann@example.com"}},
            {"path": "/private/files", "allow": "nobody"},
        ],
        "allow_cors_preflight": True,
    },
    "proxies": {"trusted_proxies": 1, "identity_headers": "x-forwarded", "base_url": ""},
    "programs": {"bearer_audience": [AUDIENCE], "bearer_paths": ["/api"], "identity_headers": "ngrok"},
    "elsewhere": {"path_prefix": "/auth", "keep_posts": False, "allow_groups": ["admins"], "cache_control": "no-store"},
}
#: People who are signed in.
PEOPLE = 24
#: Texts that are random, or may be: of seals, states, nonces and ids; and references.
_RANDOM = re.compile(r"[A-Za-z0-9+/_\-=]{16,}|\b[0-9a-f]{10}\b")
_GATES_COOKIE = re.compile(r"(?:^|[;,\s])\s*(?:__Host-|__Secure-)?oidc_gate\.[^=;,]*=")


@dataclass(frozen=True)
class Answer:
    """What came of a request. `seen`: what the app was told, None when it was not called."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: str
    seen: tuple[tuple[str, str], ...] | None


@dataclass
class Pair:
    """Two gates.

    `sessions`: name and text of the cookie of each session; `tokens`: access tokens, good ones and others; `texts`:
    what lets in whom, by subject. `other`: settings of the ASGI gate alone, to see that this is found.
    """

    name: str
    provider: LocalProvider
    other: dict[str, Any] = field(default_factory=dict)
    sessions: list[tuple[str, str]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    texts: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.provider.clock = self.clock = Clock(float(self.provider.now()))
        settings = self.provider.gate_options() | {"base_url": "https://app.test"} | SETTINGS[self.name]
        settings = {name: value for name, value in settings.items() if value != ""}
        self.wsgi = timed("wsgi", self._wsgi_app, self.clock, **settings)
        self.asgi = timed("asgi", self._asgi_app, self.clock, **(settings | self.other))
        self._seen: tuple[tuple[str, str], ...] | None = None
        names = self.wsgi._gate.reserved_headers
        self._is_reserved = functools.lru_cache(4096)(names.__contains__)
        self.sign_in()

    def sign_in(self) -> None:
        """Have new sessions in the place of those that were, some of them ended meanwhile."""
        components = self.wsgi._gate._components
        self.sessions.clear()
        good = access_token(self.provider, sub="robot")
        self.texts.setdefault("robot", []).append(good)
        others: tuple[dict[str, Any], ...] = ({"exp": 1}, {"aud": "another"}, {"iss": "https://evil"}, {"sub": ...})
        self.tokens = [good, good, good, *(access_token(self.provider, **changed) for changed in others)]
        for number in range(PEOPLE):
            claims = {
                "iss": self.provider.issuer,
                "sub": f"person-{number}",
                "email": "ann@example.com" if number == 0 else f"person-{number}@example.com",
                "groups": ["admins"] if number % 3 == 0 else ["staff"],
            }
            session = components.sessions.start(claims, {}, (), self.clock())
            name = (components.secure_cookies if number % 4 else components.plain_cookies).session
            text = components.sessions.keep(session, name)[1]
            self.sessions.append((name, text))
            self.texts.setdefault(f"person-{number}", []).append(text)

    def ask(self, request: WireRequest) -> tuple[Answer, Answer]:
        """Return what came of a request in both worlds."""
        return self._ask_wsgi(request), self._ask_asgi(request)

    def wrong(self, request: WireRequest, answers: Sequence[Answer]) -> str:
        """Return what is wrong with the answers, "" for nothing."""
        for world, answer in zip(("WSGI", "ASGI"), answers, strict=True):
            seen = dict(answer.seen or ())
            subject = seen.get("subject", "")
            if subject and not self._is_in(request, subject):
                return f"{world}: {subject} without a session"
            if _GATES_COOKIE.search(seen.get("cookie", "")):
                return f"{world}: the app saw a gate's cookie"
            if answer.seen is None and answer.status < 300 and answer.body.startswith("the app"):
                return f"{world}: the app's answer without the app"
        for name in ("status", "seen", "headers", "body"):
            of_wsgi, of_asgi = (getattr(answer, name) for answer in answers)
            if of_wsgi != of_asgi:
                return f"another {name}\n  WSGI: {of_wsgi}\n  ASGI: {of_asgi}"
        return ""

    def _is_in(self, request: WireRequest, subject: str) -> bool:
        """Return whether what lets this person in is in the request: a session, whole or in parts, or a token."""
        cookies = "; ".join(value for name, value in request.headers if name.lower() in ("cookie", "authorization"))
        whole = re.sub(r"=2\.(.*?); [^=]*\.1=", r"=\1", cookies)
        return any(text in cookies or text in whole for text in self.texts[subject])

    # The apps, and how they are asked

    def _note(self, path: str, cookie: str, headers: Headers, identity: Any, user: str) -> None:
        told = {name: value for name, value in headers if self._is_reserved(name)}
        subject = "" if identity is None else identity.subject
        self._seen = (("path", path), ("cookie", cookie), ("subject", subject), ("user", user), *sorted(told.items()))

    def _wsgi_app(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        headers = [
            (key[5:].replace("_", "-").lower(), value) for key, value in environ.items() if key.startswith("HTTP_")
        ]
        path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
        cookie, user = environ.get("HTTP_COOKIE", ""), environ.get("REMOTE_USER", "")
        self._note(path, cookie, headers, environ[IDENTITY_KEY], user)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"the app"]

    async def _asgi_app(self, scope: dict[str, Any], _receive: Any, send: Any) -> None:
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        cookie = next((value for name, value in headers if name == "cookie"), "")
        identity = scope[IDENTITY_KEY]
        self._note(scope["path"], cookie, headers, identity, "" if identity is None else identity.username)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": b"the app"})

    def _ask_wsgi(self, request: WireRequest) -> Answer:
        # As gunicorn and waitress do: a name with an underscore is dropped, for it could be taken for another one.
        headers = [(name, value) for name, value in request.headers if "_" not in name]
        environ = make_environ(replace(request, headers=headers))
        started: list[Any] = []
        self._seen = None
        body = b"".join(self.wsgi(environ, lambda status, headers, _exc_info=None: started.extend((status, headers))))
        return _answer(int(started[0][:3]), started[1], body, self._seen)

    def _ask_asgi(self, request: WireRequest) -> Answer:
        scope = make_scope(request) | {"type": "http", "method": request.method}
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": request.body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        self._seen = None
        _LOOP.run_until_complete(self.asgi(scope, receive, send))
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in sent[0]["headers"]]
        body = b"".join(message.get("body", b"") for message in sent[1:])
        return _answer(sent[0]["status"], headers, body, self._seen)


_LOOP = asyncio.new_event_loop()


def _answer(status: int, headers: Headers, body: bytes, seen: tuple[tuple[str, str], ...] | None) -> Answer:
    told = tuple(sorted((name.lower(), _RANDOM.sub("~", value)) for name, value in headers))
    text = body.decode("utf-8", "replace")
    return Answer(status, told, text if len(text) < 16 else _RANDOM.sub("~", text), seen)


def as_line(pair: str, request: WireRequest) -> str:
    """Return a request as a line of `kept.jsonl`."""
    return json.dumps([pair, request.method, request.url, request.headers, request.body.decode("latin-1")])
