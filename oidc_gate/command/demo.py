"""`oidc-gate demo`: a local provider and a gated sample app, to see a login with no account and no network."""

from __future__ import annotations

import importlib.util
import secrets
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, TextIO

from oidc_gate.carriers import identity_of
from oidc_gate.command.demo_provider import PEOPLE, Person, local_server
from oidc_gate.command.provider_process import ASKING_FOR_NAMES, provider_process
from oidc_gate.errors import SettingsError
from oidc_gate.identity import Identity
from oidc_gate.settings import Settings
from oidc_gate.wsgi import OIDCGate

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["demo", "sample_app", "serve_demo", "stopping"]

#: Who may pass the demo's gate: all but Eve.
ALLOWED_GROUP = "engineers"

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>
  :root {{ color-scheme: light dark }}
  body {{ max-width: 34rem; margin: 0 auto; padding: 3rem 1.25rem; font: 1.05rem/1.6 system-ui, sans-serif }}
  h1 {{ margin: 0 0 .5rem; font-size: 1.8rem; line-height: 1.2 }}
  dl {{ display: grid; grid-template-columns: max-content 1fr; gap: .4rem 1.25rem; margin: 2rem 0 }}
  dt {{ opacity: .7 }}
  dd {{ margin: 0; overflow-wrap: anywhere }}
  nav {{ display: flex; flex-wrap: wrap; gap: .6rem }}
  nav a {{ padding: .5rem 1rem; border: 1px solid #8888; border-radius: .5rem; color: inherit; text-decoration: none }}
  nav a:hover, nav a:focus {{ border-color: currentColor }}
</style>
<h1>{title}</h1>
{body}
<nav>{links}</nav>
</html>
"""


def demo(port: int) -> int:
    """Serve the demo on this port of 127.0.0.1 (0: any free one) until Ctrl-C or SIGTERM; return the exit status.

    Raises SettingsError where the extra `demo` is not installed or the port is taken.
    """
    if importlib.util.find_spec("nanoidp") is None:
        raise SettingsError("The demo needs its local provider. Install it: pip install 'oidc-gate[demo]'")
    stop = threading.Event()
    with stopping(stop):
        return serve_demo(port, stop, sys.stdout)


def serve_demo(port: int, stop: threading.Event, out: TextIO) -> int:
    """Serve the demo until `stop` is set: 0; or until the provider ends by itself: 1."""
    secret = secrets.token_urlsafe()
    with _listener(port) as listener:
        home = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with _provider(home, secret) as (process, issuer), _serving(listener, _gated(issuer, secret)):
            print(_instructions(home), file=out, flush=True)
            while process.poll() is None:
                if stop.wait(0.2):
                    return 0
    print("The demo's provider has ended; so has the demo.", file=sys.stderr)
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


def sample_app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Show who is signed in: all that an app needs to do with the gate in front of it."""
    identity = identity_of(environ)
    page = _page_of(identity) if identity else _public_page()
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
    return [page.encode()]


def _page_of(identity: Identity) -> str:
    rows = {
        "Name": identity.name or "not given",
        "E-mail": identity.email or "not given",
        "Groups": ", ".join(identity.groups) or "not given",
        "Subject": identity.subject,
        "Signed in": _clock(identity.authenticated_at),
        "Session ends": _clock(identity.expires_at),
    }
    details = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in rows.items())
    links = {
        "Sign out": "/oauth2/logout",
        "Sign in as someone else": "/oauth2/login?next=/",
        "Userinfo": "/oauth2/userinfo",
        "Public page": "/public",
    }
    body = f"<p>This page is behind oidc_gate. The app was told who you are.</p><dl>{details}</dl>"
    return _page(f"Hello, {identity.display_name}", body, links)


def _public_page() -> str:
    return _page("Nobody is signed in", "<p>This page is public.</p>", {"Sign in": "/"})


def _page(title: str, body: str, links: dict[str, str]) -> str:
    anchors = "".join(f'<a href="{address}">{name}</a>' for name, address in links.items())
    return _PAGE.format(title=escape(title), body=body, links=anchors)


def _clock(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).astimezone().strftime("%H:%M:%S on %A")


def _gated(issuer: str, client_secret: str) -> WSGIApplication:
    """Return the sample app behind the gate; nothing is taken from the environment, which may hold real settings."""
    settings = Settings(
        issuer_url=issuer,
        client_id="demo",
        client_secret=client_secret,
        cookie_secret=secrets.token_urlsafe(32),
        public_paths=["/public"],
        allow_groups=[ALLOWED_GROUP],
        authz_url_params=ASKING_FOR_NAMES,
    )
    return OIDCGate(sample_app, settings=settings)


def _listener(port: int) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError as error:
        raise SettingsError(f"Port {port} cannot be used ({error.strerror}). Choose another: --port 0") from None


@contextmanager
def _serving(listener: socket.socket, application: WSGIApplication) -> Iterator[None]:
    server = local_server(listener, application)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _provider(home: str, client_secret: str) -> AbstractContextManager[tuple[subprocess.Popen[str], str]]:
    """Run the provider for an app at this address, by either name of this machine."""
    homes = (home, home.replace("127.0.0.1", "localhost"))
    return provider_process("demo", client_secret, [f"{address}/oauth2/callback" for address in homes])


def _instructions(home: str) -> str:
    people = "\n".join(f"    {person.username:<8}{person.password:<12}{_introduced(person)}" for person in PEOPLE)
    return f"""
Open  {home}/

Sign in at the provider as (user name, password):
{people}

Stop with Ctrl-C.
"""


def _introduced(person: Person) -> str:
    groups = " and ".join(person.groups)
    return f"{person.name}, in {groups}{'' if ALLOWED_GROUP in person.groups else ', who may not pass'}"
