"""`Visit`: a person with a browser at a real app, who signs in, and whose session ends while the page is open."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
import requests
from playwright.sync_api import BrowserContext, Locator, Page, WebSocket, expect

from tests.patience import LIMIT
from tests.providers.local import LocalProvider
from tests.providers.people import PASSWORD
from tests.real_apps.app import App
from tests.real_apps.serving import Served

__all__ = ["How", "Visit", "each_end", "each_way"]

PICTURES = Path(__file__).parents[1] / "screenshots" / "apps"
#: What a handshake of a WebSocket says.
HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
How = Literal["logout", "revoked"]


def each_way(app: App, *names: str) -> pytest.MarkDecorator:
    """Have a test run once for each way of this app, or for those with these names, with the fixture `visit`."""
    ways = [way for way in app.ways if not names or way.name in names]
    return pytest.mark.parametrize("gated", [(app, way) for way in ways], ids=[way.name for way in ways], indirect=True)


#: Have a test run once for each way that a session ends.
each_end = pytest.mark.parametrize("how", ["revoked", "logout"])


class Visit:
    """One browser in front of one app; `page` is the tab that was opened last."""

    def __init__(self, served: Served, provider: LocalProvider, context: BrowserContext) -> None:
        self.served, self.provider, self.context = served, provider, context
        self.url = served.url
        self.page: Page = context.new_page()
        self.said: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))

    # Nobody

    def is_closed_to_strangers(self, *paths: str, sockets: tuple[str, ...] = ()) -> None:
        """See that the gate itself answers whoever has not signed in, at these paths and these WebSockets."""
        for path in paths:
            answer = requests.get(self.url + path, headers={"Accept": "*/*"}, timeout=LIMIT, allow_redirects=False)
            assert (answer.status_code, "OIDC " in answer.headers.get("www-authenticate", "")) == (401, True), path
        for path in sockets:
            handshake = HANDSHAKE | {"Origin": self.url}
            answer = requests.get(self.url + path, headers=handshake, timeout=LIMIT, allow_redirects=False)
            assert answer.status_code in (401, 403), (path, answer.status_code)

    # Signing in

    def signed_in(self, path: str = "/", name: str = "ada") -> Page:
        """Open the app, and fill in the provider's form."""
        self.page.goto(self.url + path, wait_until="commit")
        self.fill_in(self.page, name)
        return self.page

    @staticmethod
    def fill_in(page: Page, name: str = "ada") -> None:
        """Sign in on the provider's page."""
        page.locator("input[name=username]").fill(name)
        page.locator("input[name=password]").fill(PASSWORD)
        page.locator("input[name=password]").press("Enter")

    # The end

    def end_session(self, how: How = "revoked") -> None:
        """End the session while the page is open.

        `logout`: in another tab of the browser. `revoked`: by the administrator; the provider still knows the person.
        """
        if how == "revoked":
            said = self.served.run("oidc-gate sessions revoke-user ada-1815")
            assert re.search("ended [1-9]", said), (
                said + self.served.run("oidc-gate sessions list") + self.served.output
            )
            return
        tab = self.context.new_page()
        tab.goto(f"{self.url}/oauth2/logout")
        expect(tab.get_by_role("heading")).to_have_text("You are signed out")
        tab.close()

    def bar(self, page: Page | None = None) -> Locator:
        """Return the bar that `/oauth2/relogin.js` shows."""
        return (page or self.page).locator("body > dialog", has_text=re.compile("Your session"))

    def sign_in_by_the_bar(self) -> None:
        """Click on the bar, and wait until the small window has signed in and is gone; the provider asks nothing."""
        with self.page.expect_popup() as pop_up:
            self.bar().get_by_role("button", name="Sign in").click()
        if not pop_up.value.is_closed():
            pop_up.value.wait_for_event("close")
        expect(self.bar()).to_have_count(0)

    @contextmanager
    def connected_again(self) -> Iterator[None]:
        """Wait, at the end of the block, until a WebSocket of the page's that was opened in it has got a message."""
        heard: list[bool] = []

        def listen(socket: WebSocket) -> None:
            socket.on("framereceived", lambda _: heard.append(True))

        self.page.on("websocket", listen)
        yield
        give_up = time.monotonic() + LIMIT
        while not heard:
            assert time.monotonic() < give_up, "no WebSocket was opened again"
            self.page.wait_for_timeout(50)
        self.page.remove_listener("websocket", listen)

    def photograph(self, name: str) -> None:
        """Keep what the person sees now, in `tests/screenshots/apps/`."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        if not self.page.is_closed():
            self.page.screenshot(path=PICTURES / f"{self.served.name}-{name}.png")

    def evaluate(self, expression: str) -> Any:
        return self.page.evaluate(expression)
