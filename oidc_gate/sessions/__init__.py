"""What a session is, who keeps it, what a process remembers of it, and when its provider is to be asked again.

Modules, from the ground up; each may import only from those before it:

- `session`: what is kept of a login, and how it is written down
- `session_seal`: it is sealed
- `watched_store`: a store whose calls are told
- `backends`: who keeps it between two requests: its own cookie, or a store
- `open_session`: a session that is open in this process, and how long sessions last
- `by_provider`: what the sessions of one provider go by
- `live_sessions`: those that WebSockets and event streams hang on
- `recent_sessions`: what a process remembers of sessions, and of whole requests
- `memory`: bounded tables of what it remembers by their ids
- `over_sessions`: telling of sessions that are over
- `taken_away`: what is over because its provider was taken away from the settings
- `recheck_schedule`: which request asks the provider again, and when
- `sessions`: `Sessions`, which puts them together
- `token_sessions`: who comes in with an access token, and which tokens were good lately

May import: `errors`, `identity`, `sealing`, `decisions`, `stores`, `access`, `provider`.
"""

from oidc_gate.sessions.backends import AskingBackend, Backend, CookieBackend, DenyListedCookieBackend, StoreBackend
from oidc_gate.sessions.by_provider import ByProvider
from oidc_gate.sessions.live_sessions import LiveSession
from oidc_gate.sessions.memory import ended_of
from oidc_gate.sessions.open_session import NEVER, SPREAD, UNLOADED, Limits, LoadOnLoop, OpenSession, Unloaded
from oidc_gate.sessions.recent_sessions import SAMPLE, Recalled
from oidc_gate.sessions.session import Head, Session, hand_on, place_in_line
from oidc_gate.sessions.sessions import CLOCKS_APART, Sessions
from oidc_gate.sessions.taken_away import TakenAway
from oidc_gate.sessions.token_sessions import KnownToken, RecentTokens, is_of_token, token_session
from oidc_gate.sessions.watched_store import unwatched, watched

__all__ = [
    "CLOCKS_APART",
    "NEVER",
    "SAMPLE",
    "SPREAD",
    "UNLOADED",
    "AskingBackend",
    "Backend",
    "ByProvider",
    "CookieBackend",
    "DenyListedCookieBackend",
    "Head",
    "KnownToken",
    "Limits",
    "LiveSession",
    "LoadOnLoop",
    "OpenSession",
    "Recalled",
    "RecentTokens",
    "Session",
    "Sessions",
    "StoreBackend",
    "TakenAway",
    "Unloaded",
    "ended_of",
    "hand_on",
    "is_of_token",
    "place_in_line",
    "token_session",
    "unwatched",
    "watched",
]
