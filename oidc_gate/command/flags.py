"""Flags that several commands take, and how what stands behind a flag is read."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

__all__ = [
    "Version",
    "add_demo",
    "add_examination",
    "add_question",
    "add_serving",
    "add_settings",
    "add_token",
    "assignment",
    "header",
    "loopback",
    "port",
    "positive",
    "public_url",
]

_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e]*)", re.ASCII)
#: Who asks, and for which host, is said otherwise.
_SAID_OTHERWISE = {"host": "--host", "cookie": "--as-cookie", "authorization": "--token"}


class Version(argparse.Action):
    """argparse's own `version` would have the version looked up for each command."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        """Print the version, and exit."""
        from importlib.metadata import version

        print(f"oidc-gate {version('oidc-gate')}")
        parser.exit()


def add_settings(group: argparse._ArgumentGroup, default: str | None = None) -> None:
    """Add those that say what the settings are. `default`: of each that is not given."""
    group.add_argument("--oidc", metavar="ISSUER", default=default, help="issuer_url: the provider's address")
    group.add_argument("--oidc-client-id", metavar="ID", default=default, help="client_id")
    group.add_argument(
        "--oidc-client-secret",
        metavar="SECRET",
        default=default,
        help="client_secret; other users of this machine can read a command line, so prefer OIDC_GATE_CLIENT_SECRET"
        " or OIDC_GATE_CLIENT_SECRET_FILE",
    )
    group.add_argument(
        "--oidc-scope",
        metavar="SCOPE",
        action="append",
        default=default,
        help="scopes: repeat it, or list with commas",
    )
    group.add_argument(
        "--set", metavar="FIELD=VALUE", type=assignment, action="append", default=default, help="any other setting"
    )
    files = group.add_mutually_exclusive_group()
    files.add_argument("--config", metavar="FILE", default=default, help="settings in a TOML file")
    files.add_argument(
        "--traffic-policy-file", metavar="FILE", default=default, help="ngrok Traffic Policy, YAML or JSON"
    )


def add_serving(command: argparse.ArgumentParser) -> None:
    """Add those that say how the gate is served."""
    command.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    command.add_argument("--port", type=port, default=8000, help="port to listen on (default: %(default)s)")
    command.add_argument("--workers", type=positive, default=1, help="worker processes (default: %(default)s)")
    command.add_argument(
        "--url",
        "--domain",
        metavar="URL",
        type=public_url,
        help="base_url: the address that people open, which has to lead here: there is no tunnel",
    )
    command.add_argument(
        "--host-header",
        metavar="HOST",
        help="upstream_host: the Host that an app at an address is told: keep (the default), rewrite, or a host",
    )


def add_demo(demo: argparse.ArgumentParser) -> None:
    """Add those that say what the demo shows, and where."""
    demo.add_argument(
        "target",
        metavar="module:app|URL",
        nargs="?",
        default="",
        help="your app: module:app, or where it listens: 3000, http://127.0.0.1:3000; without it, the sample app",
    )
    demo.add_argument("--port", type=port, default=0, help="to listen on; 0, the default, takes a free one")
    demo.add_argument("--host", type=loopback, default="127.0.0.1", help="127.0.0.1 or localhost, and no other")
    demo.add_argument(
        "--set",
        metavar="FIELD=VALUE",
        type=assignment,
        action="append",
        default=[],
        help="a setting of the gate in front of your app, like allow_groups=engineers",
    )


def add_examination(doctor: argparse.ArgumentParser) -> None:
    """Add those that say what `doctor` looks at, and how it tells."""
    doctor.add_argument("--about", metavar="ID", help="say what a check means, why it matters, how to mend it; like P7")
    doctor.add_argument("--json", action="store_true", help="print JSON")
    doctor.add_argument("--strict", action="store_true", help="exit status 1 for a warning too")
    doctor.add_argument("--offline", action="store_true", help="ask nobody: only what can be told on this machine")
    doctor.add_argument("--no-controls", action="store_true", help="send nothing that is wrong on purpose")
    doctor.add_argument("--direct", metavar="HOST:PORT", help="where the app is to be reached by nobody but its proxy")


