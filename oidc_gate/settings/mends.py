"""What to write in place of what other programs understand: for the messages about mistakes in rules."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date, time
from typing import Any
from urllib.parse import unquote

from oidc_gate.access import read_pattern

__all__ = ["host_mend", "in_quotes", "kind", "path_mend", "word_mend", "written"]

#: So much of what was written is filled into a message.
_MOST_WRITTEN = 120

#: What paths are written with in other languages: regular expressions, globs, the routes of frameworks.
_PATTERN = re.compile(r"[\[\](){}^$|<>]|/:|\.[+*]|\*\*")
#: Forms of "and all below", at the end.
_ALL_BELOW = re.compile(r"(?:\((?:\?:)?/\.[*+]\)\??|\(/\|\$\)|/\(?\.[*+]\)?|/\*\*(?:/\*)?)$")
#: What stands for one segment or a part of it.
_ANY_PART = re.compile(r"\[[^\]]*\][+*]?|\{[^{}]*\}|<[^<>]*>|\([^()]*\)")
_CHOICE = re.compile(r"([^(){}|]*)(?:\((?:\?:)?([^(){}]*\|[^(){}]*)\)|(?<=/)\{([^(){}]*,[^(){}]*)\})([^(){}|]*)")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]+|[\w-]+(?:\.[\w-]+)+(?::\d+)?(?=/)", re.ASCII)
_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\]", re.ASCII | re.IGNORECASE)
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)

_MEANT = {
    **dict.fromkeys(
        ("signed-in", "signedin", "sign-in", "logged-in", "loggedin", "login", "authenticated"), "signed-in"
    ),
    **dict.fromkeys(("nobody", "none", "no-one", "noone", "no", "never", "deny"), "nobody"),
    **dict.fromkeys(("anyone", "any-one", "anonymous"), "anyone"),
}
_ALL_OR_SIGNED_IN = frozenset({"everyone", "everybody", "public", "all", "any", "anybody", "*", "users", "yes"})


def kind(value: Any) -> str:
    """Return what this is, as a file has it: `a list`, `a text`."""
    kinds: dict[type, str] = {str: "a text", bool: "true or false", int: "a number", float: "a number"}
    kinds |= {date: "a date", time: "a time"}
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list | tuple | set | frozenset):
        return "a list"
    return next((words for each, words in kinds.items() if isinstance(value, each)), type(value).__name__)


def in_quotes(text: str) -> str:
    """Return the text as TOML has it."""
    return json.dumps(text, ensure_ascii=False)


def written(value: Any) -> str:
    """Return the value as it is written in a TOML file; what is long, or stands in code alone, is an ellipsis."""
    found = _written(value)
    return found if len(found) <= _MOST_WRITTEN else "\u2026"


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return in_quotes(value)
    if isinstance(value, int | float | date | time):
        return str(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_written, value))}]"
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{_key(str(name))} = {_written(each)}' for name, each in value.items())} }}"
    return "\u2026"


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else in_quotes(name)


def word_mend(word: str) -> str:
    """Return what to write in place of a word at `allow` that is none of the three."""
    plain = re.sub(r"[\s_]+", "-", word.strip().lower())
    if plain in _ALL_OR_SIGNED_IN:
        return (
            f'{word!r} may mean two things: "signed-in" is everybody who has signed in, "anyone" is everybody, without'
            " a login"
        )
    if plain in _MEANT:
        return f'{word!r} is no such word. Did you mean "{_MEANT[plain]}"? There are "anyone", "signed-in" and "nobody"'
    condition = "emails" if "@" in word else "groups"
    what = "an address" if "@" in word else "a group"
    return (
        f'{word!r} is none of "anyone", "signed-in", "nobody"; for {what} write'
        f" allow = {{ {condition} = {in_quotes(word)} }}"
    )


def host_mend(host: str) -> str:
    """Return what to write in place of what is no host's name."""
    if "://" in host or "/" in host:
        rest, slash, path = host.rpartition("://")[2].partition("/")
        name = in_quotes(rest.rpartition("@")[2].partition(":")[0])
        own_path = f", and the path as path = {in_quotes(slash + path)}" if path else ""
        return f"is an address; write the name alone, {name}{own_path}"
    if host == "*":
        return "would be any host; for all, leave host out"
    if "*" in host:
        name = host.rpartition("*")[2].lstrip(".")
        return f'holds *, and hosts are whole; list each, like host = ["one.{name}", "two.{name}"]'
    name, colon, port = host.rpartition(":")
    if colon and port.isdecimal() and _NAME.fullmatch(name):
        return f'has a port, which no rule goes by; write "{name}"'
    return "must be a name like finance.example.com, whole; list several"


def path_mend(key: str, text: str) -> str:
    """Return what to write in place of this path at `path` or `exact`, `""` where it is none of the known mistakes."""
    address = _ADDRESS.match(text)
    if address is not None:
        host = address.group().partition("://")[2] or address.group()
        rest = re.split(r"[?#]", text[address.end() :])[0] or "/"
        return (
            f"is an address: write {key} = {in_quotes(rest)}, and host = {in_quotes(host.partition(':')[0])} where the"
            " host has a say"
        )
    if text.startswith("^"):
        return f"starts with ^ as a regular expression does. Paths are literal; {_literal(key, text)}"
    if _PATTERN.search(text):
        return f"looks like a pattern. Paths are literal; {_literal(key, text)}"
    short = text.rstrip("*")
    if key == "path" and text.endswith("*") and "*" not in short and short[-1:] not in ("/", ""):
        return (
            f"may have * only as a whole segment; path = {in_quotes(short)} covers {short} and {short}/\u2026, and not"
            f" {short}x"
        )
    return _decoded(key, text)


def _decoded(key: str, text: str) -> str:
    decoded = unquote(text)
    try:
        read_pattern(decoded, is_exact=key == "exact")
    except ValueError:
        return ""
    return "" if decoded == text else f"is percent-encoded: write it as the app's router sees it: {in_quotes(decoded)}"


def _literal(key: str, text: str) -> str:
    """Return what may be meant by a path with signs of another language."""
    text = text.removeprefix("^").removesuffix("$")
    choice = _CHOICE.fullmatch(text)
    if choice is not None:
        before, words, more_words, after = choice.groups()
        paths = [f"{before}{word}{after}" for word in re.split(r"[|,]", words or more_words)]
        return f"of several write a list: {key} = {written(paths)}"
    if "|" in text:
        return "of several write a list"
    short = _ALL_BELOW.sub("", text)
    segments = _ANY_PART.sub("*", short).split("/")
    path = "/".join("*" if "*" in each or _PATTERN.search(f"/{each}") else each for each in segments) or "/"
    if "*" in path:
        return f"* stands for exactly one segment: {path}"
    below = ", which covers all below it too" if short != text else ""
    return f"write {'path' if below else key} = {in_quotes(path)}{below}"
