"""The gate's pages: plain HTML for people, JSON for programs. No outside asset; dark and small screens too.

Every value that comes from elsewhere is escaped, and the Content-Security-Policy allows nothing but the one style
sheet, by its hash, and on one page a script of one statement, by its own.
"""

from __future__ import annotations

import json
import secrets
from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from html import escape
from typing import Any

from oidc_gate.decisions import Reply

__all__ = [
    "blank",
    "challenge",
    "confirm_logout",
    "form_post",
    "framed",
    "grpc_status",
    "json_reply",
    "message",
    "redirect",
    "reference",
    "refusal",
    "reloading",
    "session_ended",
    "signed_out",
]

Header = tuple[str, str]

_STYLE = """
:root{color-scheme:light dark;--text:#1c2330;--soft:#5a6475;--back:#f4f6f9;--card:#fff;--line:#dde2ea;
--act:#1f5fd0;--on:#fff}
@media(prefers-color-scheme:dark){:root{--text:#e8ecf3;--soft:#a3adbd;--back:#12161d;--card:#1b212b;--line:#303948;
--act:#7fb0ff;--on:#0d1420}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.25rem;background:var(--back);color:var(--text);
font:1rem/1.55 system-ui,sans-serif}
main{width:100%;max-width:30rem;padding:2rem;background:var(--card);border:1px solid var(--line);border-radius:.75rem}
h1{margin:0 0 .75rem;font-size:1.4rem;line-height:1.25;text-wrap:balance}
p{margin:0 0 1rem;overflow-wrap:anywhere}
main>:last-child{margin-bottom:0}
.soft{color:var(--soft);font-size:.9rem}
.act{display:inline-block;padding:.65rem 1.15rem;border:0;border-radius:.5rem;background:var(--act);color:var(--on);
font:inherit;font-weight:600;text-decoration:none;cursor:pointer}
.act:focus-visible{outline:3px solid var(--text);outline-offset:2px}
footer{margin-top:1.5rem;padding-top:1rem;border-top:1px solid var(--line)}
footer p{margin:0;text-wrap:balance}
""".replace("\n", "")

#: Browsers hold a form's redirects against this too, and signing out may lead on to the provider.
_FORM_ACTION = "'self' https: http:"
_STYLE_HASH = b64encode(sha256(_STYLE.encode()).digest()).decode()

_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action {_FORM_ACTION}; base-uri 'none';"
    " frame-ancestors 'none'"
)

_NO_STORE: Header = ("cache-control", "no-store")
_COMMON: tuple[Header, ...] = (
    _NO_STORE,
    ("x-content-type-options", "nosniff"),
    # Not no-referrer: browsers would then say that a form of our own comes from nowhere, as they do of another site's.
    ("referrer-policy", "same-origin"),
)
_PAGE_HEADERS: tuple[Header, ...] = (
    ("content-type", "text/html; charset=utf-8"),
    *_COMMON,
    ("content-security-policy", _POLICY),
    ("x-frame-options", "DENY"),
)
#: What a page has in place of these headers that may be shown in a frame of the app's own.
_FRAMED: dict[str, Header] = {
    "content-security-policy": ("content-security-policy", _POLICY.replace("ancestors 'none'", "ancestors 'self'")),
    "x-frame-options": ("x-frame-options", "SAMEORIGIN"),
}
#: The one script of these pages, and what the page has in place of this header that it is on.
_SEND = "document.forms[0].submit()"
_SEND_HASH = b64encode(sha256(_SEND.encode()).digest()).decode()
_SENDING: dict[str, Header] = {
    "content-security-policy": ("content-security-policy", f"{_POLICY}; script-src 'sha256-{_SEND_HASH}'")
}
_JSON_HEADERS: tuple[Header, ...] = (("content-type", "application/json"), *_COMMON)


def reference() -> str:
    """Return a fresh reference: it stands on the page and in the log, and joins the two."""
    return secrets.token_hex(5)


def redirect(url: str, headers: tuple[Header, ...] = (), *, status: int = 302) -> Reply:
    """Return a redirect that no cache keeps."""
    return Reply(status, (("location", url), ("content-type", "text/plain; charset=utf-8"), *_COMMON, *headers))


def blank() -> Reply:
    """Return an empty page that the provider may show in a frame of its own."""
    return Reply(
        200, (("content-type", "text/html; charset=utf-8"), *_COMMON), b"<!doctype html><title>Signed out</title>"
    )


def json_reply(status: int, value: Any, headers: tuple[Header, ...] = ()) -> Reply:
    """Return an answer for a program."""
    return Reply(status, (*_JSON_HEADERS, *headers), json.dumps(value).encode())


