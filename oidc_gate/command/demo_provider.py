"""The demo's OpenID provider: nanoidp, on a free port of this machine, in a process of its own.

nanoidp keeps its state in globals and sets up logging for the whole process, so `oidc_gate.demo` gives it a process of
its own, which calls `main`. That process lives exactly as long as its standard input stays open: however the parent
ends, even killed, the provider stops and its folder of keys and settings is removed.

On standard input comes one line of JSON, the client to register; on standard output goes one, `{"issuer": …}`.
"""

from __future__ import annotations

import json
import re
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

__all__ = ["PEOPLE", "Person", "local_server", "main", "serve_provider"]


class Person(NamedTuple):
    """Someone who can sign in at the demo's provider."""

    username: str
    password: str
    name: str
    groups: tuple[str, ...]


PEOPLE = (
    Person("ada", "engine", "Ada Lovelace", ("admins", "engineers")),
    Person("grace", "compiler", "Grace Hopper", ("engineers",)),
    Person("eve", "apple", "Eve", ("visitors",)),  # whom the demo's gate does not let through
)

# nanoidp's pages take Bootstrap from a CDN. The demo promises to need no network (and without one a browser may wait
# long for a stylesheet), so those links are taken out and this takes their place.
_FROM_THE_NETWORK = re.compile(r'<link[^>]*href="https?:[^>]*>|<script[^>]*src="https?:[^>]*></script>')
_STYLE = """<style>
:root { color-scheme: light dark }
*, ::before, ::after { box-sizing: border-box }
body { margin: 0; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif }
h3 { margin: 0; font-size: 1.4rem } .bi { display: none } .d-block { display: block }
.client-info { margin-bottom: 1.5rem } .badge { padding: .1rem .5rem; border-radius: 1rem; background: #8883 }
.alert { margin-bottom: 1rem; padding: .75rem 1rem; border-radius: .5rem; background: #c0392b; color: #fff }
.btn-close { display: none } .text-center { text-align: center }
.form-floating { display: flex; flex-direction: column-reverse; margin-bottom: 1rem }
.form-floating > label { color: inherit !important }
.form-control { width: 100%; padding: .6rem .75rem; border: 1px solid #8888; border-radius: .5rem; font: inherit }
.btn { width: 100%; padding: .7rem; border: 0; border-radius: .5rem; background: #0d6efd; color: #fff; font: inherit }
.authorize-card { width: 100% }
.who { width: 100%; margin-bottom: 1.5rem; border-collapse: collapse; font-size: .9rem; text-align: left }
.who caption { margin-bottom: .25rem; text-align: left } .who th { font-weight: normal; opacity: .7 }
.who td, .who th { padding: .15rem .75rem .15rem 0 } .who td:nth-child(-n+2) { font-family: monospace }
@media (prefers-color-scheme: dark) {
  .authorize-card, .client-info, .form-control { background: #1c2028 !important; color: #e8eaee !important }
}
</style></head>"""


#: Above the form to sign in with: nobody has to look the passwords up.
_WHO = """<table class="who"><caption>Made-up people, to try things out with</caption>
<tr><th>Username</th><th>Password</th><th>Groups</th></tr>{rows}</table>
<form"""


class _QuietHandler(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002  (werkzeug's name for it)
        """Write no line for each request."""


def local_server(listener: socket.socket, application: WSGIApplication) -> BaseWSGIServer:
    """Return a quiet threaded server of the application on this listening socket; the caller runs and closes it."""
    host, port = listener.getsockname()
    return make_server(host, port, application, True, 1, _QuietHandler, fd=listener.fileno())


def main() -> None:
    """Serve until standard input ends.

    Signals are for the parent: Ctrl-C reaches the whole process group, and the provider must not be gone before
    the parent has answered its last request.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    serve_provider(sys.stdin, sys.stdout)


def serve_provider(lifeline: TextIO, announce: TextIO) -> None:
    """Read the client from `lifeline`, write the issuer to `announce`, serve until `lifeline` ends, leave no files.

    Raises ImportError where nanoidp is missing.
    """
    client = json.loads(lifeline.readline())
    with TemporaryDirectory(prefix="oidc-gate-demo-") as folder, socket.create_server(("127.0.0.1", 0)) as listener:
        issuer = f"http://127.0.0.1:{listener.getsockname()[1]}"
        _write_configuration(Path(folder), issuer, client)
        server = local_server(listener, _application(folder))
        threading.Thread(target=_at_the_end_of, args=(lifeline, server.shutdown), daemon=True).start()
        print(json.dumps({"issuer": issuer}), file=announce, flush=True)
        server.serve_forever()
        server.server_close()


def _at_the_end_of(lifeline: TextIO, stop: Callable[[], None]) -> None:
    lifeline.read()
    stop()


def _write_configuration(folder: Path, issuer: str, client: Mapping[str, Any]) -> None:
    """Write nanoidp's two files. JSON is YAML too."""
    settings = {
        "oauth": {
            "issuer": issuer,
            "clients": [{**client, "token_endpoint_auth_method": "client_secret_basic", "show_description": True}],
        },
        "security_profile": "oauth21",  # PKCE and registered redirect URIs are enforced
        "config_validation": "strict",
        "cors_allowed_origins": [],
        "jwt": {"keys_dir": str(folder / "keys")},
        # Its pages for changing settings and users are of no use here.
        "session": {
            "secret_key": secrets.token_urlsafe(),
            "management_secret": secrets.token_urlsafe(),
            "require_ui_login": True,
        },
        "logging": {"level": "ERROR"},
    }
    users = {person.username: _user(person) for person in PEOPLE}
    (folder / "settings.yaml").write_text(json.dumps(settings))
    (folder / "users.yaml").write_text(json.dumps({"users": users}))


def _user(person: Person) -> dict[str, Any]:
    return {
        "password": person.password,
        "email": f"{person.username}@example.com",
        "groups": list(person.groups),
        "attributes": {"name": person.name},
    }


def _application(folder: str) -> Any:
    from nanoidp.app import create_app

    application = create_app(folder)
    application.after_request(_dressed)
    return application


def _dressed(response: Any) -> Any:
    """Take out of a page what comes from the network, and put in who can sign in."""
    if response.mimetype == "text/html":
        text: str = _FROM_THE_NETWORK.sub("", response.get_data(as_text=True)).replace("</head>", _STYLE, 1)
        if 'type="password"' in text:
            text = text.replace("<form", _WHO.format(rows="".join(map(_row, PEOPLE))), 1)
        response.set_data(text)
    return response


def _row(person: Person) -> str:
    cells = (person.username, person.password, ", ".join(person.groups))
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
