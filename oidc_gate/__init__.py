"""An OpenID Connect login in front of any WSGI or ASGI app.

The middleware has one name and one signature in both worlds, and is imported from the one it is for::

    from oidc_gate.wsgi import OIDCGate     # Flask, Django, Bottle, …
    from oidc_gate.asgi import OIDCGate     # FastAPI, Starlette, Litestar, …

`help("oidc_gate.wsgi.OIDCGate")` tells how to call it. What both worlds share is here: `Settings`, the `SettingsError`
that it raises, `Rule` for its setting `rules`; `identity_of`, which tells an app who asks, as an `Identity`; and
`access_token_for`, which gives it that person's access token, where a setting lets it.

For those who read the code: what the package is made of, from the ground up; each may import only from those before it.
Folders say in their docstrings which modules they have.

- `errors`: by whose fault they are
- `identity`: who is asking, as the app sees them
- `carriers`: where an app finds that, in whatever it holds of its request
- `sealing`: values that leave the gate and must come back unchanged
- `signing`: JWTs that an app can check
- `decisions`: the words between the gate and its adapters: `Request` in; `Forward`, `Reply`, `Work`, `ReadBody` out
- `handed_over`: the gate in front, handed to apps that ask for it
- `caching`: what an app's answer says by its headers: of caching, and whether it is an event stream
- `reserved_headers`: request headers that only the gate may say
- `outsiders`: what stands outside the gate and answers some requests by itself
- `words/`: what the gate's pages say, in each language
- `stores/`: where sessions live when they do not live in the cookie
- `access/`: who may do what, where
- `settings/`: what can be set, and what is refused at start-up
- `provider/`: what goes to the OpenID provider and comes back
- `sessions/`: what a session is, who keeps it, and what a process remembers of it
- `browser/`: what comes from a browser and goes to it
- `telling/`: what happens, told to the log, the audit events and the metrics
- `gate/`: what happens to a request
- `doctor/`: what keeps people from signing in, found before one of them tries
- `wsgi/`, `asgi/`: the adapters, which do not know each other
- `outermost`: the gate that stands in front of an app, found from the app
- `proxy/`: a gated reverse proxy, for apps in any language
- `command/`: the command `oidc-gate`
- `requiring`: what parts of an app demand of whoever asks
- `flask`, `starlette`, `fastapi`: that, and who asks, in each framework's own way
- `django/`: the same for Django, with its users
- `testing/`: somebody is signed in, for tests of apps
- `__main__`: the same command as `python -m oidc_gate`
"""

from oidc_gate.carriers import access_token_for, identity_of
from oidc_gate.errors import SettingsError
from oidc_gate.identity import Identity
from oidc_gate.settings import Rule, Settings

__all__ = ["Identity", "Rule", "Settings", "SettingsError", "access_token_for", "identity_of"]
