"""Paths as rules name them, and the paths of requests that two programs could read differently.

A pattern covers a path by whole segments: `path = "/a"` itself and all below it, `exact = "/a"` itself alone; `*`
stands for exactly one segment that is not empty. Nothing here knows of methods and hosts.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple
from urllib.parse import unquote

__all__ = [
    "EVERYWHERE",
    "Pattern",
    "ambiguous_part",
    "encoded_segments",
    "folded",
    "folded_pattern",
    "hides_separators",
    "is_ambiguous",
    "is_foldable",
    "is_plain",
    "other_readings",
    "read_pattern",
    "segments_of",
]

#: What makes a path ambiguous, once decoded: a dot segment, a doubled slash, a backslash, a control character, a
#: parameter (some servers cut them off, and see a dot segment behind them), a blank at the end of a segment (so do
#: Windows and some file servers), a character that was no UTF-8, an escape left over from encoding one twice, or one as
#: IIS has them (`%u002e`).
_AMBIGUOUS = re.compile(
    r"//|/\.{1,2}(?:/|$)|;|\s(?:/|$)|[\\\x00-\x1f\x7f\ufffd]|%(?:2[ef5]|5c|3b|[01][0-9a-f]|u[0-9a-f]{4})",
    re.IGNORECASE,
)
#: What most paths are, and is told sooner: segments of characters that mean nothing, no dot at either end.
is_plain = re.compile(r"(?:/[\w~-](?:[\w.~-]*[\w~-])?)*/?", re.ASCII).fullmatch
_ENCODED_SEPARATOR = re.compile(r"%(?:2f|5c|2e|25|3b|00)", re.IGNORECASE)
_QUERY_OR_FRAGMENT = re.compile(r"[?#]")
_HIDDEN = re.compile(r"/\.{1,2}(?:/|$)|//|\\")
#: A longer path with characters beyond ASCII is not folded, and counts as ambiguous.
_LONGEST_FOLDED = 1000
#: What cannot stand in a pattern, where it would cover nothing, or something else than it says.
_NOT_PLAIN = re.compile(r"[?#\\%;\x00-\x1f\x7f\ufffd]|\s(?:/|$)")


class Pattern(NamedTuple):
    """A path, or several. `segments`: None for `*`. `is_exact`: whether what is below it is not covered."""

    segments: tuple[str | None, ...]
    is_exact: bool

    def __str__(self) -> str:
        text = "/" + "/".join("*" if segment is None else segment for segment in self.segments)
        return f"exactly {text}" if self.is_exact else f"{text} and below"


#: More segments than any app has.
_MOST_SEGMENTS = 100
#: What covers every path.
EVERYWHERE = Pattern((), is_exact=False)


def read_pattern(text: str, *, is_exact: bool) -> Pattern:
    """Return the pattern that was written so. Raises ValueError, with what is to be written instead."""
    if not text.startswith("/"):
        raise ValueError(f"must start with /: /{text.lstrip('/')}")
    segments = text.split("/")[1:]
    if not is_exact and segments[-1] == "":
        segments.pop()
    if len(segments) > _MOST_SEGMENTS:
        raise ValueError(f"must have no more than {_MOST_SEGMENTS} segments")
    if "" in (segments[:-1] if is_exact else segments) or not {".", ".."}.isdisjoint(segments):
        raise ValueError("must have no empty or dot segments")
    if _NOT_PLAIN.search(text):
        raise ValueError(
            "must be a plain path, decoded as the app's router sees it: without ? # % ; \\ and no blank at the end of a"
            " segment"
        )
    if any("*" in segment and segment != "*" for segment in segments):
        raise ValueError("may have * only as a whole segment, for exactly one: /users/*/photo")
    return Pattern(tuple(None if segment == "*" else segment for segment in segments), is_exact)


def segments_of(path: str) -> list[str]:
    """Return the segments of a decoded path; a slash at its end leaves an empty one. `""` counts as `/`."""
    return path.split("/")[1:] or [""]


def is_ambiguous(path: str) -> bool:
    """Return whether two programs could read this decoded path differently."""
    return _AMBIGUOUS.search(path) is not None or path[:1] not in ("/", "")


def ambiguous_part(path: str) -> str:
    """Return what makes this decoded path ambiguous by itself, `""` for nothing."""
    found = _AMBIGUOUS.search(path)
    return found.group() if found else "" if path[:1] in ("/", "") else path


def encoded_segments(sent: str) -> list[str] | None:
    """Return the segments of a path as it was sent, split where slashes were not encoded.

    None where it holds an encoded separator other than `%2F`: then there are more readings than these two. `[]` where
    it holds no encoded separator: then there is one reading alone.
    """
    found = {escape.lower() for escape in _ENCODED_SEPARATOR.findall(sent)}
    if not found:
        return []
    if found != {"%2f"}:
        return None
    return [unquote(segment, errors="replace") for segment in segments_of(sent)]


def folded(text: str) -> str:
    """Return what texts have in common that differ in case, or in how a character is put together, alone.

    There are file systems and routers that take them for one. What comes of it is taken apart, for some characters have
    another case only in parts; and the dot of a small i does not count: letter by letter there is an i in \u0130.
    """
    if text.isascii():
        return text.lower()
    visible = "".join([character for character in text if unicodedata.category(character) != "Cf"])
    fold = unicodedata.normalize("NFKC", visible).upper().casefold()
    return unicodedata.normalize("NFKD", fold).replace("i\u0307", "i")


def other_readings(path: str) -> list[str]:
    """Return how else this path may be read, by what is not ambiguous in itself.

    An app that builds an address from it ends the path at `?` or `#`; Windows cuts dots off at the end of a name.
    """
    found = []
    if "?" in path or "#" in path:
        found.append(_QUERY_OR_FRAGMENT.split(path, maxsplit=1)[0])
    if "./" in path or path.endswith("."):
        found.append("/".join(segment.rstrip(".") for segment in path.split("/")))
    return found


def is_foldable(path: str) -> bool:
    """Return whether the path can be folded in no time; the time for marks in a row grows with their square."""
    return path.isascii() or len(path) <= _LONGEST_FOLDED


def hides_separators(fold: str) -> bool:
    """Return whether a folded path has what its unfolded form has not: a dot segment, or an empty one."""
    return _HIDDEN.search(fold) is not None


def folded_pattern(pattern: Pattern) -> Pattern:
    """Return the pattern that covers the folded forms of what this one covers."""
    segments: list[str | None] = []
    for segment in pattern.segments:
        segments += [None] if segment is None else folded(segment).split("/")
    return Pattern(tuple(segments), pattern.is_exact)
