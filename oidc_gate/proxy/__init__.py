"""A gated reverse proxy: an ASGI app that hands every request on to an HTTP server, in whatever language.

Modules, from the ground up; each may import only from those before it:

- `upstream`: where that server is, and which addresses it may have
- `headers`: which headers pass, and which belong to one connection alone
- `forwarded`: what the server is told of the client
- `request_head`: what stands before a request's body, in bytes
- `connection`: one connection to the server, with one request at a time
- `pool`: connections that wait for the next request
- `exchange`: one request, and its answer
- `relay`: one WebSocket
- `proxy`: the ASGI app, and the gate in front of it

May import: `errors`, `decisions`, `reserved_headers`, `settings`, `browser`, `asgi`.
"""

from oidc_gate.proxy.proxy import gated_proxy
from oidc_gate.proxy.upstream import Upstream, read_upstream

__all__ = ["Upstream", "gated_proxy", "read_upstream"]
