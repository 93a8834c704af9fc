"""The ASGI app that hands every request on, and the gate in front of it.

The gate has judged the request, has taken its own cookies and all that only it may say out of the headers, and has put
the identity in. What is left to do is what any reverse proxy has to (RFC 9110, 7.6).
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from oidc_gate.asgi import OIDCGate
from oidc_gate.asgi.middleware import answer
from oidc_gate.browser import pages
from oidc_gate.decisions import Reply
from oidc_gate.errors import GateError, LoginError, SettingsError
from oidc_gate.proxy.forwarded import Forwarded
from oidc_gate.proxy.headers import Headers, Scope, kept_of_request
from oidc_gate.proxy.pool import Pool
from oidc_gate.proxy.request_head import body_of, method_of, request_head, target_of, upgrade_of
from oidc_gate.proxy.upstream import Upstream, check_upstream

if TYPE_CHECKING:
    from oidc_gate.settings import Settings

__all__ = ["Proxy", "gated_proxy"]

logger = logging.getLogger("oidc_gate")


def gated_proxy(upstream: Upstream, settings: Settings) -> OIDCGate:
    """Return the gate in front of a server, as an ASGI app. Raises SettingsError."""
    try:
        import httptools  # noqa: F401

        from oidc_gate.proxy.exchange import Exchange  # noqa: F401
        from oidc_gate.proxy.relay import Relay  # noqa: F401
    except ImportError:
        raise SettingsError(
            "an app at an address is reached with httptools and websockets, which are not installed:"
            " pip install 'oidc-gate[proxy]'"
        ) from None
    check_upstream(upstream, anywhere=settings.insecure_public_upstream)
    proxy = Proxy(upstream, settings)
    proxy.gate = OIDCGate(proxy, settings=settings)
    return proxy.gate


class Proxy:
    """Hands requests on to a server. `gate`: the one in front, which tells errors."""

    gate: OIDCGate

    def __init__(self, upstream: Upstream, settings: Settings) -> None:
        from oidc_gate.proxy.exchange import ClientGoneError, CutOffError, Exchange
        from oidc_gate.proxy.relay import RefusedError, Relay

        self._exchange, self._relay = Exchange, Relay
        self._client_gone, self._cut_off, self._refused = ClientGoneError, CutOffError, RefusedError
        self._pool = Pool(upstream, anywhere=settings.insecure_public_upstream, ca_bundle=str(settings.ca_bundle or ""))
        self._timeout = settings.upstream_timeout
        self._forwarded = Forwarded()
        self._callback = f"{settings.path_prefix}/callback"
        said = settings.upstream_host
        #: The Host header for the server; None for that of the client.
        self._host = None if said == "keep" else (upstream.authority if said == "rewrite" else said).encode("latin-1")
        self._authority = upstream.authority.encode("latin-1")

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Hand a request on. Raises ValueError for a kind of connection that is not known."""
        kind = scope["type"]
        if kind == "lifespan":
            return await self._live(receive, send)
        try:
            if kind == "http":
                reply = await self._http(scope, receive, send)
            elif kind == "websocket":
                reply = await self._websocket(scope, receive, send)
            else:
                raise ValueError(f"connections of type {kind!r} are not handed on")
        except self._client_gone:
            return None
        except self._cut_off as error:
            logger.warning("an answer of the app was cut off, and so is the client's: %s", error)
            return None  # without an end, so that the server closes the connection
        except GateError as error:
            reply = self.gate.gate.failure(self._forwarded.request(scope), error)
            if isinstance(error, LoginError) and str(scope.get("http_version", ""))[:1] == "1":
                # Where a malformed request ends is not sure, so nothing is read behind it (RFC 9112, 6.3).
                reply = reply._replace(headers=(*reply.headers, ("connection", "close")))
        if reply is not None:
            await answer(reply, scope, receive, send)
        return None

    async def _http(self, scope: Scope, receive: Any, send: Any) -> Reply | None:
        """Hand a request on; return an answer where there is one without the server. Raises GateError."""
        wanted = upgrade_of(scope["headers"])
        if wanted:
            return _upgrade_refused(wanted)
        method, target, body = method_of(scope), target_of(scope), body_of(scope)
        host, kept, told = self._told(scope)
        head = request_head(method, target, host, kept, told, body)
        extensions = scope.get("extensions") or {}
        check = partial(self._check_gate, scope)
        exchange = self._exchange(
            self._pool, receive, send, method=method, body=body, timeout=self._timeout, check=check
        )
        await exchange.run(head, gives_trailers="http.response.trailers" in extensions)
        return None

    def _check_gate(self, scope: Scope, headers: Headers) -> None:
        """Refuse an answer that sends the browser to sign in for a callback of this gate: another gate made it.

        Its callback would come to this gate, which knows nothing of it, and so round and round. Raises GateError.
        """
        location = next((value for name, value in headers if name.lower() == b"location"), b"")
        if b"redirect_uri=" in location and location.lower().startswith((b"https://", b"http://")):
            origin = self.gate.gate.addresses.origin(self._forwarded.request(scope))
            site, _, query = location.decode("latin-1").partition("?")
            asked = dict(parse_qsl(query))
            is_elsewhere = not f"{site.lower()}/".startswith(f"{origin.site}/")  # else the provider stands here too
            if is_elsewhere and "client_id" in asked and asked.get("redirect_uri", "").startswith(
                origin.url + self._callback
            ):
                raise GateError("gate_behind_gate", "the app has a gate of its own at the same callback; take it away")

    async def _websocket(self, scope: Scope, receive: Any, send: Any) -> Reply | None:
        """Hand a WebSocket on; return the server's answer where it refuses. Raises GateError."""
        target = target_of(scope).decode("ascii")
        host, kept, told = self._told(scope)
        lines = [line.split(b": ", 1) for line in told.split(b"\r\n")[:-1]]
        headers = [*kept, *((name, value) for name, value in lines)]
        relay = self._relay(self._pool, receive, send, timeout=self._timeout)
        try:
            await relay.run(target, host.decode("latin-1"), headers, scope.get("subprotocols") or [])
        except self._refused as refused:
            return refused.reply
        return None

    def _told(self, scope: Scope) -> Any:
        """Return Host, the headers that pass, and the lines on the client. Raises LoginError."""
        headers = scope["headers"]
        said = next((value for name, value in headers if name == b"host"), b"")
        if not said and scope.get("http_version") == "1.1":
            raise LoginError("request_malformed", "HTTP/1.1 asks for a Host header (RFC 9112, 3.2)")
        gate = self.gate.gate
        told, from_proxy = self._forwarded.lines(scope, said, gate.addresses)
        kept = kept_of_request(headers, gate.reserved_headers, from_proxy=from_proxy)
        if kept is None:
            raise LoginError("request_malformed", "a header holds what no header may hold")
        return self._host or said or self._authority, kept, told

    async def _live(self, receive: Any, send: Any) -> None:
        """Start and stop with the server (ASGI, lifespan)."""
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        self._pool.close()
        await send({"type": "lifespan.shutdown.complete"})


def _upgrade_refused(wanted: bytes) -> Reply:
    """Return the answer to who wants to speak something else than HTTP/1.1 or WebSocket: no byte of it is passed on."""
    said = f"connections are not upgraded to {wanted.decode('ascii')}: WebSockets alone are handed on"
    return pages.json_reply(501, {"error": "upgrade_refused", "message": said}, (("connection", "close"),))
