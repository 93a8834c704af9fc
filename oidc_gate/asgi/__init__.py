"""The gate as ASGI middleware.

Modules, from the ground up; each may import only from those before it:

- `roots`: how the app inside finds the path that it routes by
- `request`: what the gate reads of a scope, and what the app may see of it
- `bodies`: bodies that are read, or take the place of another
- `user`: what stands at `scope["user"]` and `scope["auth"]`
- `lanes`: threads for what may block
- `response_headers`: what the gate adds to the start of an app's response
- `live`: WebSockets and event streams that end with their session
- `middleware`: `OIDCGate`, which brings requests to the gate and carries its decisions out
- `handing_over`: the gate handed to apps that ask for it

May import: `identity`, `carriers`, `decisions`, `handed_over`, `caching`, `reserved_headers`, `outsiders`, `settings`,
`gate`.
"""

from oidc_gate.asgi.middleware import OIDCGate

__all__ = ["OIDCGate"]
