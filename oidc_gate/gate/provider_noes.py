"""Which answers of the provider end a session, by their error codes; silence never does, whatever was asked."""

from __future__ import annotations

__all__ = ["ends_at_recheck", "ends_at_refresh", "ends_unless_renewed", "ends_without_token"]

#: Answers of userinfo that end the session; any other may be a fault that passes.
_CLEAR_NO = frozenset({"userinfo_denied", "userinfo_sub_mismatch"})
#: Answers to a refresh after which the refresh token is as good as before; after any other the session ends.
_MAY_PASS = frozenset({"client_rejected", "token_request_rejected", "token_answer_invalid", "userinfo_rejected"})


def ends_at_recheck(code: str) -> bool:
    """Return whether an answer of userinfo ends the session."""
    return code in _CLEAR_NO


def ends_at_refresh(code: str) -> bool:
    """Return whether an answer to a refresh ends the session."""
    return code not in _MAY_PASS


def ends_unless_renewed(code: str) -> bool:
    """Return whether an answer to a refresh ends it that was made because userinfo has refused the access token.

    All do, for nobody has said yes; but for one, which userinfo can give only once the tokens were renewed.
    """
    return code != "userinfo_rejected"


def ends_without_token(code: str) -> bool:
    """Return whether an answer of userinfo ends it to an access token that has ended: its 401 says nothing then."""
    return code == "userinfo_sub_mismatch"
