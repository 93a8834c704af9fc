"""What the sessions of one provider go by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from oidc_gate.sessions.open_session import Limits, OpenSession
from oidc_gate.sessions.session import Head

if TYPE_CHECKING:
    from oidc_gate.access import AllowLists
    from oidc_gate.decisions import Forward
    from oidc_gate.identity import Identity

__all__ = ["ByProvider", "OnOver"]

#: Is told of a session that is over, and why: nobody came for too long; its time was over; or it was ended elsewhere.
OnOver = Callable[[OpenSession, Literal["idle", "expired", "revoked"]], None]


class ByProvider(NamedTuple):
    """What the sessions of one provider go by.

    - `auth_id`: its name in the settings; `lists`: who of its people may pass.
    - `forward`: makes what the app is told, from an identity and its session's head.
    - `limits`: how long its sessions last, and when it is to be asked again.
    - `name_of`: what REMOTE_USER has for somebody with these claims.
    - `on_over`: is told of its sessions that are over; None for nobody.
    """

    auth_id: str
    lists: AllowLists
    forward: Callable[[Identity, Head], Forward]
    limits: Limits
    name_of: Callable[[Mapping[str, Any]], str]
    on_over: OnOver | None = None
