"""`oidc-gate demo`: a login to look at, without an account: made-up people, and a provider on this machine.

Behind the gate stands a sample app, or an app of one's own: WSGI, ASGI, or whatever listens at an address. Whoever can
open the address can sign in, so it is one of this machine alone. Once everything is installed nothing is asked of the
network.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NamedTuple, TextIO
from urllib.parse import urlencode

from oidc_gate.command.demo_provider import PEOPLE, Person
from oidc_gate.command.demo_server import serving
from oidc_gate.command.listening import check_no_circle, is_there
from oidc_gate.command.provider_process import ASKING_FOR_NAMES, provider_process
from oidc_gate.command.run import gated, loaded
from oidc_gate.command.sample_app import sample_app
from oidc_gate.errors import SettingsError
from oidc_gate.outermost import gate_in_front_of
from oidc_gate.settings import Settings

__all__ = ["Shown", "demo", "serve_demo", "stopping"]

#: Who may see the sample app: all but Eve.
ALLOWED_GROUP = "engineers"

#: What the demo sets itself: its people sign in at its own provider, and come back to this machine.
_ITS_OWN = ("issuer_url", "client_id", "client_secret", "client_secret_file", "cookie_secret", "cookie_secret_file",
            "authz_url_params", "base_url")  # fmt: skip


class Shown(NamedTuple):
    """What the demo was asked to show.

    - `target`: an app's name or address, `""` for the sample app
    - `port`: where the gate listens, 0 for any free port
    - `options`: settings of the gate, as texts
    """

    target: str = ""
    port: int = 0
    options: Mapping[str, str] = {}


def demo(shown: Shown) -> int:
    """Serve the demo on 127.0.0.1 until Ctrl-C or SIGTERM; return the exit status.

    Raises SettingsError where the extra `demo` is not installed, the port is taken, or the app cannot be shown.
    """
    if importlib.util.find_spec("nanoidp") is None:
        raise SettingsError("The demo needs its local provider. Install it: pip install 'oidc-gate[demo]'")
    stop = threading.Event()
    with stopping(stop):
        return serve_demo(shown, stop, sys.stdout)


def serve_demo(shown: Shown, stop: threading.Event, out: TextIO) -> int:
    """Serve the demo until `stop` is set: 0; or until the provider or the app's server ends by itself: 1."""
    _check_options(shown)
    secret = secrets.token_urlsafe()
    with _listener(shown.port) as listener:
        home = f"http://127.0.0.1:{listener.getsockname()[1]}"
        print("Starting a provider on this machine …", file=out, flush=True)
        with _provider(home, secret, shown) as (process, issuer), _environment(_settings(shown, issuer, secret)):
            with _quiet():
                app, notes = _behind_gate(shown, issuer, listener.getsockname()[1])
            with serving(listener, app) as server:
                print(_instructions(home, shown, notes), file=out, flush=True)
                while server.is_alive() and process.poll() is None:
                    if stop.wait(0.2):
                        return 0
                ended = "provider" if server.is_alive() else "app"
    print(f"The {ended} has ended; so has the demo.", file=sys.stderr)
    return 1


@contextmanager
def stopping(stop: threading.Event) -> Iterator[None]:
    """Make Ctrl-C and SIGTERM set the event, in the main thread and until the block ends."""
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _check_options(shown: Shown) -> None:
    """Refuse settings without which it would not be the demo. Raises SettingsError."""
    if shown.options and not shown.target:
        raise SettingsError("--set is for an app of your own: oidc-gate demo module:app --set FIELD=VALUE")
    for name in _ITS_OWN:
        if name in shown.options:
            raise SettingsError(
                f"--set {name}: the demo has a provider of its own, on this machine. With yours it is:"
                f" oidc-gate run {shown.target} --oidc=ISSUER --oidc-client-id=ID"
            )


def _listener(port: int) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError as error:
        raise SettingsError(f"Port {port} cannot be used ({error.strerror}). Choose another: --port 0") from None


