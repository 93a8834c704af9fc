"""For tests of an app behind the gate: somebody is signed in without a provider, and all else is as in earnest.

`signed_in` puts a session's cookie into a test client. It is made by the gate that stands in front of the client's app,
of the claims that the test names; from there on rules, allow lists, identity, logout and the session's end are the real
ones. `session_cookies` gives the cookie itself, for clients that are not known here. `local_provider` runs the demo's
provider, for tests from end to end. No app and no gate imports this folder.

Modules, from the ground up; each may import only from those before it:

- `django_clients`: Django's test clients, which pass by what stands in front of Django
- `clients`: the test clients that are known, and their cookies
- `signing_in`: somebody is signed in
- `end_to_end`: a provider to sign in at

May import: `errors`, `gate`, `wsgi`, `asgi`, `outermost`, `command`.
"""

from oidc_gate.testing.end_to_end import LocalProvider, local_provider
from oidc_gate.testing.signing_in import session_cookies, signed_in

__all__ = ["LocalProvider", "local_provider", "session_cookies", "signed_in"]
