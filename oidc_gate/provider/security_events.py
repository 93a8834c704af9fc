"""Security event tokens: what the provider says happened to somebody (RFC 8417; Shared Signals, CAEP and RISC 1.0).

Such a token must be the provider's, for this gate, and of the type `secevent+jwt`, so that no other token passes for
one. Whom it is about stands in a subject identifier (RFC 9493). Two of their formats can be matched with sessions: the
provider's own name of a person, and that of a session. What names somebody otherwise, by an address or a telephone
number, is refused, so that the operator sees it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

from oidc_gate.errors import ProviderError
from oidc_gate.provider.keys import SignedToken
from oidc_gate.provider.quoting import shown
from oidc_gate.provider.token_checks import Expected, audience_of, check_issuer, check_lifetime, is_time, read_claims

__all__ = ["SecurityEvent", "check_security_event"]

_TYPE = "secevent+jwt"
#: A transmitter that could not reach the gate tries again; what happened longer ago is no reason to end a session now.
_OLDEST = 24 * 3600.0
_LONGEST_NAME = 255
#: So many subjects may stand in one event, as `aliases`.
_MOST_SUBJECTS = 20

Ends = Callable[[Mapping[str, Any]], bool]


class SecurityEvent(NamedTuple):
    """What happened. `kind`: the last part of the event's type, `other` for one that is not known here.

    `ends`: whether sessions are to end for it: those of whoever is `named`, each by the claim `sid` or `sub`.
    `jti`: the token's own name.
    """

    kind: str
    ends: bool
    named: tuple[tuple[Literal["sid", "sub"], str], ...]
    jti: str


def _always(_: Mapping[str, Any]) -> bool:
    return True


def _never(_: Mapping[str, Any]) -> bool:
    return False


def _unless_better(event: Mapping[str, Any]) -> bool:
    """Return whether the assurance has fallen, or may have (CAEP, 3.4)."""
    return event.get("change_direction") != "increase"


def _unless_compliant(event: Mapping[str, Any]) -> bool:
    """Return whether a device is not, or may not be, as it should (CAEP, 3.5)."""
    return event.get("current_status") != "compliant"


def _if_high(event: Mapping[str, Any]) -> bool:
    """Return whether the risk is not known to be low or medium (CAEP, 3.8)."""
    return event.get("current_level") not in ("LOW", "MEDIUM")


_BASE = "https://schemas.openid.net/secevent/"
_BY_FAMILY: Mapping[str, Mapping[str, Ends]] = {
    "caep": {
        "session-revoked": _always,
        "token-claims-change": _always,
        "credential-change": _always,
        "assurance-level-change": _unless_better,
        "device-compliance-change": _unless_compliant,
        "risk-level-change": _if_high,
        "session-established": _never,
        "session-presented": _never,
    },
    "risc": {
        "account-credential-change-required": _always,
        "account-purged": _always,
        "account-disabled": _always,
        "account-enabled": _never,
        "credential-compromise": _always,
        "sessions-revoked": _always,
        "tokens-revoked": _always,
        "identifier-changed": _never,
        "identifier-recycled": _never,
        "opt-in": _never,
        "opt-out-initiated": _never,
        "opt-out-cancelled": _never,
        "opt-out-effective": _never,
        "recovery-activated": _always,
        "recovery-information-changed": _never,
        "verification": _never,
    },
    "oauth": {"token-revoked": _always, "tokens-revoked": _always},
    "ssf": {"verification": _never, "stream-updated": _never},
}
_EVENTS: Mapping[str, Ends] = {
    f"{_BASE}{family}/event-type/{kind}": ends for family, kinds in _BY_FAMILY.items() for kind, ends in kinds.items()
}


def check_security_event(token: SignedToken, expected: Expected, *, own_address: str) -> SecurityEvent:
    """Return what a token says whose signature held (RFC 8417, 2; Shared Signals 1.0, 4.1).

    It is for this client, or for this gate's address, `own_address` (`""`: that is not certain). That its `jti` was not
    seen before is for the caller to check. Raises ProviderError.
    """
    if token.kind != _TYPE:
        raise ProviderError("token_type_wrong", f"the token is of the type {shown(token.header.get('typ'))}")
    claims = read_claims(token.payload)
    check_issuer(claims, expected)
    receivers = {expected.client_id, own_address or expected.client_id}
    if receivers.isdisjoint(each for each in audience_of(claims) if isinstance(each, str)):
        detail = f"the token is for {shown(claims.get('aud'))}, and this is {' or '.join(sorted(receivers))}"
        raise ProviderError("audience_mismatch", detail)
    check_lifetime(claims, expected, optional=("exp", "nbf"))
    issued_at = claims["iat"]
    if not is_time(issued_at) or expected.now - issued_at > _OLDEST + expected.leeway:
        raise ProviderError("token_expired", "the token was issued more than a day ago")
    if "nonce" in claims:
        raise ProviderError("token_type_wrong", "the token has a nonce: it may be an ID token")
    jti = claims.get("jti")
    if not isinstance(jti, str) or not jti:
        raise ProviderError("event_invalid", "the token has no jti")
    return _read(claims, expected, jti)


def _read(claims: Mapping[str, Any], expected: Expected, jti: str) -> SecurityEvent:
    events = claims.get("events")
    if not isinstance(events, dict) or len(events) != 1:
        raise ProviderError("event_invalid", "the token does not hold one event")
    ((kind, event),) = events.items()
    ends = _EVENTS.get(kind)
    if not isinstance(event, dict):
        raise ProviderError("event_invalid", "the event in the token is no object")
    if ends is None:
        return SecurityEvent("other", False, (), jti)
    if not ends(event):
        return SecurityEvent(kind.rpartition("/")[2], False, (), jti)
    named = tuple(dict.fromkeys(_named(claims.get("sub_id", event.get("subject")), expected)))
    return SecurityEvent(kind.rpartition("/")[2], True, named, jti)


def _named(subject: Any, expected: Expected) -> Iterator[tuple[Literal["sid", "sub"], str]]:
    """Yield whom a subject identifier names. Raises ProviderError for one that nobody here can be found by."""
    if not isinstance(subject, dict):
        raise ProviderError("event_subject_unknown", "the event does not say whom it is about")
    form = subject.get("format", subject.get("subject_type"))
    if form == "complex" or (form is None and not {"user", "session"}.isdisjoint(subject)):
        yield from _of_complex(subject, expected)
    elif form == "aliases":
        several = subject.get("identifiers")
        if not isinstance(several, list) or not 0 < len(several) <= _MOST_SUBJECTS:
            raise ProviderError("event_subject_unknown", "the event's aliases name nobody, or too many")
        yield from _of_aliases(several, expected)
    else:
        yield _single(subject, form, expected)


def _of_complex(subject: Mapping[str, Any], expected: Expected) -> Iterator[tuple[Literal["sid", "sub"], str]]:
    """Yield the session that a complex subject narrows it down to, else the person (Shared Signals 1.0, 3.2)."""
    session = subject.get("session")
    if isinstance(session, dict) and session.get("format") == "opaque":
        yield "sid", _name(session.get("id"))
    else:
        yield from _named(subject.get("user"), expected)


def _of_aliases(several: list[Any], expected: Expected) -> Iterator[tuple[Literal["sid", "sub"], str]]:
    """Yield those of several names of one person that somebody can be found by; one is enough (RFC 9493, 3.2.8)."""
    found, wrong = [], None
    for each in several:
        try:
            found.append(_single(each, each.get("format") if isinstance(each, dict) else None, expected))
        except ProviderError as error:
            wrong = error
    if wrong is not None and not found:
        raise wrong
    yield from found


def _single(subject: Any, form: Any, expected: Expected) -> tuple[Literal["sid", "sub"], str]:
    if form in ("iss_sub", "iss-sub") and isinstance(subject, dict):  # as the drafts before RFC 9493 wrote it
        if not expected.is_issuer(subject.get("iss")):
            raise ProviderError("event_subject_unknown", "the event is about somebody of another issuer")
        return "sub", _name(subject.get("sub"))
    if form == "opaque":
        return "sub", _name(subject.get("id"))
    detail = f"the event names somebody by {shown(form)}; have the provider send iss_sub, or opaque with its own names"
    raise ProviderError("event_subject_unknown", detail)


def _name(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_NAME:
        raise ProviderError("event_subject_unknown", "the event's subject has no name in it")
    return value
