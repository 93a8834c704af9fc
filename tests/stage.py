"""A stage for whole journeys: one app behind one gate, its provider, and a clock that moves only when it is told to.

stage = Stage(world, provider, idle_session_timeout="10m")
ada = stage.signed_in("/report")
stage.clock.advance(601)
assert ada.fetch("/report").status == 401
"""

from __future__ import annotations

import importlib
import re
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

from oidc_gate import Settings
from oidc_gate.gate import open_gate
from tests.answers import Answer
from tests.apps import COOKIE_SECRET, Echo, echo
from tests.asgi_driver import GATES
from tests.browser import Browser, World
from tests.providers.local import LocalProvider

HTML = {"Accept": "text/html"}


class Clock:
    """Seconds since 1970, standing still; gate, provider and the browser's cookies all go by it."""

    def __init__(self, now: float = 1_900_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


def timed(
    world: World, app: Any, clock: Clock, *, settings: Settings | None = None, beside: Any = None, **options: Any
) -> Any:
    """Return the gate of this world in front of an app, going by this clock, as in a process of its own.

    The public signature has no clock, so the gate inside the adapter is replaced by one that was made with it.
    `beside`: the gate in whose process this one is: those go by the same clock.
    """
    settings = settings or Settings(**({"cookie_secret": COOKIE_SECRET} | options))
    adapter = importlib.import_module(f"oidc_gate.{world}").OIDCGate(app, settings=settings)
    adapter._ask(open_gate(settings, adapter._ask, partial(clock) if beside is None else beside._gate._clock))
    GATES.append(adapter)
    return adapter


class Stage:
    """One app (an echo, unless given) behind one gate that is a client of the provider."""

    def __init__(self, world: World, provider: LocalProvider, *, app: Any = None, **settings: Any) -> None:
        self.world, self.provider = world, provider
        self.clock = Clock()
        provider.clock = self.clock
        self.app: Echo = echo(world) if app is None else app
        self.settings = settings
        self.gate = self.another_gate()
        #: The name of the session's cookie under https.
        self.session_name: str = self.gate._gate._components.secure_cookies.session

    def another_gate(self, *, beside: Any = None, **changed: Any) -> Any:
        """Return one more gate in front of the same app: another process, or the next release's settings.

        `beside`: a gate in whose process it is.
        """
        options = self.provider.gate_options(**(self.settings | changed))
        return timed(self.world, self.app, self.clock, beside=beside, **options)

    def browser(self, gate: Any = None, **options: Any) -> Browser:
        """Return a fresh browser."""
        made = Browser(self.gate if gate is None else gate, self.world, **options)
        made.cookies.clock = self.clock
        return made

    def signed_in(self, path: str = "/", **options: Any) -> Browser:
        """Return a browser that has signed in, and that has seen this page."""
        made = self.browser(**options)
        page = made.navigate(path)
        assert (page.status, urlsplit(page.url).path) == (200, urlsplit(path).path), page
        return made

    def moved(self, browser: Browser, gate: Any) -> Browser:
        """Return a browser with the same cookies at another gate."""
        other = self.browser(gate, origin=browser.origin)
        other.cookies = browser.cookies.copy()
        return other


def query(url: str) -> dict[str, str]:
    """Return the parameters of a URL, each of which must stand there once."""
    found = parse_qs(urlsplit(url).query, keep_blank_values=True)
    assert all(len(values) == 1 for values in found.values()), url
    return {name: values[0] for name, values in found.items()}


def subject(answer: Answer) -> str | None:
    """Return who the echo app saw, None for nobody."""
    identity = answer.json()["identity"]
    return None if identity is None else str(identity["subject"])


def session_names(browser: Browser) -> list[str]:
    """Return the names of the sessions' cookies, without those of further parts, under https or http."""
    return [name for name in browser.cookies.names() if re.fullmatch(r"(__Host-|__Secure-)?oidc_gate\.[\w-]+", name)]


def session_cookie(browser: Browser) -> str:
    """Return the value of the one session cookie, under https or http, or of a whole domain."""
    (name,) = session_names(browser)
    value = browser.cookies.get(name)
    assert value is not None
    return value


def is_login(answer: Answer, provider: LocalProvider) -> bool:
    """Tell whether the browser is sent off to sign in."""
    return answer.status in (302, 303) and answer.target.startswith(provider.url("authorize") + "?")