def add_question(explain: argparse.ArgumentParser) -> None:
    """Add those that say what `explain` is asked, and how it tells."""
    explain.add_argument("method", metavar="METHOD", nargs="?", help="GET, POST, …; a WebSocket handshake is a GET")
    explain.add_argument("path", metavar="PATH", nargs="?", help="as it is sent: percent-encoded; a query is left out")
    explain.add_argument("--host", help="the Host header (default: that of base_url, else localhost)")
    explain.add_argument(
        "--header",
        metavar="NAME:VALUE",
        dest="headers",
        type=header,
        action="append",
        default=[],
        help="a header of the request, like X-HTTP-Method-Override: DELETE; may be repeated",
    )
    who = explain.add_mutually_exclusive_group()
    who.add_argument("--as", metavar="FILE", dest="claims", help="somebody with these claims, in JSON; - is stdin")
    who.add_argument(
        "--as-cookie", metavar="FILE", dest="cookie", help="whoever this Cookie header, or cookie's value, was set for"
    )
    who.add_argument(
        "--token", metavar="FILE", help="whoever this access token names; the provider is asked for its keys"
    )
    who.add_argument("--anonymous", action="store_true", help="somebody who has not signed in")
    explain.add_argument(
        "--list",
        action="store_true",
        dest="lists",
        help="all rules, or those for --host; with a person, what comes of a request there",
    )
    explain.add_argument("--check", metavar="FILE", help="expectations in TOML: [[cases]] with path, as, verdict, rule")
    explain.add_argument("--json", action="store_true", help="print JSON")


def add_token(token: argparse.ArgumentParser) -> None:
    """Add those that say how a person signs in for `token`, and what for."""
    token.add_argument("--device", action="store_true", help="sign in on another machine, by typing a code there")
    token.add_argument(
        "--resource", metavar="URL", help="what the token is to be for, where the provider asks (RFC 8707)"
    )
    token.add_argument(
        "--keep",
        metavar="FILE",
        type=Path,
        help="keep the tokens in this file, for its owner alone; the next call takes them from there, and renews them",
    )
    token.add_argument(
        "--port",
        type=port,
        default=0,
        help="of http://127.0.0.1:PORT/callback, where the browser comes back to; 0, the default, takes a free one",
    )
    token.add_argument(
        "--no-browser", action="store_false", dest="browser", help="open none: just say where to sign in"
    )


def port(text: str) -> int:
    """Return the number of a port."""
    if not (text.isdecimal() and int(text) < 65536):
        raise argparse.ArgumentTypeError(f"{text} is not a port: a number from 0 to 65535")
    return int(text)


def loopback(text: str) -> str:
    """Return the address of this machine that no other machine can reach; both of its names are one to the demo."""
    if text not in ("127.0.0.1", "localhost"):
        raise argparse.ArgumentTypeError(
            f"the demo's passwords are known to all, so it listens at 127.0.0.1, and not at {text}; to let others in,"
            " take a provider of yours, and oidc-gate run"
        )
    return "127.0.0.1"


def public_url(text: str) -> str:
    """Return the address that people open, as `base_url` has it; ngrok's may lack the scheme."""
    return text if "://" in text else f"https://{text}"


def positive(text: str) -> int:
    """Return a number from 1 up."""
    if not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text} is not a number from 1 up")
    return int(text)


def assignment(text: str) -> tuple[str, str]:
    """Return a setting's name and value."""
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"{text} is not FIELD=VALUE")
    return name, value


def header(text: str) -> tuple[str, str]:
    """Return a header's name and value."""
    found = _HEADER.fullmatch(text.strip())
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME:VALUE")
    name, value = found.groups()
    if name.lower() in _SAID_OTHERWISE:
        raise argparse.ArgumentTypeError(f"{name} is said with {_SAID_OTHERWISE[name.lower()]}")
    return name, value
