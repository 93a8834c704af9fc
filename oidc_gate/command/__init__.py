"""The command `oidc-gate`.

Modules, from the ground up; each may import only from those before it:

- `secret`: make a `cookie_secret`, or put one in front of others in a file
- `stored_sessions`: list stored sessions, and end them
- `demo_provider`: the demo's OpenID provider
- `demo`: a local provider and a gated sample app
- `run`: serve an app behind the gate
- `cli`: how these are asked for on the command line

May import: `errors`, `identity`, `carriers`, `stores`, `settings`, `sessions`, `gate`, `wsgi`, `asgi`.
"""

from oidc_gate.command.cli import main

__all__ = ["main"]
