"""Who may pass, and where no login is needed.

Modules, from the ground up; each may import only from those before it:

- `emails`: addresses that somebody can be gone by, and how they are compared
- `allow_lists`: addresses, domains and groups that may pass
- `public_paths`: paths that need no login
- `ngrok_names`: what expressions may name at ngrok, and not here
- `expression_values`: what names in expressions stand for
- `expressions`: CEL, and the rules of a Traffic Policy that go by it

May import: `errors`, `identity`, `settings`.
"""

from oidc_gate.access.allow_lists import AllowLists
from oidc_gate.access.expressions import Answer, Conditional, compiled
from oidc_gate.access.public_paths import PublicPaths

__all__ = ["AllowLists", "Answer", "Conditional", "PublicPaths", "compiled"]
