"""The test clients that are known: where their app is, where they ask, and how a cookie gets into their jar.

No framework is imported for that; a client is known by what it has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from email.message import Message
from http.cookiejar import CookieJar
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from urllib.request import Request

from oidc_gate.outermost import AnyGate, gate_in_front_of
from oidc_gate.testing.django_clients import gate_of_project, is_gated, put_in_front

__all__ = ["KnownClient", "known_client"]


class KnownClient(NamedTuple):
    """What `signed_in` has to know of a test client.

    - `find_gate()`: the gate in front of its app, None for none
    - `url`: where it asks as a rule; `""` where it does not say
    - `take(url, set_cookies)`: have it take these Set-Cookie headers as from an answer from there
    - `app`: what it asks in this process, None where it asks a server, or where `meet` sees to that
    - `meet(gate)`: have its requests meet the gate; None where they do by themselves
    """

    find_gate: Callable[[], AnyGate | None]
    url: str
    take: Callable[[str, Iterable[str]], None]
    app: Any = None
    meet: Callable[[AnyGate], None] | None = None


def known_client(client: Any) -> KnownClient:
    """Return what is known of a test client. Raises TypeError for one that is not known here."""
    is_django = hasattr(client, "handler") and hasattr(client, "force_login")
    if is_django:
        return _django(client)
    if hasattr(client, "set_cookie") and hasattr(client, "application"):
        return _werkzeug(client)
    jar = _jar_of(client)
    if jar is None:
        kind = f"{type(client).__module__}.{type(client).__qualname__}"
        raise TypeError(
            f"signed_in does not know a {kind}. It knows the test clients of Flask, Werkzeug, Django, Starlette,"
            " FastAPI, Litestar and Quart, those of httpx, a Session of requests. For others there is session_cookies."
        )
    app = getattr(client, "app", None)
    transport = getattr(client, "_transport", None)
    found = app if app is not None else getattr(transport, "app", None)
    url = str(getattr(client, "base_url", "")) or ("http://localhost" if hasattr(client, "cookie_jar") else "")
    return KnownClient(lambda: gate_in_front_of(found), url, lambda where, headers: _put(jar, where, headers), found)


def _django(client: Any) -> KnownClient:
    url = f"{client.defaults.get('wsgi.url_scheme', 'http')}://{client.defaults.get('SERVER_NAME', 'testserver')}"

    def take(_url: str, set_cookies: Iterable[str]) -> None:
        for header in set_cookies:
            client.cookies.load(header)
            name = header.partition("=")[0]
            if client.cookies[name]["max-age"] == "0":
                del client.cookies[name]

    def meet(gate: AnyGate) -> None:
        put_in_front(client, gate)

    def find_gate() -> AnyGate | None:
        return client.handler.gate if is_gated(client) else gate_of_project(client)

    return KnownClient(find_gate, url, take, meet=meet)


def _werkzeug(client: Any) -> KnownClient:
    """Return what is known of a client of Werkzeug's, and so of Flask's, which knows where its app is."""
    asking = getattr(client.application, "test_request_context", None)
    url = "http://localhost" if asking is None else asking("/").request.host_url

    def take(url: str, set_cookies: Iterable[str]) -> None:
        host = urlsplit(url).hostname
        for header in set_cookies:
            (name, value), attributes = _taken_apart(header)
            where = {"domain": attributes.get("domain") or host, "path": "/"}
            if attributes.get("max-age") == "0":
                client.delete_cookie(name, **where)
            else:
                client.set_cookie(name, value, **where, origin_only="domain" not in attributes)

    return KnownClient(lambda: gate_in_front_of(client.application), url, take, client.application)


def _taken_apart(header: str) -> tuple[tuple[str, str], dict[str, str]]:
    """Return name and value of a Set-Cookie header, and its attributes by their names in lower case."""
    pair, *rest = header.split("; ")
    name, _, value = pair.partition("=")
    attributes = {each.partition("=")[0].lower(): each.partition("=")[2] for each in rest}
    return (name, value), attributes


def _jar_of(client: Any) -> CookieJar | None:
    """Return the jar of a client of httpx, requests or Quart, and of all that are made of these."""
    cookies = getattr(client, "cookies", None)
    for found in (getattr(client, "cookie_jar", None), cookies, getattr(cookies, "jar", None)):
        if isinstance(found, CookieJar):
            return found
    return None


class _Answer:
    """What a jar asks of an answer."""

    def __init__(self, set_cookies: Iterable[str]) -> None:
        self._headers = Message()
        for header in set_cookies:
            self._headers["Set-Cookie"] = header

    def info(self) -> Message:
        return self._headers


def _put(jar: CookieJar, url: str, set_cookies: Iterable[str]) -> None:
    """Have a jar take cookies as from an answer. Raises ValueError where it does not take them."""
    headers = list(set_cookies)
    jar.extract_cookies(_Answer(headers), Request(url))  # type: ignore[arg-type]  # noqa: S310  # it is not opened
    name = headers[0].partition("=")[0]
    if name not in {cookie.name for cookie in jar}:
        raise ValueError(
            f"The session's cookie does not go to {url}. Say with url= where the test asks; with auth_cookie_domain"
            " that has to be a host of this domain."
        )
