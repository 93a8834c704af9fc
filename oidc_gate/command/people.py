"""For whom a gate on paper is asked: somebody with these claims, or whoever a cookie was set for."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Any, NoReturn

from oidc_gate.command.on_paper import PaperGate
from oidc_gate.command.stored_sessions import check_is_there
from oidc_gate.errors import SettingsError, StoreError
from oidc_gate.sessions import AskingBackend, OpenSession

__all__ = ["checked_claims", "claims_in", "of_cookie", "text_of"]

#: In place of a subject: rules do not go by it, but nobody is without one.
_SUBJECT = "sub"
#: So many lists and objects may stand in each other.
_DEEPEST = 50


def text_of(what: str, path: str | Path) -> str:
    """Return what a file holds, or stdin where it is `-`. Raises SettingsError, which begins with `what`."""
    try:
        return sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        reason = "not UTF-8 text"
    except (OSError, ValueError) as error:  # ValueError: no file has such a name
        reason = getattr(error, "strerror", "not the path of a file")
    raise SettingsError(f"{what} {path} cannot be read ({reason}).")


def claims_in(what: str, path: str | Path) -> dict[str, Any]:
    """Return the claims in a JSON file. Raises SettingsError, which begins with `what`."""
    text = text_of(what, path)
    try:
        claims = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{what} {path} is not valid JSON: {error}.") from None
    return checked_claims(f"{what} {path}", claims)


def checked_claims(where: str, claims: Any) -> dict[str, Any]:
    """Return the claims, with a subject. Raises SettingsError for what no provider can send."""
    if not isinstance(claims, dict):
        raise SettingsError(f'{where} must be an object of claims, like {{"email": "ann@example.com"}}.')
    for name, value in claims.items():
        if not _is_json(value):
            raise SettingsError(
                f"{where}: the claim {name} holds what JSON cannot hold, and no provider can send, or is nested too"
                " deeply; dates are texts, or seconds since 1970."
            )
    subject = claims.get("sub", _SUBJECT)
    if not isinstance(subject, str) or not subject:
        raise SettingsError(f"{where}: the claim sub must be text that is not empty.")
    return claims | {"sub": subject}


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")


def _is_json(value: Any, depth: int = 0) -> bool:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        return depth < _DEEPEST and all(_is_json(each, depth + 1) for each in value)
    return value is None or isinstance(value, str | int) or (isinstance(value, float) and isfinite(value))


def of_cookie(gate: PaperGate, path: str) -> OpenSession:
    """Return the living session that a Cookie header leads to, or one cookie's value, in a file or on stdin.

    Raises SettingsError where it leads to none.
    """
    sent = text_of("--as-cookie", path).strip()
    if sent[:7].lower() == "cookie:":
        sent = sent[7:].strip()
    components = gate.components
    backend = components.sessions.backend
    if isinstance(backend, AskingBackend):
        check_is_there(backend.store)
    both = (components.secure_cookies, components.plain_cookies)
    names = [name for cookies in both for name in cookies.session_names]
    headers = [sent] if "=" in sent else [f"{name}={sent}" for name in names]
    found = [cookies.session_text(header) for cookies in both for header in headers]
    sealed = [(name, text) for name, text in found if text]
    for name, text in sealed:
        opened = _opened(gate, text, name)
        if opened is not None:
            return opened
    if sealed:
        raise SettingsError(
            f"--as-cookie {path} opens no session: it has ended, or was begun under other settings (cookie_secret,"
            " issuer_url, client_id, auth_id, session_store)."
        )
    raise SettingsError(
        f"--as-cookie {path} holds no whole session of this gate, whose cookie is {' or '.join(names)}. A long session"
        " stands in several cookies: copy the whole Cookie header."
    )


def _opened(gate: PaperGate, text: str, name: str) -> OpenSession | None:
    try:
        return gate.components.sessions.load(text, name, gate.components.clock())
    except StoreError as error:
        raise SettingsError(f"--as-cookie: the session store does not answer: {error}.") from None
