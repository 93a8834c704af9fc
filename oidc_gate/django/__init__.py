"""For Django projects behind the gate: who asks, what a view demands of them, and Django's own users.

::

    INSTALLED_APPS = [..., "oidc_gate.django"]
    MIDDLEWARE = [..., "django.contrib.auth.middleware.AuthenticationMiddleware", "oidc_gate.django.OIDCMiddleware"]
    OIDC_GATE = {"STAFF_GROUPS": ["Django-Staff"]}

`require` and `current_identity` need none of that.

Modules, from the ground up; each may import only from those before it:

- `project`: what the project's settings say of users
- `caches`: Django's cache gives nobody what is another's
- `views`: who asks, and what a view demands
- `sent_back`: whoever is signed in is refused, and not sent to the login
- `own_sessions`: Django's session is one person's
- `apps`: the Django app
- `models`: whose user is whose
- `users`: the user of whoever asks
- `middleware`: `request.user` is that user
- `backends`: for what asks an authentication backend
- `consumers`: the same for Channels

May import: `identity`, `carriers`, `decisions`, `settings`, `requiring`.
"""

from oidc_gate.django.middleware import OIDCMiddleware
from oidc_gate.django.views import current_identity, require

__all__ = ["OIDCMiddleware", "current_identity", "require"]
