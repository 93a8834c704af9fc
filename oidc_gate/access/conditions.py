"""Who: conditions over what is known of a person.

A condition says yes, no, or that it cannot be told (True, False, None): a claim that is missing, null or of the wrong
type tells nothing. `not` of what cannot be told cannot be told either, so that nobody gets anywhere because a provider
left something out. Only yes passes.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from oidc_gate.access.answers import Answer, Finding
from oidc_gate.access.emails import LooseText, in_own_letters, listed_addresses, loose_text
from oidc_gate.access.texts import Texts, listed
from oidc_gate.identity import claim_at, lower_ascii

if TYPE_CHECKING:
    from oidc_gate.access.person import Person
    from oidc_gate.access.reasons import Reason
    from oidc_gate.identity import Identity

__all__ = [
    "MISSING",
    "Claim",
    "Condition",
    "Domains",
    "Emails",
    "Fixed",
    "Function",
    "Groups",
    "Provider",
    "Scopes",
    "shown",
]

logger = logging.getLogger("oidc_gate")

#: In place of what is wanted of a claim: that there is none.
MISSING = object()
#: So much of a claim is shown in a finding.
_MOST_SHOWN = 200
_SHARED = frozenset({"email", "groups", "scopes"})


class Condition(ABC):
    """Says of a person yes, no, or that it cannot be told. `str` of it is its words, for `explain` and the log.

    `claims`: the names of the claims that it goes by; `groups` and `email` for whatever claims have them. `providers`:
    the names of providers that it goes by. `scopes`: those of an access token with which it may come to say yes, or
    texts with `*` that such fit. `loose`: texts that fit more than they seem to, each with one that does not let others
    in: `*example.com` fits evilexample.com too.
    """

    claims: frozenset[str] = frozenset()
    providers: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    loose: frozenset[LooseText] = frozenset()
    #: Whether it may go by claims that it does not name.
    reads_any_claim = False
    #: Whether it says yes of people of named providers alone.
    names_provider = False

    @property
    def whoever_says_so(self) -> frozenset[str]:
        """Which claims it goes by, and `scopes` for those, whichever provider says so."""
        return frozenset() if self.names_provider else self.claims

    @property
    def of_any_provider(self) -> frozenset[str]:
        """Those of them that two providers both use as a matter of course, for two people or two things."""
        return self.whoever_says_so & _SHARED

    @abstractmethod
    def holds(self, person: Person) -> Answer:
        """Return the answer."""

    def of_provider(self, _: str) -> Answer:
        """Return the answer for anybody who has signed in at this provider; None where more of them has a say."""
        return None

    def finding(self, person: Person) -> Finding:
        """Return the answer with what it goes by."""
        answer = self.holds(person)
        return Finding(str(self), answer, self._seen(person), "" if answer is not None else self._reason(person))

    def _seen(self, _: Person) -> str:
        return ""

    def _reason(self, _: Person) -> Reason:
        return "claim_missing"


class Fixed(Condition):
    """The same for everybody."""

    def __init__(self, answer: bool, words: str) -> None:
        self._answer, self._words = answer, words

    def holds(self, _: Person) -> Answer:
        """Return the answer."""
        return self._answer

    def of_provider(self, _: str) -> Answer:
        """Return the answer."""
        return self._answer

    def __str__(self) -> str:
        return self._words


class Emails(Condition):
    """A verified address that is one of these, in any case of its letters."""

    _form: Literal["address", "domain"] = "address"
    claims = frozenset({"email"})

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = Texts(listed_addresses(texts), [lower_ascii(text) for text in texts])
        self.loose = frozenset(loose for text in texts if (loose := loose_text(text, self._form)))

    def holds(self, person: Person) -> Answer:
        """Return the answer; without a verified address it cannot be told."""
        return None if person.email is None else self._fit(person.email)

    def _fit(self, text: str) -> bool:
        return self._texts.fit(text) or self._texts.fit(in_own_letters(text))

    def __str__(self) -> str:
        return f"e-mail {self._texts}"

    def _seen(self, person: Person) -> str:
        return person.email or ""

    def _reason(self, person: Person) -> Reason:
        return person.email_reason


class Domains(Emails):
    """A verified address whose domain is one of these."""

    _form = "domain"

    def holds(self, person: Person) -> Answer:
        """Return the answer; without a verified address it cannot be told."""
        return None if person.email is None else self._fit(person.email.partition("@")[2])

    def __str__(self) -> str:
        return f"domain {self._texts}"


class Groups(Condition):
    """One of the person's groups is one of these."""

    claims = frozenset({"groups"})

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = Texts(texts)

    def holds(self, person: Person) -> Answer:
        """Return the answer; without a claim that holds groups it cannot be told."""
        return _one_fits(self._texts, person.groups, whole=person.all_groups_known)

    def __str__(self) -> str:
        return f"group {self._texts}"

    def _seen(self, person: Person) -> str:
        return shown(", ".join(person.groups or ()))

    def _reason(self, person: Person) -> Reason:
        return person.groups_reason


