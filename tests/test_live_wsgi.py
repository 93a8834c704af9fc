"""surface.md, "Nothing lost", as far as it goes under WSGI: an event stream ends between two of its chunks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from oidc_gate.wsgi.live import LiveStream
from tests.access_tokens import TAKING, Program, access_token
from tests.browser import Browser
from tests.counted import Counted
from tests.providers.local import LocalProvider
from tests.stage import Stage

#: Before each chunk but the first.
ALWAYS: dict[str, Any] = {"live_check": "1us"}
EVENTS = "text/event-stream"

Step = Callable[[], object]
Live = Callable[..., "Streaming"]


class Chunks:
    """An app's answer: three chunks, with a step before the second."""

    def __init__(self, step: Step) -> None:
        self._chunks = self._made(step)
        self.closed = 0

    def _made(self, step: Step) -> Iterator[bytes]:
        yield b"one "
        step()
        yield b"two "
        yield b"three"

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks

    def close(self) -> None:
        self.closed += 1


class StreamApp:
    """An event stream below /events, by a generator below /events/generated; else a page."""

    def __init__(self, content_type: str = EVENTS) -> None:
        self.content_type = content_type
        self.step: Step = lambda: None
        self.answers: list[Any] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/events/generated":
            answer: Any = self._generated(start_response)
        elif path.startswith("/events"):
            start_response("200 OK", [("Cache-Control", "no-store"), ("Content-Type", self.content_type)])
            answer = Chunks(self.step)
        else:
            start_response("200 OK", [("Content-Type", "text/html")])
            answer = [b"here"]
        self.answers.append(answer)
        return answer  # type: ignore[no-any-return]

    def _generated(self, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Type", self.content_type)])
        yield from Chunks(self.step)


class Streaming(Stage):
    """A stage of that app."""

    app: StreamApp  # type: ignore[assignment]


@pytest.fixture
def live(provider: LocalProvider) -> Live:
    return lambda **settings: Streaming("wsgi", provider, app=StreamApp(), **(ALWAYS | settings))


def streamed(browser: Browser, path: str = "/events") -> str:
    return browser.fetch(path, headers={"Accept": EVENTS}).text


@pytest.mark.parametrize("path", ["/events", "/events/generated"])
@pytest.mark.parametrize("kind", ["cookie", "store"])
def test_a_stream_ends_with_its_session_and_gives_nothing_more(
    live: Live, store_url: str, path: str, kind: str
) -> None:
    here = live(**({"session_store": store_url} if kind == "store" else {}))
    browser = here.signed_in()
    assert streamed(browser, path) == "one two three"
    tab = here.moved(browser, here.gate)
    here.app.step = lambda: tab.get("/oauth2/logout")
    assert streamed(browser, path) == "one "
    assert browser.fetch(path).status == 401
    assert all(answer.closed == 1 for answer in here.app.answers if isinstance(answer, Chunks))
    assert not here.gate._gate._components.sessions.live


def test_a_stream_that_may_not_go_on_where_it_is(live: Live, provider: LocalProvider) -> None:
    here = live(userinfo_refresh_interval="2m", allow_groups="engineers")
    browser = here.signed_in()

    def loses() -> None:
        provider.people["ada"]["groups"] = []
        here.clock.advance(121)

    here.app.step = loses
    assert streamed(browser) == "one "
    assert browser.fetch("/").status == 403


def test_a_stream_ends_with_its_access_token(live: Live, provider: LocalProvider) -> None:
    here = live(**TAKING)
    program, token = Program(here), access_token(provider)
    assert program.ask("/events", token).text == "one two three"
    here.app.step = lambda: here.clock.advance(361)
    assert program.ask("/events", token).text == "one "


@pytest.mark.parametrize(
    ("settings", "content_type"),
    [({}, "text/plain"), ({"live_check": 0}, EVENTS), ({"live_check": "1h"}, EVENTS)],
    ids=["another type", "off", "not due"],
)
@pytest.mark.parametrize("path", ["/events", "/events/generated"])
def test_what_does_not_end(live: Live, settings: dict[str, Any], content_type: str, path: str) -> None:
    here = live(**settings)
    here.app.content_type = content_type
    browser = here.signed_in()
    tab = here.moved(browser, here.gate)
    here.app.step = lambda: tab.get("/oauth2/logout")
    assert streamed(browser, path) == "one two three"


def test_what_is_no_event_stream_is_handed_on_as_it_is(live: Live) -> None:
    here = live()
    browser = here.signed_in()
    environ_of = {"PATH_INFO": "/", "REQUEST_METHOD": "GET", "wsgi.url_scheme": "https", "HTTP_HOST": "app.test"}
    cookies = "; ".join(f"{name}={browser.cookies.get(name)}" for name in browser.cookies.names())
    cases = [("/", EVENTS, False), ("/events", "*/*", True), ("/events/generated", "*/*", False)]
    for path, accept, is_wrapped in cases:
        environ = environ_of | {"PATH_INFO": path, "HTTP_ACCEPT": accept, "HTTP_COOKIE": cookies}
        answer = here.gate(environ, lambda *_: None)
        assert (answer is here.app.answers[-1]) is not is_wrapped
        assert isinstance(answer, LiveStream) is is_wrapped


def test_streams_are_counted_while_they_are_open(live: Live) -> None:
    class Gauge(Counted):
        def add(self, name: str, amount: int, labels: Any) -> None:
            self.found[name, tuple(labels.items())] += amount

    gauge, open_now = Gauge(), []
    here = live(metrics=gauge)
    here.app.step = lambda: open_now.append(dict(gauge.of("live_connections")))
    assert streamed(here.signed_in()) == "one two three"
    assert open_now == [{("event_stream",): 1}]
    assert gauge.of("live_connections") == {("event_stream",): 0}
