"""The command `oidc-gate`: how its commands are asked for. What they do is in the modules that they name.

A SettingsError, whatever raised it, is one sentence on stderr and exit status 2; a store that is down, status 1.
Without a command the help is printed, and the status is 0: nothing went wrong.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oidc_gate.command.flags import (
    Version,
    add_demo,
    add_examination,
    add_question,
    add_serving,
    add_settings,
    add_token,
)
from oidc_gate.command.sessions import add_sessions
from oidc_gate.errors import SettingsError, StoreError

if TYPE_CHECKING:
    from oidc_gate.command.run import Launch

__all__ = ["main"]

#: As of a program that SIGPIPE has ended.
_PIPE_IS_BROKEN = 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status; argparse itself exits on a command line it cannot read."""
    try:
        try:
            return _ran(argv)
        finally:
            print(end="", flush=True)
    except BrokenPipeError:  # whoever reads, like `head`, has enough
        _leave_stdout()
        return _PIPE_IS_BROKEN


def _leave_stdout() -> None:
    """Have what is left to be written go nowhere, as Python would say so when it ends."""
    with suppress(OSError, ValueError):  # it may be no file at all
        stdout = sys.stdout.fileno()
        with Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), stdout)


def _ran(argv: Sequence[str] | None) -> int:
    parser = _parser()
    arguments = parser.parse_args(argv)
    if arguments.command is None:
        parser.print_help()
        return 0
    try:
        status: int = arguments.command(arguments)
    except SettingsError as error:
        print(f"oidc-gate: {error}", file=sys.stderr)
        return 2
    except StoreError as error:
        print(f"oidc-gate: the session store does not answer: {error}", file=sys.stderr)
        return 1
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="oidc-gate", description="An OpenID Connect login in front of any WSGI or ASGI app.", allow_abbrev=False
    )
    parser.add_argument("--version", action=Version, nargs=0, help="show the version and exit")
    parser.set_defaults(command=None)
    commands = parser.add_subparsers(metavar="command")
    _add_demo(commands)
    _add_run(commands)
    _add_http(commands)
    add_sessions(commands, _launch)
    _add_explain(commands)
    _add_doctor(commands)
    _add_token(commands)
    secret = commands.add_parser("secret", help="print a fresh cookie_secret, or put one in front of others")
    secret.add_argument(
        "--rotate",
        metavar="FILE",
        type=Path,
        help="put a fresh secret in front of those in this file, and print nothing: new sessions are sealed with it,"
        " the others stay good; drop the last one once max_session_duration is over",
    )
    secret.set_defaults(command=_secret)
    return parser


