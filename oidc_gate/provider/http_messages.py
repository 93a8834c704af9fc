"""What goes over the wire to the provider and comes back, as values; and JSON, read strictly.

Strict means: one value for a name, numbers that are numbers, and no nesting that could exhaust the stack. A document
that two readers could understand differently is refused.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn

from oidc_gate.errors import ProviderDownError, ProviderSetupError

__all__ = ["Endpoint", "HTTPAnswer", "HTTPRequest", "read_json_object"]

#: What of the provider is asked; `other` is whatever nobody has named.
Endpoint = Literal["discovery", "keys", "pushed", "token", "userinfo", "revocation", "introspection", "other"]

#: Deeper claims would be trouble for whoever reads them later.
_DEEPEST = 50
#: A text in JSON, or the beginning of one that has no end: each character is looked at once.
_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\Z)', re.DOTALL)
_BRACKETS = re.compile(r"[][{}]")
#: Answers that say "not now" rather than "no", and "there is no such thing here".
_TRY_LATER = frozenset({408, 425, 429})
_NOTHING_THERE = frozenset({404, 410})


@dataclass(frozen=True, slots=True)
class HTTPRequest:
    """A request to the provider. A body makes it a form POST. `endpoint` says what is asked, for the metrics."""

    url: str
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    body: str | None = field(default=None, repr=False)
    endpoint: Endpoint = "other"


@dataclass(frozen=True, slots=True)
class HTTPAnswer:
    """The provider's answer, read whole.

    `content_type` is lower case, without parameters; `url` is what was asked, `location` where a redirect leads;
    `headers` are as they came, one by one, their names in lower case.
    """

    status: int
    content_type: str
    body: bytes = field(repr=False)
    url: str = ""
    location: str = field(default="", repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    def header(self, name: str) -> str:
        """Return the first header of this name, which is in lower case; `""` without one."""
        return next((value for known, value in self.headers if known == name), "")

    def require(self, what: str) -> None:
        """Raise where the answer is neither a yes nor a clear no.

        ProviderDownError for an outage, or a redirect; ProviderSetupError where there is nothing at that address.
        """
        if self.status in _NOTHING_THERE:
            raise ProviderSetupError("endpoint_missing", f"there is {self._named(what, 'no ')}: status {self.status}")
        if self._is_outage or 300 <= self.status < 400:
            raise ProviderDownError("provider_unavailable", f"{self._named(what)} answered with status {self.status}")

    def document(self, what: str, code: str) -> dict[str, Any]:
        """Return the JSON object of a document that everybody may read.

        Raises ProviderDownError for an outage. Anything else that is no such document is there for good, and is
        ProviderSetupError with `code`.
        """
        if self._is_outage:
            raise ProviderDownError("provider_unavailable", f"{self._named(what)} answered with status {self.status}")
        if self.status != 200:
            leads = f", to {self.location[:200]!r}: name the address that it leads to" if self.location else ""
            raise ProviderSetupError(code, f"{self._named(what)} answered with status {self.status}{leads}")
        try:
            return read_json_object(self.body)
        except ValueError as error:
            kind = f" ({self.content_type[:60]!r})" if self.content_type != "application/json" else ""
            raise ProviderSetupError(code, f"{self._named(what)} is not readable{kind}: {error}") from None

    @property
    def outcome(self) -> Literal["ok", "refused", "down"]:
        """What kind of answer it is, by its status alone."""
        if self._is_outage:
            return "down"
        return "ok" if self.status < 300 else "refused"

    @property
    def _is_outage(self) -> bool:
        return self.status in _TRY_LATER or not 200 <= self.status < 500

    def _named(self, what: str, article: str = "the ") -> str:
        return f"{article}{what} at {self.url}" if self.url else f"{article}{what}"


def read_json_object(data: bytes | str) -> dict[str, Any]:
    """Return the JSON object, which is UTF-8 (RFC 8259, 8.1; a byte order mark is passed over).

    Raises ValueError for anything else, for repeated names, for NaN and numbers too great, and for absurd nesting.
    """
    text = data.decode("utf-8-sig") if isinstance(data, bytes) else data
    if text.count("[") + text.count("{") > _DEEPEST and _depth(text) > _DEEPEST:
        raise ValueError("nested too deep")
    value = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse, parse_float=_finite)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def _depth(text: str) -> int:
    """Return how deep a document is nested, up to the first place where it is no JSON.

    Found before it is parsed: a parser that runs into Python's limit takes whatever is cleaned up meanwhile along.
    """
    depth = deepest = 0
    for mark in _BRACKETS.findall(_STRINGS.sub("", text)):
        depth += 1 if mark in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return value


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _refuse(text)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON number")
