"""`oidc-gate sessions`: how it is asked for, and what it prints."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from oidc_gate.command.flags import add_settings

if TYPE_CHECKING:
    from oidc_gate.command.run import Launch
    from oidc_gate.command.stored_sessions import StoredSessions

__all__ = ["add_sessions"]

_Launched = Callable[[argparse.Namespace], "Launch"]


def add_sessions(commands: argparse._SubParsersAction[argparse.ArgumentParser], launch: _Launched) -> None:
    """Add the command; `launch` says where settings come from. Without an action it lists."""
    sessions = commands.add_parser(
        "sessions",
        allow_abbrev=False,
        help="list stored sessions, and end them",
        description="List and end the sessions in session_store. Settings come as they do for `run`, and must be those"
        " of the app. What is ended here ends in every process within session_cache_seconds. Without an action they are"
        " listed.",
    )
    _add_listing(sessions)
    add_settings(sessions.add_argument_group("settings"))
    sessions.set_defaults(command=lambda arguments: _list(_admin(arguments, launch), arguments))
    wanted = sessions.add_subparsers(metavar="action", action=_Action)
    listed = wanted.add_parser("list", help="each session's id, and when it ends if nobody comes")
    _add_listing(listed, default=argparse.SUPPRESS)  # else it would undo what stood before the action
    revoke = wanted.add_parser("revoke", help="end one session")
    revoke.add_argument("session_id", metavar="SESSION_ID", help="as `list` and the app's identity show it")
    revoke.set_defaults(command=lambda arguments: _revoke(_admin(arguments, launch), arguments))
    revoke_user = wanted.add_parser("revoke-user", help="end all sessions of a person")
    revoke_user.add_argument("subject", metavar="SUBJECT", help="the claim sub")
    revoke_user.set_defaults(command=lambda arguments: _revoke_user(_admin(arguments, launch), arguments))
    for action in (listed, revoke, revoke_user):  # people write them behind it, as with other commands
        add_settings(action.add_argument_group("settings"), default=argparse.SUPPRESS)


class _Action(argparse._SubParsersAction):  # type: ignore[type-arg]  # no subscript at run time
    """argparse's own has flags behind the action take the place of lists that stood before it."""

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, *rest: Any) -> None:
        """Read what is behind the action; `--set` and `--oidc-scope` add to what stood before it."""
        before = {name: getattr(namespace, name) for name in ("set", "oidc_scope")}
        super().__call__(parser, namespace, *rest)
        for name, values in before.items():
            behind = getattr(namespace, name)
            if values and behind is not values:
                setattr(namespace, name, [*values, *behind])


def _add_listing(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    parser.add_argument("--as-json", action="store_true", default=default or False, help="print JSON")
    parser.add_argument(
        "--audit",
        metavar="FILE",
        default=default,
        help="audit events of the app, by which to say who it is; - is stdin; with --as-json",
    )


def _list(sessions: StoredSessions, arguments: argparse.Namespace) -> int:
    if arguments.audit is not None and not arguments.as_json:
        print("oidc-gate: --audit says who it is in JSON alone: add --as-json", file=sys.stderr)
        return 2
    if not arguments.as_json:
        for line in sessions.listed():
            print(line)
        return 0
    described, separator = sessions.described(arguments.audit), ""
    print('{"version": 1, "sessions": [')
    for session in described:  # one by one, for a store may hold very many
        print(separator, json.dumps(session), sep="", end="")
        separator = ",\n"
    print("\n]}")
    return 0


def _revoke(sessions: StoredSessions, arguments: argparse.Namespace) -> int:
    if sessions.revoke(arguments.session_id):
        print("ended")
        return 0
    print("oidc-gate: there is no session with this id", file=sys.stderr)
    return 1


def _revoke_user(sessions: StoredSessions, arguments: argparse.Namespace) -> int:
    ended = sessions.revoke_user(arguments.subject)
    print(f"ended {ended} session{'' if ended == 1 else 's'}")
    return 0


def _admin(arguments: argparse.Namespace, launch: _Launched) -> StoredSessions:
    from oidc_gate.command.stored_sessions import StoredSessions

    return StoredSessions(launch(arguments).settings_or("not-used-for-no-cookie-is-opened-here"))
