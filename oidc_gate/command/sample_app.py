"""The app that `oidc-gate demo` shows where none is named: who is signed in, and the gate's own paths."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING

from oidc_gate.carriers import identity_of
from oidc_gate.identity import Identity

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

__all__ = ["sample_app"]

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
