"""A site that was built, as a browser would find it: `python -m tests.documented.site build/site` says what is wrong.

Links that lead out are looked at by their form alone: nobody is asked.
"""

from __future__ import annotations

import re
import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

__all__ = ["ROOT", "broken", "is_well_formed", "loaded_from_elsewhere"]

ROOT = Path(__file__).parents[2]
#: By which attribute each of these loads something as the page is opened.
_LOADS = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "audio": "src"}
_LOADING_LINKS = {"stylesheet", "preconnect", "preload", "icon", "dns-prefetch", "modulepreload", "prefetch"}


class _Reading(HTMLParser):
    """What a page has: `anchors`, `links`, and the addresses that it `loads`."""

    def __init__(self) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag in ("a", "link") and "href" in given:
            self.links.append(given["href"])
        if tag in _LOADS and given.get(_LOADS[tag]):
            self.loads.append(given[_LOADS[tag]])
        if tag == "link" and _LOADING_LINKS & set(given.get("rel", "").split()):
            self.loads.append(given["href"])


@cache
def _read(page: Path) -> _Reading:
    reading = _Reading()
    reading.feed(page.read_text(encoding="utf-8"))
    return reading


def broken(site: Path) -> list[str]:
    """Return what leads nowhere, as `page: target`."""
    pages = sorted(page for page in site.rglob("*.html") if page.name != "404.html")
    return [
        f"{page.relative_to(site)}: {target}"
        for page in pages
        for target in [*_read(page).links, *_read(page).loads]
        if not _leads_somewhere(page, target)
    ]


def _leads_somewhere(page: Path, target: str) -> bool:
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        return is_well_formed(target)
    file = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    file = file / "index.html" if file.is_dir() else file
    anchor = unquote(parts.fragment)
    return file.is_file() and (not anchor or file.suffix != ".html" or anchor in _read(file).anchors)


def is_well_formed(address: str) -> bool:
    """Tell whether this could be the address of something on the web, with TLS unless it is on this machine."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    if parts.scheme == "mailto":
        return re.fullmatch(r"[^@\s]+@[\w-]+(\.[\w-]+)+", parts.path) is not None
    if parts.scheme == "http":
        return host in ("localhost", "127.0.0.1")
    return parts.scheme == "https" and re.fullmatch(r"[a-z\d-]+(\.[a-z\d-]+)+", host) is not None


def loaded_from_elsewhere(site: Path) -> list[str]:
    """Return what pages have a browser load from other servers, as `page: address`; style sheets count too."""
    found = [
        f"{page.relative_to(site)}: {target}"
        for page in sorted(site.rglob("*.html"))
        for target in _read(page).loads
        if urlsplit(target).netloc
    ]
    for sheet in sorted(site.rglob("*.css")):
        targets = re.findall(
            r"url\(\s*[\"']?((?:https?:)?//[^)\"']+)|@import\s+[\"']((?:https?:)?//[^\"']+)",
            sheet.read_text(encoding="utf-8"),
        )
        found += [f"{sheet.relative_to(site)}: {''.join(each)}" for each in targets]
    return found


if __name__ == "__main__":
    wrong = [*broken(Path(sys.argv[1])), *loaded_from_elsewhere(Path(sys.argv[1]))]
    print("\n".join(wrong) or "all links and anchors lead somewhere")
    sys.exit(bool(wrong))
