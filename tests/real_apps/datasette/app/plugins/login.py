from datasette import hookimpl

from oidc_gate import identity_of
from oidc_gate.asgi import OIDCGate


@hookimpl
def asgi_wrapper(datasette):
    return OIDCGate


@hookimpl
def actor_from_request(datasette, request):
    identity = identity_of(request.scope)
    if identity is None:
        return None
    return {"id": identity.subject, "display": identity.name, "groups": list(identity.groups)}
