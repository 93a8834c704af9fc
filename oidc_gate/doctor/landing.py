"""What an authorization request without a person ends in: read from one answer, with nothing followed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, urljoin, urlsplit

from oidc_gate.doctor.markup import forms_of, unescaped, words_of
from oidc_gate.provider import HTTPAnswer, error_said, read_json_object, scrubbed, shown

__all__ = ["Landing", "landing"]

#: `back`: at the redirect URI. `page`: at the provider, with a page, or on the way to one. `refused`: there, with a no.
Kind = Literal["back", "page", "refused"]

#: A no that comes with status 200, as Entra ID has it.
_ENTRAS_NO = re.compile(r"AADSTS\d+")
_MOST_READ = 60_000
#: So much is told of a page that says no.
_MOST_SAID = 120
#: What is said of a person who is not signed in, and so of nothing else.
_NOBODY_THERE = frozenset(
    {"login_required", "interaction_required", "consent_required", "account_selection_required", "immediate_failed", ""}
)


@dataclass(frozen=True, slots=True)
class Landing:
    """Where the browser would be: the answer's status, the address without its query, and what is said of an error."""

    kind: Kind
    status: int
    place: str
    params: Mapping[str, str]
    text: str

    @property
    def error(self) -> str:
        """The error's code, `""` for none."""
        return self.params.get("error", "")

    @property
    def is_back_without_complaint(self) -> bool:
        """Whether it is back, and all that was missing was a person."""
        return self.kind == "back" and self.error in _NOBODY_THERE

    @property
    def said(self) -> str:
        """The answer in words."""
        if self.error:
            return error_said(self.error, self.params.get("error_description"), frozenset())
        if self.status in (302, 303):
            return f"a redirect to {self.place}"
        words = shown(scrubbed(self.words, frozenset()), _MOST_SAID)
        return f"status {self.status}" + (f", {words}" if self.words else "")

    @property
    def words(self) -> str:
        """What the page says to whoever reads it."""
        return words_of(self.text, head=False) or words_of(self.text)

    def speaks_of(self, *words: str) -> bool:
        """Return whether the provider names one of these, in its error or on its page."""
        text = f"{self.error} {self.params.get('error_description', '')} {self.text}"
        plain = re.sub(r"[\W_]+", " ", text).lower()
        return any(word in plain for word in words)

    def is_like(self, other: Landing) -> bool:
        """Return whether two answers cannot be told apart."""
        mine = (self.kind, self.status, self.place, self.error, self.params.get("error_description"))
        theirs = (other.kind, other.status, other.place, other.error, other.params.get("error_description"))
        return mine == theirs and _title(self.text) == _title(other.text)


def landing(answer: HTTPAnswer, redirect_uri: str, sent: Sequence[str] = ()) -> Landing:
    """Return what an answer to an authorization request with this redirect URI is.

    What was `sent` and is repeated is left out of a page's text, so that two of them can be compared.
    """
    html = answer.body[:_MOST_READ].decode("utf-8", "replace")
    try:
        target = urljoin(answer.url, answer.location) if answer.location else ""
    except ValueError:
        return Landing("refused", answer.status, "what is no address", {}, "")
    if target and 300 <= answer.status < 400:
        place, params = target.partition("?")[0].partition("#")[0], _params(target)
        if place == redirect_uri:
            return Landing("back", answer.status, place, params, "")
        place = place.partition(";")[0]  # a session's id may follow
        failed = "error" in params or "error" in urlsplit(target).path.lower() or "authError" in params
        return Landing("refused" if failed else "page", answer.status, place, params, "")
    place = answer.url.partition("?")[0]
    posted = next((form for form in forms_of(html) if form.action == redirect_uri), None)
    if posted is not None:
        return Landing("back", answer.status, redirect_uri, posted.fields, "")
    text = unescaped(html)
    if answer.status >= 400 or (found := _ENTRAS_NO.search(text)):
        for value in sorted(sent, key=len, reverse=True):
            text = text.replace(value, "")
        params = _error_in(answer.body) if answer.status >= 400 else {"error": found[0]}  # type: ignore[index]
        return Landing("refused", answer.status, place, params, text)
    return Landing("page", answer.status, place, {}, text)


def _params(target: str) -> dict[str, str]:
    """Return the parameters of an address; those of its fragment count too."""
    parts = urlsplit(target)
    return dict(parse_qsl(f"{parts.query}&{parts.fragment}", keep_blank_values=True))


def _error_in(body: bytes) -> dict[str, str]:
    """Return the error that stands in a body in JSON, an empty map for none."""
    try:
        document = read_json_object(body)
    except ValueError:
        return {}
    return {name: value for name, value in document.items() if name.startswith("error") and isinstance(value, str)}


def _title(text: str) -> str:
    """Return what a page says, without what changes each time: numbers and long words."""
    return " ".join(word for word in words_of(text).split() if len(word) < 16 and not any(map(str.isdigit, word)))