def message(
    status: int,
    title: str,
    text: str,
    *,
    action: tuple[str, str] | None = None,
    note: str = "",
    headers: tuple[Header, ...] = (),
) -> Reply:
    """Return a page with a title, a text, perhaps one link (`action`: its text and address), and a note in small."""
    link = f'<p><a class="act" href="{escape(action[1])}">{escape(action[0])}</a></p>' if action else ""
    return _page(status, title, f"<p>{escape(text)}</p>{link}", note, headers)


def confirm_logout(logout_path: str, fields: dict[str, str]) -> Reply:
    """Return the page that asks whether to sign out, for someone whom another site has sent to the logout path."""
    form = (
        "<p>You have been sent here to sign out. Nothing has happened yet.</p>"
        f'<form method="post" action="{escape(logout_path)}">{_hidden(fields.items())}'
        '<button class="act">Sign out</button></form>'
    )
    return _page(200, "Sign out?", form, "", ())


def form_post(url: str, fields: Iterable[tuple[str, str]], headers: tuple[Header, ...]) -> Reply:
    """Return the page that sends the browser on to the provider with a form, for what is too long for an address.

    It is sent by itself where scripts run; else there is the button.
    """
    form = (
        "<p>You are signed out here. One more step ends your session at the sign-in provider.</p>"
        f'<form method="post" action="{escape(url)}">{_hidden(fields)}<button class="act">Go on</button></form>'
        f"<script>{_SEND}</script>"
    )
    return _with_others(_page(200, "Signing out", form, "", headers), _SENDING)


def signed_out(login_path: str, headers: tuple[Header, ...]) -> Reply:
    """Return the page after signing out. It leads nowhere by itself, for the provider may still know the person."""
    return message(
        200, "You are signed out", "You can close this window.", action=("Sign in again", login_path), headers=headers
    )


def challenge(login_path: str) -> Header:
    """Return the header that a 401 must have (RFC 9110, 15.5.2)."""
    return ("www-authenticate", f'OIDC login_url="{login_path}"')


def session_ended(asked: Header, back: str, *, is_step_up: bool = False) -> Reply:
    """Return the 401 for a form that came too late; `back` leads to the page that the form was on, signed in.

    `asked`: the header that says what is asked of programs. `is_step_up`: the session is there, and not good enough.
    """
    return message(
        401,
        "Please sign in again for this" if is_step_up else "Your session has ended",
        "What you sent has not been saved, but it is still in the page behind this one: go back, copy it, then sign in"
        " again and send it once more.",
        action=("Sign in", back),
        headers=(asked,),
    )


def framed(asked: Header, address: str) -> Reply:
    """Return the 401 for a frame, an embedded object or a download: providers do not show their pages in frames."""
    link = f'<p><a class="act" href="{escape(address)}" target="_blank" rel="noopener">Sign in in a new tab</a></p>'
    text = "<p>You are not signed in, and that cannot be done in here. Load this page again afterwards.</p>"
    return _with_others(_page(401, "Please sign in", text + link, "", (asked,)), _FRAMED)


def reloading(asked: Header, address: str) -> Reply:
    """Return the 401 for Turbo, which loads the page anew instead of showing this one in its place."""
    content = f'<p>You are not signed in any more.</p><p><a class="act" href="{escape(address)}">Sign in</a></p>'
    head = '<meta name="turbo-visit-control" content="reload">'
    return _page(401, "Please sign in", content, "", (asked,), head)


def grpc_status(status: int, text: str, content_type: str) -> Reply:
    """Return a gRPC status as gRPC-web has it, in the headers of an answer without a body (trailers-only)."""
    headers = (("content-type", content_type), *_COMMON, ("grpc-status", str(status)), ("grpc-message", text))
    return Reply(200, headers)


def refusal(
    status: int,
    code: str,
    title: str,
    text: str,
    *,
    page: bool,
    reference: str,
    action: tuple[str, str] | None = None,
    headers: tuple[Header, ...] = (),
) -> Reply:
    """Return an error: a page that says whose fault it is and what to do, or JSON with the same code."""
    if not page:
        return json_reply(status, {"error": code, "message": text, "reference": reference}, headers)
    return message(status, title, text, action=action, note=f"Error {code} · Reference {reference}", headers=headers)


def _hidden(fields: Iterable[tuple[str, str]]) -> str:
    return "".join(f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in fields)


def _page(status: int, title: str, content: str, note: str, headers: tuple[Header, ...], head: str = "") -> Reply:
    footer = f'<footer><p class="soft">{escape(note)}</p></footer>' if note else ""
    body = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex">'
        f"{head}<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{content}{footer}</main></body></html>"
    )
    # A name or an address in a claim may hold half a character, as programs leave it that cut texts to a length.
    return Reply(status, (*_PAGE_HEADERS, *headers), body.encode("utf-8", "replace"))


def _with_others(reply: Reply, others: dict[str, Header]) -> Reply:
    """Return the reply with other headers in place of those of the same name."""
    return reply._replace(headers=tuple(others.get(name, (name, value)) for name, value in reply.headers))
