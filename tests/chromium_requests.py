"""What Chromium 156 sends for each kind of request, as a page of its own server saw it: name, method, headers."""

from __future__ import annotations

__all__ = ["SENT"]

_PAGE = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/jxl,image/avif,image/webp,image/apng,*/*;q=0.8,"
    "application/signed-exchange;v=b3;q=0.7"
)
_AHEAD = _PAGE.rpartition(",")[0]
_IMAGE = "image/jxl,image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
_FORM = "application/x-www-form-urlencoded"


def _fetch(accept: str, mode: str, dest: str, site: str = "same-origin", **more: str) -> dict[str, str]:
    found = {"Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest, "Sec-Fetch-Site": site}
    if accept:
        found["Accept"] = accept
    return found | {name.replace("_", "-"): value for name, value in more.items()}


#: Name, kind (a name of `Kind`), method, headers.
SENT: list[tuple[str, str, str, dict[str, str]]] = [
    ("document", "PAGE", "GET", _fetch(_PAGE, "navigate", "document", "none", Sec_Fetch_User="?1")),
    ("form", "FORM", "POST", _fetch(_PAGE, "navigate", "document", Sec_Fetch_User="?1", Content_Type=_FORM)),
    ("form in a frame", "FORM", "POST", _fetch(_PAGE, "navigate", "iframe", Sec_Fetch_User="?1", Content_Type=_FORM)),
    ("iframe", "FRAME", "GET", _fetch(_PAGE, "navigate", "iframe")),
    ("object", "FRAME", "GET", _fetch(_PAGE, "navigate", "object")),
    ("embed", "FRAME", "GET", _fetch(_PAGE, "navigate", "embed")),
    ("download", "FRAME", "GET", _fetch("", "navigate", "empty")),
    ("link rel=prefetch", "SPECULATION", "GET", _fetch(_PAGE, "no-cors", "empty", Sec_Purpose="prefetch")),
    (
        "speculation rules, prefetch",
        "SPECULATION",
        "GET",
        _fetch(_AHEAD, "navigate", "document", "none", Sec_Purpose="prefetch"),
    ),
    (
        "speculation rules, prerender",
        "SPECULATION",
        "GET",
        _fetch(_AHEAD, "navigate", "document", "none", Sec_Purpose="prefetch;prerender"),
    ),
    ("image", "PROGRAM", "GET", _fetch(_IMAGE, "no-cors", "image")),
    ("style", "PROGRAM", "GET", _fetch("text/css,*/*;q=0.1", "no-cors", "style")),
    ("script", "PROGRAM", "GET", _fetch("*/*", "no-cors", "script")),
    ("video", "PROGRAM", "GET", _fetch("*/*", "no-cors", "video")),
    ("fetch()", "PROGRAM", "GET", _fetch("*/*", "cors", "empty")),
    ("fetch() of HTML", "PROGRAM", "GET", _fetch("text/html", "cors", "empty")),
    ("beacon", "PROGRAM", "POST", _fetch("*/*", "no-cors", "empty", Content_Type="text/plain;charset=UTF-8")),
    ("worker", "PROGRAM", "GET", _fetch("*/*", "same-origin", "worker")),
    ("event stream", "PROGRAM", "GET", _fetch("text/event-stream", "cors", "empty")),
]
