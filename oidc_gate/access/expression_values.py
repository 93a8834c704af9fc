"""What the names in expressions stand for: their types, and their values for a request and a person."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from oidc_gate.access.emails import verified_email, written_email

if TYPE_CHECKING:
    from oidc_gate.identity import Identity

__all__ = ["PERSON_TYPES", "REQUEST_TYPES", "UNFIT", "AskedOf", "Known", "fit", "person_values", "request_values"]

_IDENTITY = "actions.ngrok.oidc.identity"
#: Names that say something of the request, and their types in CEL.
REQUEST_TYPES = {
    "conn.client_ip": "string",
    "req.headers": "map<string, list<string>>",
    "req.host": "string",
    "req.method": "string",
    "req.url.path": "string",
}
#: Names that say something of the person.
PERSON_TYPES = {
    f"{_IDENTITY}.email": "string",
    f"{_IDENTITY}.name": "string",
    f"{_IDENTITY}.provider_user_id": "string",
    "oidc.claims": "map<string, dyn>",
    "oidc.groups": "list<string>",
}
_LOWEST, _HIGHEST = -(2**63), 2**63 - 1
#: In place of a value that no expression can be given.
UNFIT = object()


def _none(_: str) -> str:
    return ""


class AskedOf(NamedTuple):
    """What expressions may ask of a request. What is empty cannot be told; `header` gives the one of that name."""

    method: str
    host: str
    path: str
    client_ip: str = ""
    header_names: Iterable[str] = ()
    header: Callable[[str], str] = _none


class Known(Protocol):
    """What the gate's settings make of a person's claims.

    - `email`: None without an address that may be gone by; `written_email`: the address as the provider writes it.
    - `groups`: None without a claim that could hold any.
    - `all_groups_known`: whether that claim holds nothing else besides.
    """

    @property
    def email(self) -> str | None:
        """See above."""

    @property
    def written_email(self) -> str:
        """See above."""

    @property
    def groups(self) -> tuple[str, ...] | None:
        """See above."""

    @property
    def all_groups_known(self) -> bool:
        """See above."""


def request_values(asked: AskedOf, names: Collection[str]) -> dict[str, Any]:
    """Return the values of names that stand for something of a request; headers only where they are among `names`."""
    texts = {
        "conn.client_ip": asked.client_ip,
        "req.host": asked.host,
        "req.method": asked.method,
        "req.url.path": asked.path or "/",
    }
    values = {name: fit(text) for name, text in texts.items() if text}
    if "req.headers" in names:
        values["req.headers"] = fit({name.lower(): [asked.header(name)] for name in asked.header_names})
    return values


def person_values(identity: Identity, known: Known | None, names: Collection[str]) -> dict[str, Any]:
    """Return the values of names that stand for something of a person, UNFIT for those that have none.

    The claims only where they are among `names`. `known`: see `Conditional.holds`.
    """
    email = verified_email(identity.claims) if known is None else known.email
    written = written_email(identity.claims) if known is None else known.written_email
    groups = identity.groups or None if known is None else known.groups if known.all_groups_known else None
    values = {
        # The address as the provider writes it, as at ngrok; `email` only says whether it may be gone by.
        f"{_IDENTITY}.email": fit(written) if email is not None and written else UNFIT,
        f"{_IDENTITY}.name": UNFIT if identity.name is None else fit(identity.name),
        f"{_IDENTITY}.provider_user_id": fit(identity.subject),
        "oidc.groups": UNFIT if groups is None else fit(list(groups)),
    }
    if "oidc.claims" in names:
        try:
            values["oidc.claims"] = fit(dict(identity.claims))
        except RecursionError:
            values["oidc.claims"] = UNFIT
    return values


def fit(value: Any) -> Any:
    """Return the value without what expressions cannot be given, or UNFIT; one such claim would make all fail.

    A claim that is null counts as missing, in an object too. A list with something unfit in it is unfit, for without
    that it could say no where nobody can tell.
    """
    if isinstance(value, str):
        return UNFIT if not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value) else value
    if isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if _LOWEST <= value <= _HIGHEST else UNFIT
    if isinstance(value, Mapping):
        kept = {name: fit(each) for name, each in value.items() if fit(name) is not UNFIT}
        return {name: each for name, each in kept.items() if each is not UNFIT}
    if isinstance(value, list):
        elements = [None if each is None else fit(each) for each in value]
        return UNFIT if any(each is UNFIT for each in elements) else elements
    return UNFIT