def _provider(home: str, client_secret: str, shown: Shown) -> AbstractContextManager[tuple[subprocess.Popen[str], str]]:
    """Run the provider for an app at this address, by either name of this machine."""
    uris = [f"{address}/oauth2/callback" for address in (home, home.replace("127.0.0.1", "localhost"))]
    what = f"{shown.target}, behind the gate" if shown.target else "the sample app of oidc_gate"
    return provider_process("demo", client_secret, uris, description=what)


def _settings(shown: Shown, issuer: str, client_secret: str) -> dict[str, str]:
    """Return the gate's settings as texts."""
    usual = {
        "issuer_url": issuer,
        "client_id": "demo",
        "client_secret": client_secret,
        "cookie_secret": secrets.token_urlsafe(32),
        "authz_url_params": urlencode(ASKING_FOR_NAMES),
    }
    if not shown.target:
        usual |= {"public_paths": "/public", "allow_groups": ALLOWED_GROUP}
    return usual | dict(shown.options)


@contextmanager
def _environment(settings: Mapping[str, str]) -> Iterator[None]:
    """Have the environment hold these settings alone, for gates that go by it; what was there may be real settings."""
    before = {name: value for name, value in os.environ.items() if name.upper().startswith("OIDC_GATE_")}
    during = {f"OIDC_GATE_{name.upper()}": value for name, value in settings.items()}
    _replace(before, during)
    try:
        yield
    finally:
        _replace(during, before)


@contextmanager
def _quiet() -> Iterator[None]:
    """Leave unsaid what a gate says at its start: that everybody may pass is what the demo is for."""
    logger = logging.getLogger("oidc_gate")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def _replace(old: Mapping[str, str], new: Mapping[str, str]) -> None:
    for name in old:
        os.environ.pop(name, None)
    os.environ.update(new)


def _behind_gate(shown: Shown, issuer: str, port: int) -> tuple[Any, str]:
    """Return the app behind a gate, and what is to be said of it. Raises SettingsError."""
    if not shown.target:
        return gated(sample_app, "wsgi", Settings.from_env())[1], ""
    app = loaded(shown.target)
    if callable(app):
        own = gate_in_front_of(app)
        if own is None:
            return gated(app, "auto", Settings.from_env())[1], ""
        if own._gate._components.settings.issuer_url != issuer:
            raise SettingsError(
                f"{shown.target} has a gate of its own already, for another provider. Take that one out of the code for"
                " as long as you try; or have it take its settings from the environment, where the demo's are:"
                " OIDCGate(app) without issuer_url, client_id and the secrets."
            )
        return app, f"{shown.target} has a gate in its code, which goes by the demo's settings.\n"
    check_no_circle(app, port)
    told = shown.options.get("identity_headers", "x-forwarded")
    gate = gated(app, "auto", Settings.from_env(identity_headers=told))[1]
    notes = "The app is told who asks by X-Forwarded-User, -Email and -Groups.\n" if told == "x-forwarded" else ""
    return gate, notes if is_there(app) else f"Nothing listens at {app} yet: start your app there.\n{notes}"


def _instructions(home: str, shown: Shown, notes: str) -> str:
    people = "\n".join(
        f"    {person.username:<8}{person.password:<12}{_introduced(person, is_sample=not shown.target)}"
        for person in PEOPLE
    )
    what = f"which is {shown.target} behind the gate" if shown.target else "which shows a sample app behind the gate"
    return f"""
Open  {home}/  {what}.
{notes}
Sign in at the provider as (user name, password):
{people}

This is for trying out, not for production: whoever can open that address can sign in.
Stop with Ctrl-C.
"""


def _introduced(person: Person, *, is_sample: bool) -> str:
    groups = " and ".join(person.groups)
    refused = is_sample and ALLOWED_GROUP not in person.groups
    return f"{person.name}, in {groups}{', who may not pass' if refused else ''}"
