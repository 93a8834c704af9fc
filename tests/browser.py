"""`Browser`: one client for both worlds. The app runs in process, as one origin; every other origin is reached by HTTP.

    browser = Browser(app, "asgi")
    page = browser.navigate("/private")            # follows to the provider and back
    assert page.json()["identity"]["email"] == "ada@example.com"

It does what decides a login's fate in a real browser: cookies with all their rules, redirects over origins, Sec-Fetch
headers, forms, pages that submit themselves. It runs no script.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal
from urllib.parse import urlencode, urlsplit

from tests.answers import Answer, Sent
from tests.asgi_driver import ASGIDriver, Talk
from tests.cookies import Jar, Rejected, site_of
from tests.origins import DISTANCE, origin_of, over_http, relation, trustworthy
from tests.wire import Headers, WireRequest
from tests.wsgi_driver import WSGIDriver

World = Literal["wsgi", "asgi"]
GivenHeaders = Mapping[str, str | None] | Sequence[tuple[str, str]]
USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
DOCUMENT = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


class RedirectLoopError(AssertionError):
    """Redirects went on beyond the limit; the message lists them."""


class Browser:
    """A browser with one app in it; `cookies` is its jar, `trail` every answer it got, oldest first."""

    def __init__(
        self,
        app: Any,
        world: World,
        *,
        origin: str = "https://app.test",
        root_path: str = "",
        client: tuple[str, int] = ("203.0.113.9", 50_000),
        validate: bool = True,
        http_denial: bool = True,
        send_fetch_metadata: bool = True,
    ) -> None:
        self.origin = origin
        self.client = client
        self.cookies = Jar(origin + "/")
        self.trail: list[Answer] = []
        self.send_fetch_metadata = send_fetch_metadata  # False: an old browser, or Safari before 16.4
        self.driver: WSGIDriver | ASGIDriver = (
            WSGIDriver(app, root_path=root_path, validate=validate)
            if world == "wsgi"
            else ASGIDriver(app, root_path=root_path, http_denial=http_denial)
        )

    @property
    def rejected_cookies(self) -> list[Rejected]:
        return self.cookies.rejected

    def copy(self) -> Browser:
        """Return another browser with the same cookies, of the same app (a thief's, or a second tab's)."""
        twin = object.__new__(Browser)
        twin.__dict__.update(self.__dict__, cookies=self.cookies.copy(), trail=[])
        return twin

    # AskingBackend

    def get(self, url: str, **options: Any) -> Answer:
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> Answer:
        return self.request("POST", url, **options)

    def fetch(self, url: str, method: str = "GET", **options: Any) -> Answer:
        """Ask as a page's script does; the page is the app's own unless `initiator` says otherwise."""
        return self.request(method, url, navigate=False, **options)

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: GivenHeaders = (),
        form: Mapping[str, str] | None = None,
        body: bytes = b"",
        content_type: str = "",
        navigate: bool = True,
        initiator: str | None = None,
        bare: bool = False,
    ) -> Answer:
        """Send one request and follow nothing.

        `url` may be a path of the app, taken as it is (`//x` and `/../x` too). `initiator` is the URL of the page that
        asked; without it a GET is an address typed in, anything else comes from a page of the app. `headers` replace
        the browser's own of the same name (None removes one; a list may repeat names); `bare` sends no others at all.
        """
        if form is not None:
            body, content_type = urlencode(form).encode(), "application/x-www-form-urlencoded"
        full = self.origin + url if url.startswith("/") else url
        if initiator is None and (method not in ("GET", "HEAD") or not navigate):
            initiator = self.origin + "/"
        site = relation(initiator, full) if initiator else "none"
        return self._send(Sent(method, full, body, content_type, initiator, site, navigate), headers, bare)

    def navigate(self, url: str, *, until: str = "", limit: int = 10, **options: Any) -> Answer:
        """Go to an address and follow all redirects."""
        return self.follow(self.get(url, **options), until=until, limit=limit)

    def follow(self, answer: Answer, *, until: str = "", limit: int = 10) -> Answer:
        """Follow redirects and pages that submit themselves, to the first answer that is neither.

        `until` stops short: at the answer that would lead to a URL beginning so (its `target` or form is that URL).
        """
        seen = [answer.url]
        while answer.target or answer.submits_itself:
            ahead = answer.target or answer.forms[0].action
            if until and ahead.startswith(until):
                return answer
            if len(seen) > limit:
                raise RedirectLoopError("more than {} redirects:\n{}".format(limit, "\n".join([*seen, ahead])))
            answer = self._redirected(answer) if answer.target else self.submit(answer)
            seen.append(answer.url)
        return answer

    def submit(self, answer: Answer, /, form: int = 0, **fields: str) -> Answer:
        """Fill in a form of the page and send it off; hidden fields are kept, the answer is not followed."""
        chosen = answer.forms[form]
        data = urlencode(chosen.filled(fields))
        site = relation(answer.url, chosen.sends_to)
        if chosen.method == "GET":
            url = f"{chosen.sends_to.partition('?')[0]}?{data}"
            return self._send(Sent("GET", url, b"", "", answer.url, site, True))
        kind = "application/x-www-form-urlencoded"
        return self._send(Sent("POST", chosen.sends_to, data.encode(), kind, answer.url, site, True))

    def websocket(
        self,
        url: str,
        *,
        headers: GivenHeaders = (),
        subprotocols: Sequence[str] = (),
        messages: Sequence[str | bytes] = (),
        initiator: str | None = None,
    ) -> Talk:
        """Open a WebSocket (ASGI only), send the messages once accepted, leave, and return what the app did."""
        if not isinstance(self.driver, ASGIDriver):
            raise TypeError("WebSockets are ASGI's")
        initiator = initiator or self.origin + "/"
        full = self.origin + url
        own = [
            ("Host", urlsplit(full).netloc),
            ("User-Agent", USER_AGENT),
            ("Origin", origin_of(initiator)),
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
            *((("Sec-WebSocket-Protocol", ", ".join(subprotocols)),) if subprotocols else ()),
            *self._cookie_header(full, same_site=site_of(initiator) == site_of(full), lax_allowed=False),
        ]
        request = WireRequest("GET", full, merged(own, headers), client=self.client)
        return self.driver.websocket(request, subprotocols, messages)

    # Sending

    def _redirected(self, answer: Answer) -> Answer:
        """Follow one redirect: 307 and 308 repeat the request, the others become a GET."""
        before, url = answer.sent, answer.target.partition("#")[0]
        repeated = answer.status in (307, 308) or before.method == "HEAD"
        method, body, kind = (before.method, before.body, before.content_type) if repeated else ("GET", b"", "")
        site = before.site
        if before.initiator is not None and site != "none":
            site = max(site, relation(before.initiator, url), key=DISTANCE.index)
        return self._send(Sent(method, url, body, kind, before.initiator, site, before.navigate))

    def _send(self, sent: Sent, headers: GivenHeaders = (), bare: bool = False) -> Answer:
        wire = WireRequest(
            sent.method, sent.url, merged([] if bare else self._own_headers(sent), headers), sent.body, self.client
        )
        raw = self.driver.run(wire) if origin_of(sent.url) == self.origin else over_http(wire)
        answer = Answer(raw.status, tuple(raw.headers), raw.body, sent)
        for cookie in answer.header_list("Set-Cookie"):
            self.cookies.receive(sent.url, cookie, same_site=sent.navigate or sent.site != "cross-site")
        self.trail.append(answer)
        return answer

    def _own_headers(self, sent: Sent) -> Headers:
        safe = sent.method in ("GET", "HEAD", "OPTIONS")
        headers = [
            ("Host", urlsplit(sent.url).netloc),
            ("User-Agent", USER_AGENT),
            ("Accept", DOCUMENT if sent.navigate else "*/*"),
            ("Accept-Language", "en"),
        ]
        if sent.body or not safe:
            headers.append(("Content-Length", str(len(sent.body))))
        if sent.content_type:
            headers.append(("Content-Type", sent.content_type))
        if sent.initiator is not None and (not safe or (not sent.navigate and sent.site != "same-origin")):
            headers.append(("Origin", origin_of(sent.initiator)))
        if self.send_fetch_metadata and trustworthy(sent.url):
            mode, destination = ("navigate", "document") if sent.navigate else ("cors", "empty")
            headers += [("Sec-Fetch-Site", sent.site), ("Sec-Fetch-Mode", mode), ("Sec-Fetch-Dest", destination)]
        same_site = sent.site != "cross-site"
        return headers + self._cookie_header(sent.url, same_site=same_site, lax_allowed=sent.navigate and safe)

    def _cookie_header(self, url: str, *, same_site: bool, lax_allowed: bool) -> Headers:
        header = self.cookies.header_for(url, same_site=same_site, lax_allowed=lax_allowed)
        return [("Cookie", header)] if header else []


def merged(own: Headers, given: GivenHeaders) -> Headers:
    """Return the browser's own headers with the given ones in place of those of the same name."""
    pairs = list(given.items()) if isinstance(given, Mapping) else list(given)
    replaced = {name.lower() for name, _ in pairs}
    kept = [(name, value) for name, value in own if name.lower() not in replaced]
    return kept + [(name, value) for name, value in pairs if value is not None]
