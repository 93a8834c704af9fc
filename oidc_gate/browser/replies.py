"""Answers that are no page: JSON for programs, in English, redirects, and what else has no words for people."""

from __future__ import annotations

import json
import secrets
from typing import Any

from oidc_gate.decisions import Reply

__all__ = ["COMMON", "accepted", "blank", "challenge", "grpc_status", "json_reply", "redirect", "reference"]

Header = tuple[str, str]

_NO_STORE: Header = ("cache-control", "no-store")
#: What all answers of the gate have.
COMMON: tuple[Header, ...] = (
    _NO_STORE,
    ("x-content-type-options", "nosniff"),
    # Not no-referrer: browsers would then say that a form of our own comes from nowhere, as they do of another site's.
    ("referrer-policy", "same-origin"),
)
_JSON_HEADERS: tuple[Header, ...] = (("content-type", "application/json"), *COMMON)


def reference() -> str:
    """Return a fresh reference: it stands on the page and in the log, and joins the two."""
    return secrets.token_hex(5)


def redirect(url: str, headers: tuple[Header, ...] = (), *, status: int = 302) -> Reply:
    """Return a redirect that no cache keeps."""
    return Reply(status, (("location", url), ("content-type", "text/plain; charset=utf-8"), *COMMON, *headers))


def blank() -> Reply:
    """Return an empty page that the provider may show in a frame of its own."""
    return Reply(
        200, (("content-type", "text/html; charset=utf-8"), *COMMON), b"<!doctype html><title>Signed out</title>"
    )


def accepted() -> Reply:
    """Return the answer to what was taken and has no other answer; servers want a type even of no body."""
    return Reply(202, (("content-type", "text/plain; charset=utf-8"), *COMMON))


def json_reply(status: int, value: Any, headers: tuple[Header, ...] = ()) -> Reply:
    """Return an answer for a program."""
    return Reply(status, (*_JSON_HEADERS, *headers), json.dumps(value).encode())


def challenge(login_path: str) -> Header:
    """Return the header that a 401 must have (RFC 9110, 15.5.2)."""
    return ("www-authenticate", f'OIDC login_url="{login_path}"')


def grpc_status(status: int, text: str, content_type: str) -> Reply:
    """Return a gRPC status as gRPC-web has it, in the headers of an answer without a body (trailers-only)."""
    headers = (("content-type", content_type), *COMMON, ("grpc-status", str(status)), ("grpc-message", text))
    return Reply(200, headers)
