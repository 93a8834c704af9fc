"""The gate as WSGI middleware.

Modules, from the ground up; each may import only from those before it:

- `request`: what the gate reads of an environ
- `bodies`: bodies that are read, or take the place of another
- `turns`: how many of the server's threads may wait for the provider
- `response_headers`: what the gate adds to the start of an app's response
- `live`: event streams that end with their session
- `middleware`: `OIDCGate`, which brings requests to the gate and carries its decisions out
- `handing_over`: the gate handed to apps that ask for it

May import: `identity`, `decisions`, `handed_over`, `caching`, `reserved_headers`, `outsiders`, `settings`, `gate`.
"""

from oidc_gate.wsgi.middleware import OIDCGate, paste_filter

__all__ = ["OIDCGate", "paste_filter"]
