"""What the browser sent and what came back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from tests.forms import Form, read_page

REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True)
class Sent:
    """What the browser sent to get an answer; `site` is the value that Sec-Fetch-Site has or would have."""

    method: str
    url: str
    body: bytes
    content_type: str
    initiator: str | None
    site: str
    navigate: bool


@dataclass(frozen=True)
class Answer:
    """One response, before any redirect is followed."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    sent: Sent

    @property
    def url(self) -> str:
        return self.sent.url

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)

    def header(self, name: str) -> str:
        """Return a header's value, several joined by commas; empty when it is not there."""
        return ", ".join(self.header_list(name))

    def header_list(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    @property
    def location(self) -> str:
        """The Location as sent, or empty."""
        return self.header("Location")

    @property
    def target(self) -> str:
        """Where a redirect leads, as an absolute URL; empty when the answer is none."""
        return urljoin(self.url, self.location) if self.status in REDIRECTS and self.location else ""

    @property
    def forms(self) -> list[Form]:
        is_page = self.header("Content-Type").startswith("text/html")
        return read_page(self.text, self.url).forms if is_page else []

    @property
    def submits_itself(self) -> bool:
        is_page = self.header("Content-Type").startswith("text/html")
        return is_page and read_page(self.text, self.url).submits_itself
