"""Sessions: what seals them, where they live, how long they last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from oidc_gate.settings.readers import read_bool, read_duration, read_list, read_megabytes, read_store, read_text
from oidc_gate.settings.secret_texts import read_secrets
from oidc_gate.settings.setting import setting

if TYPE_CHECKING:
    from oidc_gate.stores import SessionStore

__all__ = ["SessionFields"]


@dataclass(frozen=True, init=False, repr=False, eq=False)
class SessionFields:
    """Fields of `Settings`."""

    cookie_secret: tuple[str, ...] = setting(
        (),
        read_secrets,
        "one or more, newest first: the first seals, all open. `oidc-gate secret` makes one",
        shown="required",
        secret=True,
    )
    session_store: str | SessionStore = setting(
        "cookie",
        read_store,
        "where sessions live: `cookie`, `sqlite:///path.db`, `redis://…`, `rediss://…`, or in code an object of your"
        " own. [docs/sessions.md] helps to choose",
        secret=True,
    )
    cookie_deny_list: str = setting(
        "",
        read_text,
        "with `session_store = cookie`: the URL of a store (`sqlite:///…`, `redis://…`) that lists sessions ended"
        " before"
        " their time, so that a copy of a cookie is dead everywhere",
        secret=True,
    )
    session_cache_seconds: float = setting(
        1.0,
        read_duration,
        "how long a process goes on with a session it has just loaded from the store, or asked the `cookie_deny_list`"
        " about; `0`: asks each time",
    )
    session_cache_mb: int = setting(
        32,
        read_megabytes,
        "MiB of memory in which each process remembers open sessions, so that it need not open them anew: some 8,000"
        " browsers in 32; those that were not seen for longest are forgotten first",
    )
    store_timeout: float = setting(2.0, read_duration, "longest wait for the store or the `cookie_deny_list`")
    auth_cookie_domain: str = setting(
        "",
        read_text,
        "Domain of the session cookie; without it the cookie is this host's alone (`__Host-` under https). A change has"
        " everybody sign in once more",
    )
    max_session_duration: float = setting(
        12 * 3600.0, read_duration, "absolute life of a session; `0`: no limit of its own"
    )
    idle_session_timeout: float = setting(3600.0, read_duration, "longest pause between two requests; `0`: off")
    idle_exempt_paths: tuple[str, ...] | None = setting(
        None,
        read_list,
        "paths where requests do not count as activity, such as those that pages poll: each covers itself and all below"
        " it, as in `public_paths`",
    )
    live_check: float = setting(
        5.0,
        read_duration,
        "how soon a WebSocket or an event stream ends once its session has ended, or may not go on where it is; `0`:"
        " never. [docs/live-connections.md]",
    )
    access_token_for_app: bool = setting(
        False,
        read_bool,
        "with a store: the app may ask for the person's access token, by `access_token_for(request)`",
    )
    session_claims: tuple[str, ...] | None = setting(
        None,
        read_list,
        "the claims that a session keeps, where all would be too many for a cookie. What lists, rules and headers call"
        " for is kept in any case; what only the protocol needs (`nonce`, hashes) in none",
        shown="all",
    )
    keep_posts: bool = setting(
        True,
        read_bool,
        "a form of the app's own (up to 1 MiB) that comes when its session has ended is kept in the page that says so,"
        " sealed, and sent again once the same person has signed in; see [docs/kept-forms.md]",
    )
    login_timeout: float = setting(15 * 60.0, read_duration, "how long a login may take")
