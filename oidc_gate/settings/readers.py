"""Readers of setting values: each takes what stood in code, a file or the environment and returns the one form used.

A reader raises ValueError with a sentence that follows the setting's name: "must be …". Text from the environment and
typed values from code or TOML go through the same reader, so that a setting means the same everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from datetime import timedelta
from pathlib import Path
from typing import Any

__all__ = [
    "check_utf8",
    "choice",
    "nearest",
    "nearest_name",
    "read_bool",
    "read_duration",
    "read_list",
    "read_megabytes",
    "read_metrics",
    "read_path",
    "read_proxies",
    "read_separator",
    "read_store",
    "read_text",
    "read_upstream_host",
    "read_words",
]

_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_DURATION_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ms|us|ns|d|h|m|s)", re.ASCII)
#: Go writes microseconds with either of two characters that look alike.
_MICRO = str.maketrans("\u00b5\u03bc", "uu")
_LONGEST = 100 * 365 * 86400.0
_MOST_MEGABYTES = 65536

#: How alike a misspelt name is to the right one, at least, as difflib measures it from 0 to 1.
_ALIKE = 0.86

_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}


def read_text(value: Any) -> str:
    """Return non-empty text without control characters; white space around it is dropped."""
    text = _text(value)
    check_utf8(text)
    return text


def read_path(value: Any) -> str:
    """Return the path of a file as text; in code it may be a `Path`. What the system can name, UTF-8 or not, it may."""
    text = _text(str(value) if isinstance(value, Path) else value)
    if not _can_be_encoded(text, "surrogateescape"):
        raise ValueError("must be the path of a file")
    return text


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"must be text, not {type(value).__name__}")
    text = value.strip()
    if not text:
        raise ValueError("must not be empty")
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise ValueError("must not contain control characters")
    return text


def check_utf8(text: str) -> None:
    """Refuse text that holds what is none, as bytes of a variable that are no UTF-8 come from Python."""
    if not _can_be_encoded(text, "strict"):
        raise ValueError("must be UTF-8 text")


def _can_be_encoded(text: str, errors: str) -> bool:
    """Return whether the text is UTF-8, and not bytes of a variable that are none, as Python hands them out."""
    try:
        text.encode(errors=errors)
    except UnicodeEncodeError:
        return False
    return True


def read_bool(value: Any) -> bool:
    """Return True or False; text may be true, false, 1, 0, yes, no, on, off."""
    if isinstance(value, bool):
        return value
    text = value.strip().lower() if isinstance(value, str) else ""
    if text in _TRUE | _FALSE:
        return text in _TRUE
    raise ValueError("must be true or false")


def read_duration(value: Any) -> float:
    """Return seconds. A number is seconds; text is seconds or as Go writes it: `15m`, `12h`, `1h30m`, `1.5h`."""
    if isinstance(value, timedelta):
        value = value.total_seconds()
    if isinstance(value, str):
        value = _duration_of_text(value.strip().removeprefix("+").translate(_MICRO))
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LONGEST:
        raise ValueError("must be a duration: seconds, or like 15m, 12h, 1h30m; not negative")
    return float(value)


def _duration_of_text(text: str) -> float | None:
    if re.fullmatch(r"\d+(\.\d+)?", text, re.ASCII):
        return float(text)
    parts = _DURATION_PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def read_megabytes(value: Any) -> int:
    """Return a whole number of MiB, at least 1."""
    if isinstance(value, str) and re.fullmatch(r"\s*\d{1,9}\s*", value, re.ASCII):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MOST_MEGABYTES:
        raise ValueError(f"must be a whole number of MiB, from 1 to {_MOST_MEGABYTES}")
    return value


def read_list(value: Any) -> tuple[str, ...]:
    """Return a tuple of non-empty texts, from a list or from text with commas. An empty list is refused."""
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple | set | frozenset):
        raise ValueError("must be a list of texts, or text with commas")
    words = tuple(read_text(part) for part in parts if not (isinstance(value, str) and not part.strip()))
    if not words:
        raise ValueError("must not be an empty list; leave it out instead")
    return words


def read_words(value: Any) -> tuple[str, ...]:
    """As `read_list`, with spaces as separators too."""
    return read_list(",".join(value.split()) if isinstance(value, str) else value)


def read_upstream_host(value: Any) -> str:
    """Return `keep`, `rewrite`, or a host, perhaps with a port."""
    text = read_text(value)
    if not re.fullmatch(r"[A-Za-z0-9_.-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?", text, re.ASCII):
        raise ValueError("must be keep, rewrite, or a host like app.internal:3000")
    return text


def read_proxies(value: Any) -> int | tuple[str, ...]:
    """Return a number of proxies, or the networks they are in, in CIDR notation."""
    from ipaddress import ip_network

    if isinstance(value, str) and re.fullmatch(r"\s*\d{1,9}\s*", value):
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        if not 0 <= value <= 16:
            raise ValueError("must be a number of proxies from 0 to 16")
        return value
    networks = read_words(value)
    for network in networks:
        try:
            ip_network(network)
        except ValueError as error:
            raise ValueError(f"must be a number, or networks like 10.0.0.0/8: {error}") from None
    return networks


def read_separator(value: Any) -> str:
    """Return what stands between the groups in a text: `,`, `;`, a space, or `json` for a JSON list."""
    word = value.lower() if isinstance(value, str) else ""
    word = " " if word == "space" or (word and not word.strip()) else word.strip()
    if word not in (",", ";", " ", "json"):
        raise ValueError("must be , or ; or a space (or the word space), or json for a text that holds a JSON list")
    return word


def read_store(value: Any) -> Any:
    """Return a store's URL, or a store of the caller's own: any object with the methods of `SessionStore`."""
    wanted = ("load", "save", "replace", "delete", "delete_named", "claim", "release", "records")
    if not isinstance(value, str) and all(callable(getattr(value, name, None)) for name in wanted):
        return value
    return read_text(value)


def read_metrics(value: Any) -> Any:
    """Return who keeps metrics: one of three words, or an object of the caller's own."""
    if not isinstance(value, str) and all(callable(getattr(value, name, None)) for name in ("count", "observe")):
        return value
    if value is False:  # TOML's word, and YAML's, for off
        return "off"
    if not isinstance(value, str):
        raise ValueError(
            "must be one of: off, prometheus, opentelemetry; or, in code, an object with the methods count(name,"
            f" labels) and observe(name, seconds, labels), which {type(value).__name__} has not"
        )
    return choice("off", "prometheus", "opentelemetry")(value)


