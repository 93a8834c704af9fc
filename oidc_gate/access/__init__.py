"""Who may pass, and where no login is needed.

Modules, from the ground up; each may import only from those before it:

- `allow_lists`: addresses, domains and groups that may pass
- `public_paths`: paths that need no login

May import: `identity`, `settings`.
"""

from oidc_gate.access.allow_lists import AllowLists
from oidc_gate.access.public_paths import PublicPaths

__all__ = ["AllowLists", "PublicPaths"]
