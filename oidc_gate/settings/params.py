"""Readers of pairs: parameters of requests, headers and the claims to be told in them.

They stand in a map, or in a query string where a setting is text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from oidc_gate.settings.readers import check_utf8, read_text

__all__ = ["TAKEN_HEADERS", "read_identity_headers", "read_params"]

#: What begins another pair where commas stand between them.
_AFTER_COMMA = re.compile(r",\s*[A-Za-z][A-Za-z0-9_.-]*=")


def read_params(value: Any) -> tuple[tuple[str, str], ...]:
    """Return name and value pairs, from a map or from a query string."""
    if isinstance(value, str):
        value = _pairs_of_query(value.strip())
    if not isinstance(value, Mapping):
        raise ValueError("must be a map of names and texts")
    return tuple((_param_name(name), _param_text(item)) for name, item in value.items())


def _pairs_of_query(text: str) -> dict[str, str]:
    from urllib.parse import parse_qsl

    if _AFTER_COMMA.search(text):
        raise ValueError(
            "must have & between its entries, as in a query string, and no comma; a comma in a value is %2C"
        )
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True, errors="strict")
    except UnicodeDecodeError:
        raise ValueError("must be UTF-8 text, percent-encoded too") from None
    except ValueError:
        raise ValueError("must be a query string, like hd=example.com&ui_locales=en") from None
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("must not set the same name twice")
    return found


def _param_name(value: Any) -> str:
    name = read_text(value)
    if "?" in name or "#" in name:  # most likely of a whole address: nobody would look for it under such a name
        raise ValueError(f"must name parameters alone: {re.split('[?#]', name)[-1] or 'hd'}, not {name}")
    return name


def _param_text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError("must have texts as its values")
    text = str(value)
    check_utf8(text)
    return text


#: Nothing that a setting names may stand in the place of these: servers, apps and the gate itself go by them.
TAKEN_HEADERS = re.compile(
    r"accept.*|access-control-.*|authorization|connection|content-.*|cookie|date|expect|forwarded|host|if-.*|keep-alive"
    r"|origin|proxy|proxy-.*|range|referer|sec-.*|set-cookie|te|trailer|transfer-encoding|upgrade|user-agent|via"
    r"|x-forwarded-(for|host|port|prefix|proto)|x-http-method.*|x-method-override|x-oidc-gate-jwt|x-requested-with"
    # In place of the path; `oidc_gate.proxy` hands none of these on.
    r"|daphne-root-path|path-info|script-name|x-accel-mapping|x-astro-path|x-http-path-override|x-invoke-.*"
    r"|x-matched-path|x-middleware-.*|x-ms-original-url|x-now-route-matches|x-original-ur[il]|x-override-url"
    r"|x-replaced-path|x-rewrite-url|x-script-name|x-sendfile-type|x-vhm-.*"
)


def read_identity_headers(value: Any) -> str | tuple[tuple[str, str], ...]:
    """Return the name of a family, or pairs of a header's name, lower case, and the claim to be told in it.

    In text the pairs are a query string, with commas if so wished: `remote-user=email,x-team=groups`.
    """
    families = ("none", "x-forwarded", "ngrok")
    if isinstance(value, str):
        word = value.strip().lower()
        if word in families:
            return word
        if "=" not in word:
            raise ValueError(f"must be one of: {', '.join(families)}; or a map of headers to claims: remote-user=email")
        value = value.strip().replace(",", "&")
    pairs = tuple((name.lower(), claim) for name, claim in read_params(value))
    for name, claim in pairs:
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name, re.ASCII):
            raise ValueError(f"must name headers with letters, digits and single dashes, not {name!r}")
        if TAKEN_HEADERS.fullmatch(name):
            raise ValueError(f"must not name {name}, which has another meaning; take a name like remote-user")
        if not claim.strip():
            raise ValueError(f"must name a claim for {name}")
    if not pairs or len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("must name at least one header, and none twice")
    return tuple((name, claim.strip()) for name, claim in pairs)
