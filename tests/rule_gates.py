"""Gates with rules in front of an app that remembers who reached it; people are signed in to them without a login.

gate = RuleGate("wsgi", Policy([{"path": "/admin", "allow": "nobody"}]))
assert gate.outcome(gate.cookies({"sub": "ann"}), Asking("GET", "/admin/x")) == "refused"
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Self

from tests.asgi_driver import ASGIDriver
from tests.browser import World
from tests.naive_rules import Asking, Policy
from tests.stage import Clock, timed
from tests.wire import WireAnswer, WireRequest
from tests.wsgi_driver import WSGIDriver

Headers = Iterable[tuple[str, str]]

#: Of a provider that is never asked.
CLIENT = {"issuer_url": "https://provider.test", "client_id": "app", "client_secret": "client-secret"}
LONG = {"idle_session_timeout": "720h", "max_session_duration": "720h"}
OVERRIDE = ("X-HTTP-Method-Override", "GET")


class WSGIApp:
    """Remembers the paths by which it was reached."""

    def __init__(self) -> None:
        self.reached: list[str] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        self.reached.append(environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8", "replace"))
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"reached"]


class ASGIApp:
    """Does the same."""

    def __init__(self) -> None:
        self.reached: list[str] = []

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        self.reached.append(scope["path"].removeprefix(scope.get("root_path", "")))
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close"})
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"reached"})


class Refusals(logging.Handler):
    """Keeps what the log says of refusals, while the block lasts."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if message.startswith("not allowed"):
            self.said.append(message)

    def __enter__(self) -> Self:
        logging.getLogger("oidc_gate").addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("oidc_gate").removeHandler(self)

    def latest(self) -> tuple[str, str | None]:
        """Return the reason of the one refusal since this was last asked, and the name of the rule that decided."""
        (message,) = self.said
        self.said.clear()
        found = re.search(r"reason=(\w+)(?: rule='([^']*)')?", message)
        assert found, message
        return found[1], found[2]


class Kept:
    """A store in memory, in which nothing ever ends; a request's session is loaded from it each time."""

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}

    def load(self, key: str) -> bytes | None:
        return self.values.get(key)

    def save(self, key: str, value: bytes, _lifetime: float, _names: Sequence[str], _longest: float) -> None:
        self.values[key] = value

    def replace(self, key: str, value: bytes, _lifetime: float, expected: bytes) -> bool:
        if self.values.get(key) != expected:
            return False
        self.values[key] = value
        return True

    def delete(self, key: str) -> None:
        self.values.pop(key, None)

    def delete_named(self, _name: str) -> int:
        return 0

    def claim(self, _name: str, _seconds: float) -> bool:
        return True

    def release(self, _name: str) -> None:
        pass

    def records(self) -> Iterator[Any]:
        return iter(())


def without_raw(world: World, gate: Any) -> Any:
    """Return the gate behind a server that does not tell the path as it was sent."""

    def wsgi_server(environ: dict[str, Any], start_response: Any) -> Any:
        return gate({name: value for name, value in environ.items() if name != "RAW_URI"}, start_response)

    async def asgi_server(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await gate({name: value for name, value in scope.items() if name != "raw_path"}, receive, send)

    return wsgi_server if world == "wsgi" else asgi_server


class RuleGate:
    """One gate in front of one app, with a clock that stands still.

    `tells_raw`: whether the server tells the path as it was sent. `stores`: whether sessions are in a store.
    """

    def __init__(
        self,
        world: World,
        policy: Policy,
        *,
        mount: str = "",
        tells_raw: bool = True,
        stores: bool = False,
        **more: Any,
    ) -> None:
        more |= {"session_store": Kept(), "session_cache_seconds": 0} if stores else {}
        self.world, self.mount = world, mount
        self.clock = Clock()
        self.app: WSGIApp | ASGIApp = WSGIApp() if world == "wsgi" else ASGIApp()
        gate = timed(world, self.app, self.clock, **(CLIENT | LONG | policy.settings | more))
        self.components = gate._gate._components
        gate = gate if tells_raw else without_raw(world, gate)
        self.driver: WSGIDriver | ASGIDriver = (
            WSGIDriver(gate, root_path=mount, validate=False) if world == "wsgi" else ASGIDriver(gate, root_path=mount)
        )

    def cookies(self, claims: Mapping[str, Any] | None) -> str:
        """Return the Cookie header of somebody who has signed in with these claims, or of a stranger."""
        if claims is None:
            return ""
        own, sessions = self.components.secure_cookies, self.components.sessions
        _session, text = sessions.keep(sessions.start(dict(claims), {}, [], self.clock()), own.session)
        return "; ".join(value.partition(";")[0] for _, value in own.set_session(text, "", 60))

    def ask(self, cookies: str, asking: Asking, headers: Headers = ()) -> WireAnswer:
        """Ask as a script does."""
        return self.driver.run(self._request(cookies, asking, headers))

    def _request(self, cookies: str, asking: Asking, headers: Headers) -> WireRequest:
        sent = [("Host", asking.host), ("Accept", "application/json"), *headers]
        sent += [("Cookie", cookies)] if cookies else []
        sent += [OVERRIDE] if asking.overrides_method else []
        return WireRequest(asking.method, f"https://app.test{self.mount}{asking.raw}", sent)

    def outcome(self, cookies: str, asking: Asking, headers: Headers = ()) -> str:
        """Ask as a script does, and return what came of it, as rules call it."""
        self.app.reached.clear()
        answer = self.ask(cookies, asking, headers)
        if self.app.reached:
            assert (answer.status, len(self.app.reached)) == (200, 1)
            return "pass"
        challenge = dict(answer.headers).get("www-authenticate", "") or dict(answer.headers).get("WWW-Authenticate", "")
        if answer.status == 401:
            stepping_up = "insufficient_user_authentication" in challenge
            error = "insufficient_user_authentication" if stepping_up else "login_required"
            assert asking.method.upper() == "HEAD" or json.loads(answer.body)["error"] == error, answer
            return "step_up" if stepping_up else "login"
        assert answer.status == 403, answer
        return "refused"

    def handshake(self, cookies: str, asking: Asking) -> bool:
        """Open a WebSocket; return whether the app was reached."""
        assert isinstance(self.driver, ASGIDriver)
        self.app.reached.clear()
        talk = self.driver.websocket(self._request(cookies, asking, ()), (), ())
        assert talk.accepted is bool(self.app.reached)
        return talk.accepted
