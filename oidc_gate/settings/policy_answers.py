"""What a Traffic Policy answers in place of the app: the actions `deny` and `custom-response`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from oidc_gate.access import Answer
from oidc_gate.errors import SettingsError

__all__ = ["ANSWERS", "read_answer"]

#: The actions, with their settings; `content` is an older name of `body`.
ANSWERS = {"deny": {"status_code"}, "custom-response": {"status_code", "body", "content", "headers"}}
_STATUS = {"deny": 403, "custom-response": 200}

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*")
#: What the server says of the connection or of the body's length.
_OF_THE_SERVER = frozenset(
    {"connection", "content-length", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
)
_WITHOUT_BODY = (204, 205, 304)
_WITHOUT_CONTENT = (204, 304)
_HTML = re.compile(r"\s*<(?:!doctype\s+html|html|head|body|h1|p|div|title|style|!--)\b", re.IGNORECASE)


def read_answer(where: str, action: Mapping[str, Any]) -> Answer:
    """Return what the action answers. Raises SettingsError, which begins with `where`, for what it cannot be."""
    kind = action["type"]
    config = action.get("config")
    config = {} if config is None else config
    if not isinstance(config, Mapping):
        raise SettingsError(f"{where}: its config must be a map of settings.")
    for key in config:
        if key not in ANSWERS[kind]:
            raise SettingsError(
                f"{where}: {key} has no effect in its config, which may have {', '.join(sorted(ANSWERS[kind]))}."
            )
    if "${" in str(config):
        raise SettingsError(
            f"{where}: its config holds an ngrok expression (${{…}}), which oidc_gate does not work out. Write what is"
            " to be answered as plain text; what is another for each person or request, the app has to say."
        )
    status = config.get("status_code", _STATUS[kind])
    if not isinstance(status, int) or isinstance(status, bool) or not 200 <= status <= 599:
        raise SettingsError(f"{where}: status_code must be a number from 200 to 599.")
    body = _body(where, config)
    if body and status in _WITHOUT_BODY:
        raise SettingsError(
            f"{where}: an answer of status {status} has no body. Remove the body, or change status_code."
        )
    headers = _headers(where, config.get("headers"))
    if status in _WITHOUT_CONTENT and "content-type" in dict(headers):
        raise SettingsError(f"{where}: an answer of status {status} has no content-type. Remove that header.")
    if status not in _WITHOUT_CONTENT and "content-type" not in dict(headers):
        headers += (("content-type", _content_type(body)),)  # of an empty body too: WSGI wants it
    return Answer(status, headers, body.encode())


def _body(where: str, config: Mapping[str, Any]) -> str:
    if "body" in config and "content" in config:
        raise SettingsError(f"{where}: body and content are both given; keep body.")
    body = config.get("body", config.get("content"))
    if body is None:
        return ""
    if not isinstance(body, str) or re.search("[\ud800-\udfff]", body):
        raise SettingsError(f"{where}: body must be text; what is to be JSON stands in quotes.")
    return body


def _headers(where: str, given: Any) -> tuple[tuple[str, str], ...]:
    if given is not None and not isinstance(given, Mapping):
        raise SettingsError(f"{where}: headers must be a map of names to texts.")
    headers: dict[str, str] = {}
    for name, value in (given or {}).items():
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)  # YAML's numbers: `retry-after: 60`
        if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name) or not isinstance(value, str):
            raise SettingsError(f"{where}: headers must be a map of names to texts; {name!r} is none.")
        if not _HEADER_VALUE.fullmatch(value):
            raise SettingsError(f"{where}: the header {name} must be one line of printable ASCII.")
        if name.lower() in _OF_THE_SERVER:
            raise SettingsError(f"{where}: the header {name} is the server's own. Remove it.")
        if name.lower() in headers:
            raise SettingsError(f"{where}: the header {name} stands twice; keep one of them.")
        headers[name.lower()] = value
    return tuple(headers.items())


def _content_type(body: str) -> str:
    if _HTML.match(body):
        return "text/html; charset=utf-8"
    try:
        return "application/json" if isinstance(json.loads(body), dict | list) else "text/plain; charset=utf-8"
    except (ValueError, RecursionError):
        return "text/plain; charset=utf-8"
