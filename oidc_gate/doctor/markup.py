"""A page of HTML as far as `doctor` reads it: its forms, and its words. In one pass: whoever wrote it may mean harm."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape

__all__ = ["PageForm", "forms_of", "refresh_of", "unescaped", "words_of"]

#: No `<` within: what looks on to the end for each of many beginnings takes hours on a page that is made for it.
_TAG = re.compile(r"<(/?)(!?[a-z][a-z0-9]*)\b([^<>]*)>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""\b(action|name|value)\s{0,9}=\s{0,9}(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_REFRESH = re.compile(r"""\bcontent\s{0,9}=\s{0,9}"0;url=([^"]*)\"""", re.IGNORECASE)
#: A longer number of a character stands for none, and Python does not read it.
_LONG_NUMBER = re.compile(r"&#[0-9]{9}[0-9]+")
#: What is in these is no text that anybody reads.
_UNREAD = frozenset({"script", "style"})
#: So many forms, and fields of each, are read.
_MOST = 100


@dataclass(frozen=True, slots=True)
class PageForm:
    """A form: where it is sent, `""` for the page itself, and its fields' values by their names."""

    action: str
    fields: Mapping[str, str] = field(default_factory=dict)


def forms_of(html: str) -> list[PageForm]:
    """Return the forms on a page, in their order."""
    found: list[tuple[str, dict[str, str]]] = []
    for tag in _TAG.finditer(html):
        name = tag[2].lower()
        if tag[1] or name not in ("form", "input"):
            continue
        said = {key.lower(): unescaped(double or single) for key, double, single in _ATTRIBUTE.findall(tag[3])}
        if name == "form":
            if len(found) == _MOST:
                break
            found.append((said.get("action", ""), {}))
        elif found and "name" in said and len(found[-1][1]) < _MOST:
            found[-1][1][said["name"]] = said.get("value", "")
    return [PageForm(action, fields) for action, fields in found]


def refresh_of(html: str) -> str:
    """Return the address that a page leads on to by itself where no script runs, `""` for none."""
    metas = (_REFRESH.search(tag[3]) for tag in _TAG.finditer(html) if tag[2].lower() == "meta")
    return next((unescaped(found[1]) for found in metas if found is not None), "")


def words_of(html: str, *, head: bool = True) -> str:
    """Return what a page says to whoever reads it, one space between two words; with its title, if `head`."""
    first, *commented = html.split("<!--")
    html = first + " ".join(each.partition("-->")[2] for each in commented)
    unread_tags = _UNREAD if head else _UNREAD | {"head"}
    parts, at, unread = [], 0, ""
    for tag in _TAG.finditer(html):
        if not unread:
            parts.append(html[at : tag.start()])
        at, name = tag.end(), tag[2].lower()
        if unread:
            unread = "" if tag[1] and name == unread else unread
        elif name in unread_tags and not tag[1]:
            unread = name
    parts += [] if unread else [html[at:]]
    return " ".join(" ".join(parts).split())


def unescaped(html: str) -> str:
    """Return the text with the characters that its references stand for."""
    return unescape(_LONG_NUMBER.sub("&#0", html))
