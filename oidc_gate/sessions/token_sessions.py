"""Who comes in with an access token: a session for as long as the token is good, kept in this process's memory alone.

It has no cookie, nobody signs out of it, and neither idle time nor a provider that is due to be asked again ends it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_gate.identity import Identity
from oidc_gate.provider import is_time
from oidc_gate.sessions.open_session import NEVER, Limits, OpenSession
from oidc_gate.sessions.session import Session, SessionCopy

if TYPE_CHECKING:
    from oidc_gate.provider import AccessToken
    from oidc_gate.sessions.sessions import Sessions

__all__ = ["KnownToken", "RecentTokens", "is_of_token", "token_session"]

#: Of a header so many characters are looked up: the end of a signature, or of what is random anyway.
_SAMPLE = 32
#: Two generations of so many tokens each, of so many bytes by estimate: so much each, so much for each character.
_MOST_TOKENS, _MOST_BYTES = 2048, 4_000_000
_ENTRY_BYTES, _BYTES_PER_CHARACTER = 2500, 3
#: What a token's own name must be to be shown as it is.
_LONGEST_NAME = 128

_LIMITS = Limits(longest=NEVER, idle=NEVER, recheck=NEVER, cache=NEVER)


def token_session(
    sessions: Sessions, token: AccessToken, text: str, now: float, provider_key: str = ""
) -> OpenSession:
    """Return the session of an access token that is good; `text`: the token itself, `provider_key`: whose it is.

    Its id is `t:` and the token's `jti`, or a hash where it has none that could be shown: no session of a cookie has
    such an id. Of another provider than the first its key stands before the colon, for two may use one `jti`.
    `authenticated_at` is the claim `auth_time`, else when the token was issued.
    """
    claims = token.claims
    times = [claims[name] for name in ("auth_time", "iat") if is_time(claims.get(name))]
    since = float(times[0]) if times else now
    session_id = f"t{f'.{provider_key}' if provider_key else ''}:{_name(claims.get('jti'), text)}"
    until = token.expires_at
    session = Session(session_id, claims, since, until, now, now, NEVER, {}, [], provider_key=provider_key)
    head = (session_id, since, until, now, now, NEVER, session.user, len(text), provider_key)
    own = sessions.by_provider[provider_key]

    copy = SessionCopy(head, lambda: session.parts()[1])

    def identity(*_: Any) -> Identity:
        return replace(sessions.identity(session), scopes=token.scopes)

    forward = own.forward(Identity.unread(identity, copy), head)
    allowed = own.lists.allow_all or own.lists.allow(claims)
    return OpenSession(copy, b"", "", forward, allowed, _LIMITS)


def is_of_token(session_id: str) -> bool:
    """Return whether a session's id is that of an access token, of whichever provider."""
    return session_id.startswith(("t:", "t."))


def _name(jti: Any, text: str) -> str:
    if isinstance(jti, str) and 0 < len(jti) <= _LONGEST_NAME and jti.isascii() and jti.isprintable():
        return jti
    return sha256(text.encode()).hexdigest()[:32]


class KnownToken(NamedTuple):
    """A token that was good, and what comes of it.

    `until`: how long that is believed, as time.time(). `keys`: the provider's keys with which it was; None where the
    provider has called it good itself. `known_keys`: tells the keys that it has now.
    `lacking`: scopes that every token must have, and this one has not.
    `confirmation`: what has to be proven each time, None for nothing. `is_plain`: neither of these two.
    """

    text: str
    until: float
    keys: Any
    opened: OpenSession
    known_keys: Callable[[], Any]
    lacking: tuple[str, ...] = ()
    confirmation: dict[str, Any] | None = None
    is_plain: bool = True

    def holds(self, now: float) -> bool:
        """Return whether it is still good: it has not ended, and the provider's keys are what they were."""
        return now < self.until and (self.keys is None or self.keys is self.known_keys())


class RecentTokens:
    """Tokens that were good lately, by the Authorization header they came in: two generations, as `RecentSessions`.

    The text is compared whole. How long that takes tells nothing: to find anything one must have the last 32 characters
    of a good token, which nobody can guess.
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._new: dict[str, KnownToken] = {}
        self._old: dict[str, KnownToken] = {}
        self._used = 0

    def __len__(self) -> int:
        return len(self._new) + len(self._old)

    def get(self, text: str) -> KnownToken | None:
        """Return what is known of the token in this header, or None."""
        sample = text[-_SAMPLE:]
        found = self._new.get(sample)
        if found is None:
            found = self._old.get(sample)
            if found is None or found.text != text:
                return None
            self.put(found)
            return found
        return found if found.text == text else None

    def put(self, known: KnownToken) -> None:
        """Remember a token."""
        if self._used > _MOST_BYTES or len(self._new) >= _MOST_TOKENS:
            self._old, self._new, self._used = self._new, {}, 0
        self._new[known.text[-_SAMPLE:]] = known
        self._used += _ENTRY_BYTES + _BYTES_PER_CHARACTER * len(known.text)
