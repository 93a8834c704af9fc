"""The port at which a provider finds the gate by itself: what comes there goes to the gate of the journey under way."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.browser import Browser
from tests.providers.serving import ServerThread
from tests.real_providers.provider import APP
from tests.wire import WireRequest

__all__ = ["Listener"]


class Listener:
    """Serves the app of one browser to the provider, in whichever world it is; `calls` are the answers' statuses."""

    def __init__(self) -> None:
        self.browser: Browser | None = None
        self.calls: list[int] = []
        self._server = ServerThread(self._serve)
        self._server.start()

    @property
    def backchannel(self) -> str:
        """The address to register as back-channel logout URI."""
        return f"http://127.0.0.1:{self._server.port}/oauth2/backchannel-logout"

    def stop(self) -> None:
        self._server.stop()

    def _serve(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        headers = [("Host", "app.test"), ("Content-Type", environ.get("CONTENT_TYPE", ""))]
        headers.append(("Content-Length", str(len(body))))
        if self.browser is None:
            start_response("503 Nobody here", [])
            return []
        request = WireRequest(environ["REQUEST_METHOD"], APP + environ["PATH_INFO"], headers, body)
        answer = self.browser.driver.run(request)
        self.calls.append(answer.status)
        start_response(f"{answer.status} Answer", answer.headers)
        return [answer.body]