class Scopes(Condition):
    """One of the scopes of the access token is one of these. People have none: of them it cannot be told."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = Texts(texts)
        self.scopes = frozenset(texts)  # one with `*` fits itself, as a token's would

    @property
    def whoever_says_so(self) -> frozenset[str]:
        """See `Condition.whoever_says_so`: each provider writes into its tokens what it likes."""
        return frozenset({"scopes"})

    def holds(self, person: Person) -> Answer:
        """Return the answer."""
        return _one_fits(self._texts, person.identity.scopes or None)

    def __str__(self) -> str:
        return f"scope {self._texts}"

    def _seen(self, person: Person) -> str:
        return shown(" ".join(person.identity.scopes))


def _one_fits(texts: Texts, values: tuple[str, ...] | None, *, whole: bool = True) -> Answer:
    if values is None:
        return None
    if any(texts.fit(value) for value in values):
        return True
    return False if whole else None


class Provider(Condition):
    """Signed in at one of these providers, by their `auth_id`."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = Texts(texts)
        self.providers = frozenset(texts)
        self.names_provider = not any("*" in text for text in texts)  # who adds a provider would not think of it

    def holds(self, person: Person) -> Answer:
        """Return the answer."""
        return self.of_provider(person.identity.provider)

    def of_provider(self, name: str) -> Answer:
        """Return the answer."""
        return self._texts.fit(name)

    def __str__(self) -> str:
        return f"provider {self._texts}"

    def _seen(self, person: Person) -> str:
        return person.identity.provider


class Claim(Condition):
    """One claim is one of the wanted values, or, where it is a list, one element of it is. Types are exact."""

    def __init__(self, name: str, wanted: Sequence[Any]) -> None:
        self._name = name
        self.claims = frozenset({name})
        self._absent = MISSING in wanted
        texts = [value for value in wanted if isinstance(value, str)]
        self._texts = Texts(texts) if texts else None
        self._others = [(type(value), value) for value in wanted if value is not MISSING and not isinstance(value, str)]
        self._types = {kind for kind, _ in self._others}
        self._words = "missing" if self._absent else listed([_written(value) for value in wanted])

    def holds(self, person: Person) -> Answer:
        """Return the answer; a claim that is missing, null or of another type cannot be told of."""
        value = claim_at(person.claims, self._name)
        if self._absent:
            return False if value is not None else True if person.surely_lacks(self._name) else None
        if not isinstance(value, list):
            return self._fits(value)
        answers = [self._fits(element) for element in value]
        return True if True in answers else None if None in answers else False

    def _fits(self, value: Any) -> Answer:
        if isinstance(value, str):
            return None if self._texts is None else self._texts.fit(value)
        return (type(value), value) in self._others if type(value) in self._types else None

    def __str__(self) -> str:
        return f"claim {self._name} {self._words}"

    def _seen(self, person: Person) -> str:
        value = claim_at(person.claims, self._name)
        return "" if value is None else shown(_written(value))


def _written(value: Any) -> str:
    return value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)


def shown(text: str) -> str:
    """Return the text as it is shown in a finding: not all of a long one."""
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


class Function(Condition):
    """The app's own function: True is yes, False is no; anything else, an exception too, and it cannot be told."""

    reads_any_claim = True

    def __init__(self, function: Callable[[Identity], Any]) -> None:
        self._function = function
        self._words = f"{getattr(function, '__qualname__', type(function).__name__)}()"

    def holds(self, person: Person) -> Answer:
        """Return the answer. Called once for a session, until its claims change."""
        try:
            answer = self._function(person.identity)
        except Exception:
            logger.exception("%s in a rule has failed; whoever it was asked about does not pass", self._words)
            return None
        if answer is True or answer is False:
            return answer
        logger.error("%s in a rule has returned %s, not True or False", self._words, type(answer).__name__)
        return None

    def __str__(self) -> str:
        return self._words

    def _reason(self, _: Person) -> Reason:
        return "rule"