def _add_demo(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    demo = commands.add_parser(
        "demo",
        allow_abbrev=False,
        help="a login to look at, without an account: made-up people, in front of a sample app or of yours",
        description="Put the gate in front of a sample app, or of an app of yours, with a provider on this machine and"
        " made-up people to sign in as. It needs no account, no settings, and no network. For trying out, not for"
        " production: whoever can open the address can sign in, so it is an address of this machine alone.",
    )
    add_demo(demo)
    demo.set_defaults(command=_demo)


def _add_run(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    run = commands.add_parser(
        "run",
        allow_abbrev=False,
        help="serve an app behind the gate: WSGI, ASGI, or whatever listens at an address",
        description="Serve a WSGI app with gunicorn, or an ASGI app with uvicorn, behind the gate; or stand in front of"
        " an app in any language, as a proxy."
        " Settings come from the file, then from the environment (OIDC_GATE_<FIELD>), then from these flags."
        " SIGHUP has them read again.",
    )
    run.add_argument(
        "target",
        metavar="module:app|URL",
        help='module:app, or a factory: "module:create_app()"; or where the app listens: http://127.0.0.1:3000,'
        " unix:/run/app.sock",
    )
    add_serving(run)
    run.add_argument("--interface", choices=("auto", "wsgi", "asgi"), default="auto", help="what the app is")
    add_settings(run.add_argument_group("settings"))
    run.set_defaults(command=_run)


def _add_http(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    http = commands.add_parser(
        "http",
        allow_abbrev=False,
        help="stand in front of the app at a port, in whatever language it is: as `ngrok http 3000`",
        description="The same as `run` with an address: stand in front of an app that listens at a port of this"
        " machine. Settings come as they do for `run`.",
    )
    http.add_argument(
        "target", metavar="ADDRESS", help="where the app listens: 3000, localhost:3000, http://[::1]:3000"
    )
    add_serving(http)
    add_settings(http.add_argument_group("settings"))
    http.set_defaults(command=_http)


def _add_explain(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    explain = commands.add_parser(
        "explain",
        allow_abbrev=False,
        help="say which rule decides a request, and why",
        description="Say which rule decides a request, and why, condition by condition, by the code that answers"
        " requests. Settings come as they do for `run`; secrets may be missing, unless a cookie is opened. Exit status:"
        " 0 it passes (or all cases are as expected), 1 it does not, 2 something is wrong with settings or files.",
    )
    add_question(explain)
    add_settings(explain.add_argument_group("settings"))
    explain.set_defaults(command=_explain)


def _add_doctor(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    doctor = commands.add_parser(
        "doctor",
        allow_abbrev=False,
        help="say whether people will be able to sign in, before one of them tries",
        description="Check settings, network, provider, client, store and the app's own address (base_url), and say how"
        " to mend what is wrong. Settings come as they do for `run`. Exit status: 0 nothing failed, 1 something did, 2"
        " the settings are wrong.",
    )
    add_examination(doctor)
    add_settings(doctor.add_argument_group("settings"))
    doctor.set_defaults(command=_doctor)


def _add_token(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    token = commands.add_parser(
        "token",
        allow_abbrev=False,
        help="sign in at the provider, and print an access token for curl and scripts",
        description="Sign in at the provider in a browser, or with a code on another machine, and print the access"
        " token alone on stdout. Settings come as they do for `run`; without client_secret the client is a public one."
        " Exit status: 0 there is a token, 1 there is none, 2 the settings are wrong.",
    )
    add_token(token)
    add_settings(token.add_argument_group("settings"))
    token.set_defaults(command=_token)


def _secret(arguments: argparse.Namespace) -> int:
    from oidc_gate.command.secret import new_secret, rotate

    if arguments.rotate is None:
        print(new_secret())
    else:
        rotate(arguments.rotate, new_secret())
    return 0


def _explain(arguments: argparse.Namespace) -> int:
    from dataclasses import fields

    from oidc_gate.command.explain import Question, explain

    question = Question(**{each.name: getattr(arguments, each.name) for each in fields(Question)})
    status, text = explain(_launch(arguments), question, sys.stdout.encoding or "ascii")
    print(text)
    return status


def _doctor(arguments: argparse.Namespace) -> int:
    from dataclasses import fields
    from shutil import get_terminal_size

    from oidc_gate.command.doctor import Wanted, doctor

    wanted = Wanted(**{each.name: getattr(arguments, each.name) for each in fields(Wanted)})
    colour, width = False, None
    if sys.stdout.isatty():
        colour, width = not os.environ.get("NO_COLOR"), get_terminal_size().columns
    encoding = sys.stdout.encoding or "ascii"
    status, text = doctor(_launch(arguments), wanted, encoding, colour=colour, width=width)
    print(text)
    return status


def _token(arguments: argparse.Namespace) -> int:
    from dataclasses import fields

    from oidc_gate.command.token import Asked, token

    return token(_launch(arguments), Asked(**{each.name: getattr(arguments, each.name) for each in fields(Asked)}))


def _demo(arguments: argparse.Namespace) -> int:
    from oidc_gate.command.demo import Shown, demo

    return demo(Shown(arguments.target, arguments.port, dict(arguments.set)))


def _run(arguments: argparse.Namespace) -> int:
    from oidc_gate.command.run import serve

    served = {name: getattr(arguments, name) for name in ("target", "interface", "host", "port", "workers")}
    return serve(_launch(arguments, **served))


def _http(arguments: argparse.Namespace) -> int:
    from oidc_gate.proxy import read_upstream

    if read_upstream(arguments.target) is None:
        raise SettingsError(
            f"{arguments.target!r} is no address: write where the app listens, like 3000 or http://127.0.0.1:3000. A"
            f" Python app is served by: oidc-gate run {arguments.target}"
        )
    arguments.interface = "auto"
    return _run(arguments)


def _launch(arguments: argparse.Namespace, target: str = "", **served: Any) -> Launch:
    """Return what was asked for; commands that serve nothing use its settings alone."""
    from oidc_gate.command.run import Launch

    flags = {
        "issuer_url": arguments.oidc,
        "client_id": arguments.oidc_client_id,
        "client_secret": arguments.oidc_client_secret,
        "scopes": ",".join(arguments.oidc_scope or ()) or None,
        "base_url": getattr(arguments, "url", None),
        "upstream_host": getattr(arguments, "host_header", None),
    }
    return Launch(
        target=target,
        config=arguments.config,
        traffic_policy_file=arguments.traffic_policy_file,
        options={name: value for name, value in flags.items() if value is not None} | dict(arguments.set or ()),
        **served,
    )