def choice(*allowed: str) -> Callable[[Any], str]:
    """Return a reader that takes one of these words, in any case."""
    listed = ", ".join(allowed)

    def read(value: Any) -> str:
        word = value.strip().lower() if isinstance(value, str) else ""
        if word not in allowed:
            raise ValueError(f"must be one of: {listed}")
        return word

    return read


def nearest(name: str, known: Collection[str], alike: float = _ALIKE) -> str:
    """Return ` Did you mean …?` for a misspelt name, or nothing, as `nearest_name` finds it."""
    found = nearest_name(name, known, alike)
    return f" Did you mean {found}?" if found else ""


def nearest_name(name: str, known: Collection[str], alike: float = _ALIKE) -> str:
    """Return the name that a misspelt one is meant to be, or nothing: what is far off leads astray.

    Near is what differs in a letter or so, and the first or last words of one name alone: `issuer`, `proxies`. Of few
    and short names less may be `alike`.
    """
    from difflib import get_close_matches

    name = name.lower().removesuffix("_file")
    found = get_close_matches(name, known, n=1, cutoff=alike)
    if not found:
        found = [each for each in known if each.startswith(f"{name}_")]
        found = found or [each for each in known if each.endswith(f"_{name}")]
    return found[0] if len(found) == 1 else ""
