"""An OpenID Connect login in front of any WSGI or ASGI app.

The middleware has one name and one signature in both worlds and is imported from the one it is for:
`oidc_gate.wsgi.OIDCGate`, `oidc_gate.asgi.OIDCGate`. Here is what both share.

To find your way, read `gate`, then `own_paths`, `signin` and `signout`, then `session`, `keepers`, `opened` and
`sessions`, then `rechecks` and `upkeep`. `ROOMS` in tests/test_layers.py lists all rooms from the ground up.
"""

from oidc_gate.identity import Identity, identity_of
from oidc_gate.settings import Settings

__all__ = ["Identity", "Settings", "identity_of"]
