"""How people sign in at the provider: the level of a sign-in (`acr`, `amr`), and when a new one is needed (`max_age`).

A sign-in has the provider's usual level. One that was asked for by `acr_values` has the first of these that the person
can reach; a session that has one of them already is enough (single sign-on), unless `max_age` calls for a new sign-in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from tests.providers.clients import OAuthError
from tests.providers.core import ProviderCore
from tests.providers.people import ProviderSession

#: What becomes of `acr_values`. `refused`: an error, where none of them can be reached; else they are a wish, and the
#: sign-in has the usual level (Core 1.0, 3.1.2.1: "voluntary").
AcrValues = Literal["heeded", "ignored", "refused"]


class Levels(ProviderCore):
    """The levels of sign-ins, as plain attributes; mixed into `LocalProvider`."""

    def reset(self) -> None:
        super().reset()
        self.usual_acr: str | None = None  # of a sign-in without a wish; None: the tokens have no `acr`
        self.acrs: Sequence[str] = ()  # the others, which must be asked for
        self.acrs_of: dict[str, Sequence[str]] = {}  # the same for a `sub` who has others to reach
        self.amr_of: dict[str | None, list[str]] = {}  # how one signs in, by level; a level that is not here has none
        self.acr_values: AcrValues = "heeded"
        self.heeds_max_age = True

    def level_of_a_sign_in(self, sub: str, asked: Mapping[str, str]) -> str | None:
        """Return the `acr` that a new sign-in of this person gets; raise when the level is refused."""
        wanted = asked.get("acr_values", "").split()
        if not wanted or self.acr_values == "ignored":
            return self.usual_acr
        reached = [acr for acr in wanted if acr in self._reachable(sub)]
        if not reached and self.acr_values == "refused":
            raise OAuthError("unmet_authentication_requirements", f"no sign-in here is any of {wanted}")
        return reached[0] if reached else self.usual_acr

    def is_enough(self, session: ProviderSession, asked: Mapping[str, str]) -> bool:
        """Tell whether a session answers this request without a new sign-in, as far as level and age go."""
        if self.heeds_max_age and "max_age" in asked and not self._is_young(session, asked["max_age"]):
            return False
        wanted = asked.get("acr_values", "").split()
        if self.acr_values == "ignored" or not wanted or session.acr in wanted:
            return True
        return self.level_of_a_sign_in(session.sub, asked) not in wanted

    def _reachable(self, sub: str) -> list[str]:
        usual = [self.usual_acr] if self.usual_acr is not None else []
        return [*usual, *self.acrs_of.get(sub, self.acrs)]

    def _is_young(self, session: ProviderSession, max_age: str) -> bool:
        """Compare as OpenID Connect Core 3.1.2.1 has it: older than `max_age` is too old, and with 0 every session."""
        if not (max_age.isascii() and max_age.isdigit()):
            raise OAuthError("invalid_request", "max_age is a number of seconds")
        return int(max_age) > 0 and self.now() - session.auth_time <= int(max_age)
