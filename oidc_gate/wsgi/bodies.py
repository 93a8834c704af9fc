"""Bodies of WSGI requests that the gate itself reads, or that take the place of another."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from oidc_gate.wsgi.request import variable

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

    from oidc_gate.decisions import Instead

__all__ = ["instead", "read_body"]


def read_body(environ: WSGIEnvironment, limit: int) -> bytes | None:
    """Return the body, or None when there is more than `limit` bytes of it, or less than was announced."""
    # Late: 3 MB, and most read no body. First the package whole: of two threads that begin with its modules, whose
    # package imports them in turn, one would get a module that is not complete.
    import werkzeug  # noqa: F401
    from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
    from werkzeug.wsgi import get_input_stream

    try:
        body = get_input_stream(environ, max_content_length=limit + 1).read()
    except (ClientDisconnected, RequestEntityTooLarge):
        return None
    return body if len(body) <= limit else None


def instead(environ: WSGIEnvironment, other: Instead) -> WSGIEnvironment:
    """Return the environ of a request that takes the place of this one."""
    made = {
        **environ,
        "PATH_INFO": other.path.encode().decode("latin-1"),
        "QUERY_STRING": other.query,
        "wsgi.input": BytesIO(other.body),
    }
    target = f"{other.raw_target}?{other.query}" if other.query else other.raw_target
    for key in ("RAW_URI", "REQUEST_URI"):
        if key in made:
            made[key] = target
    for name, value in other.headers:
        key = variable(name)
        made.pop(key, None)
        if value:
            made[key] = value
    return made
