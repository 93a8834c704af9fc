"""A plain HTTP client that signs in: it keeps cookies, follows redirects, and runs no scripts."""

from __future__ import annotations

from dataclasses import dataclass
from http.client import HTTPConnection
from urllib.parse import urljoin, urlsplit

__all__ = ["Reply", "Visitor", "get"]

#: As a browser asks for a page: some answer others with 401.
PAGE = {"Accept": "text/html", "User-Agent": "race"}
#: A login is three redirects in the gate, and up to six elsewhere.
MOST_REDIRECTS = 12


@dataclass(frozen=True)
class Reply:
    """An answer. `size`: its bytes on the wire, head and body, where the body has a length."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    size: int

    def header(self, name: str) -> str:
        """Return a header's value, or ""."""
        return next((value for key, value in self.headers if key.lower() == name), "")


def get(url: str, headers: dict[str, str]) -> Reply:
    """Ask for a page over a connection of its own, and follow nothing."""
    parts = urlsplit(url)
    assert parts.hostname == "127.0.0.1", url
    connection = HTTPConnection("127.0.0.1", parts.port, timeout=60)
    try:
        connection.request("GET", f"{parts.path or '/'}{'?' * bool(parts.query)}{parts.query}", headers=PAGE | headers)
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    found = answer.getheaders()
    head = len(f"HTTP/1.1 {answer.status} {answer.reason}\r\n\r\n") + sum(len(n) + len(v) + 4 for n, v in found)
    return Reply(answer.status, found, body, head + len(body))


class Visitor:
    """Somebody with a browser that has been nowhere yet."""

    def __init__(self) -> None:
        self._jars: dict[int | None, dict[tuple[str, str], str]] = {}

    def cookies(self, url: str) -> str:
        """Return the `Cookie` header for a page. Cookies are kept by port, and sent to the paths that they are for."""
        parts = urlsplit(url)
        jar = self._jars.get(parts.port, {})
        return "; ".join(f"{name}={text}" for (name, path), text in jar.items() if (parts.path or "/").startswith(path))

    def visit(self, url: str) -> Reply:
        """Open a page, and go wherever it sends one."""
        for _ in range(MOST_REDIRECTS):
            cookies = self.cookies(url)
            reply = get(url, {"Cookie": cookies} if cookies else {})
            self._keep(url, reply)
            if reply.status not in (301, 302, 303, 307, 308):
                return reply
            url = urljoin(url, reply.header("location"))
        raise AssertionError(f"more than {MOST_REDIRECTS} redirects, the last one to {url[:200]}")

    def _keep(self, url: str, reply: Reply) -> None:
        jar = self._jars.setdefault(urlsplit(url).port, {})
        for name, value in reply.headers:
            if name.lower() != "set-cookie":
                continue
            pair, *attributes = value.split(";")
            cookie, _, text = pair.strip().partition("=")
            said = dict(each.strip().partition("=")[::2] for each in attributes)
            said = {key.lower(): value for key, value in said.items()}
            key = cookie, said.get("path", "/")
            if not text or said.get("max-age") == "0" or "1970" in said.get("expires", ""):
                jar.pop(key, None)
            else:
                jar[key] = text
