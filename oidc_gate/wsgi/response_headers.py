"""What the gate adds to the start of an app's response, and what it reads there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oidc_gate.caching import PlainTypes, QuietNames, is_unshared, renewed, says_of_caching, silenced
from oidc_gate.decisions import Header, Overriding, Renewal

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

__all__ = ["IS_STREAM", "adding", "renewing"]

#: The key of an environ that says that the answer is an event stream.
IS_STREAM = "oidc_gate.event_stream"
_QUIET = QuietNames()
_PLAIN = PlainTypes()


def adding(start_response: StartResponse, more: tuple[Header, ...], environ: WSGIEnvironment) -> StartResponse:
    """Return what the app starts its response with: headers are added to a copy of its list.

    These are `more`; nothing where the app says something of caching: see `Forward`. A copy, because an app may pass
    the same list each time: what is added in place would reach the next person. An event stream is noted in the
    environ.
    """

    def start_adding(status: str, headers: list[Header], exc_info: Any = None) -> Any:
        for name, value in headers:
            if name not in _QUIET and value not in _PLAIN and _QUIET.lack(name):
                if _is_stream(headers):
                    environ[IS_STREAM] = True
                headers = _with(headers, more)
                break
        else:
            headers = [*headers, *more]
        return start_response(status, headers, exc_info) if exc_info else start_response(status, headers)

    return start_adding


def renewing(start_response: StartResponse, renewal: Renewal) -> StartResponse:
    """Return the same for an answer with a renewed session's cookie, if that is still to be sent by then."""

    def start_renewing(status: str, headers: list[Header], exc_info: Any = None) -> Any:
        headers = _with(headers, *renewed(renewal))
        return start_response(status, headers, exc_info) if exc_info else start_response(status, headers)

    return start_renewing


def _is_stream(headers: list[Header]) -> bool:
    """Return whether these are an event stream's; the types of others are remembered."""
    return any(name.lower() == "content-type" and value not in _PLAIN and _PLAIN.lack(value) for name, value in headers)


def _with(headers: list[Header], more: tuple[Header, ...], set_cookies: tuple[Header, ...] = ()) -> list[Header]:
    """Return the headers of an answer that says something of caching, perhaps, with what the gate adds."""
    if not says_of_caching(headers):
        return [*headers, *more]
    if isinstance(more, Overriding):
        return [*silenced(headers), *more]
    return [*headers, *set_cookies] if is_unshared(headers) else [*headers]
