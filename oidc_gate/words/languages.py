"""The languages there are, and which of them a browser asks for.

A language's texts are imported when they are first said. Nothing here is asked before a page is made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import Literal, NamedTuple

__all__ = ["LANGUAGES", "Language", "Phrase", "Said", "best_match", "english", "language"]

#: The tag of each language (RFC 5646), as pages have it in `lang`; the first is for whoever wants none of them.
LANGUAGES = ("en", "de", "fr", "es", "it", "pt-BR", "nl", "pl", "ja", "zh-CN", "ar")
_RIGHT_TO_LEFT = frozenset({"ar"})
_WITHOUT_SPACES = frozenset({"ja", "zh-CN"})

#: What one may ask for, lower case, and what is had then. RFC 4647 shortens ranges only from their end, so a language
#: that is here with a country alone is found by its name alone too.
_BY_RANGE = {tag.lower(): tag for tag in LANGUAGES} | {"pt": "pt-BR", "zh": "zh-CN"}

#: A longer header is no browser's (characters).
_LONGEST = 1000
#: A language range and its weight (RFC 9110, 12.4.2 and 12.5.4).
_PART = re.compile(
    r"(\*|[a-z]{1,8}(?:-[a-z0-9]{1,8})*)(?:[ \t]*;[ \t]*q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?",
    re.ASCII | re.IGNORECASE,
)


class Phrase(NamedTuple):
    """Something to be said in whatever language: the key of a text, and what stands at its placeholders."""

    key: str
    values: Mapping[str, Said] = {}


#: A phrase; or a text that is the same in all languages, as a name is.
Said = Phrase | str


class Language(NamedTuple):
    """One language: its tag, the direction it is written in, what stands between two sentences, and its texts.

    The texts have named placeholders.
    """

    tag: str
    direction: Literal["ltr", "rtl"]
    space: str
    texts: Mapping[str, str]

    def say(self, said: Said, given: Callable[[str], str] = str, own: Callable[[str], str] = str) -> str:
        """Return a phrase in this language. `given` is done to texts from elsewhere, `own` to the language's."""
        if isinstance(said, str):
            return given(said)
        values = {name: self.say(value, given, own) for name, value in said.values.items()}
        return own(self.texts[said.key]).format_map(values)


@cache
def language(tag: str) -> Language:
    """Return one of LANGUAGES."""
    texts = import_module(f"oidc_gate.words.{tag.lower().replace('-', '_')}").TEXTS
    space = "" if tag in _WITHOUT_SPACES else " "
    return Language(tag, "rtl" if tag in _RIGHT_TO_LEFT else "ltr", space, texts)


def english() -> Language:
    """Return the language of the log, of answers for programs, and of whoever asks for none that there is."""
    return language(LANGUAGES[0])


def best_match(header: str) -> str:
    """Return the tag of the language that fits an Accept-Language header best (RFC 9110, 12.5.4; RFC 4647, 3.4).

    Of ranges of equal weight the first counts. English where none fits, and for a header that is malformed, longer
    than 1000 characters, or missing.
    """
    wanted = _ranges(header) if len(header) <= _LONGEST else []
    refused = {name for name, weight in wanted if not weight}
    for name, _ in sorted((each for each in wanted if each[1]), key=lambda each: -each[1]):
        found = _any_but(refused) if name == "*" else _looked_up(name, refused)
        if found is not None:
            return found
    return LANGUAGES[0]


def _ranges(header: str) -> list[tuple[str, float]]:
    """Return the language ranges, lower case, each with its weight; none of a malformed header."""
    found = []
    for part in header.split(","):
        text = part.strip(" \t")
        match = _PART.fullmatch(text)
        if match is not None:
            found.append((match[1].lower(), float(match[2] or 1)))
        elif text:  # a list may have empty elements (RFC 9110, 5.6.1.2)
            return []
    return found


def _looked_up(name: str, refused: set[str]) -> str | None:
    """Return the language of a range, which is shortened until there is one (RFC 4647, 3.4)."""
    while name and name not in refused:
        found = _BY_RANGE.get(name)
        if found is not None and found.lower() not in refused:
            return found
        name = name.rpartition("-")[0]
    return None


def _any_but(refused: set[str]) -> str | None:
    """Return the first language that was not refused."""
    return next((tag for tag in LANGUAGES if refused.isdisjoint((tag.lower(), tag.partition("-")[0]))), None)
