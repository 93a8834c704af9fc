"""Who is signed in at the gate and may not see a view is not sent to the login that they come from.

Django sends whoever a view does not let in to LOGIN_URL, and has no other answer by default: its own login has a form
there, at which somebody else can sign in. The gate's login has none: it leads back to the page that sent there, and so
for ever. Whoever is signed in gets the gate's 403 in its place, which says who that is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, urlsplit

from django.http import HttpResponseRedirect

from oidc_gate.django.caches import keep_out
from oidc_gate.django.views import require, response_of
from oidc_gate.requiring import gate_of, is_let_in

if TYPE_CHECKING:
    from oidc_gate.decisions import Reply
    from oidc_gate.identity import Identity

__all__ = ["not_sent_back"]


# The log names these functions as what does not hold.
def user_is_active(_: Identity) -> bool:
    """Stand for what Django has asked."""
    return False


def view_lets_in(_: Identity) -> bool:
    """Stand for what the view has asked."""
    return False


_NOT_ACTIVE = require(
    allow=user_is_active, name="Django", help="You have no active account in this app. Ask whoever runs it."
)
_NOT_LET_IN = require(allow=view_lets_in, name="Django")


def not_sent_back(response: Any, request: Any, user: Any) -> Any:
    """Return the response to somebody who is signed in at the gate, or the gate's 403 where it would send them back.

    `user`: theirs, by which Django went. What leads to the gate's login and on to another page stands: an app may offer
    that to whoever wants to be somebody else.
    """
    if not isinstance(response, HttpResponseRedirect) or not _leads_back(response.url, request):
        return response
    unmet = _NOT_ACTIVE if not user.is_authenticated and is_let_in(request) else _NOT_LET_IN
    keep_out(request)
    return response_of(cast("Reply", unmet.refusal(request, bytes)))  # nobody meets it, and it keeps no form


def _leads_back(url: str, request: Any) -> bool:
    """Return whether an address is that of the gate's login, to come back from there to what is asked for now."""
    try:
        to = urlsplit(url)
    except ValueError:  # whatever an app has made of its answer
        return False
    sent, here = {value for _, value in parse_qsl(to.query)}, {request.path, request.get_full_path()}
    if any("://" in value for value in sent):  # Django gives a whole one where LOGIN_URL is on another host
        here.add(request.build_absolute_uri())
    if here.isdisjoint(sent):
        return False
    handed = gate_of(request)
    components = handed.gate._components
    return bool(to.path == components.path(components.here(handed.request), "login"))
