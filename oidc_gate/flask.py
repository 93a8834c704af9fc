"""For Flask apps behind the gate: who asks, and what a view demands of them.

::

    from oidc_gate.flask import current_identity, require

    @app.get("/payroll")
    @require(groups="Finance", max_age="10m")
    def payroll():
        return f"Payroll, for {current_identity().name}"
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, Unpack

import flask
from werkzeug.exceptions import Forbidden, HTTPException, Unauthorized

from oidc_gate.carriers import identity_of
from oidc_gate.decisions import Reply
from oidc_gate.identity import Identity
from oidc_gate.requiring import Requirement, check_decorated
from oidc_gate.settings.demands import Demands

__all__ = ["current_identity", "require"]

View = TypeVar("View", bound=Callable[..., Any])


def current_identity() -> Identity | None:
    """Return who asks, None where nobody is signed in. Raises RuntimeError outside of a request."""
    return identity_of(flask.request)


def require(**demands: Unpack[Demands]) -> Require:
    """Return what demands this of whoever asks: `groups`, `scopes`, `acr`, `max_age` and more, as in a rule.

    It decorates a view, or is called in one: `require(groups="Finance").check()`; for a whole blueprint it is
    `blueprint.before_request(require(groups="Finance").check)`. Without a demand: somebody has to be signed in.
    Who does not satisfy it gets the gate's answer, as with a rule: a page is sent to sign in, a 403 is Flask's
    Forbidden, so that `errorhandler(403)` has its say. See `oidc_gate.settings.demands.Demands`. Raises SettingsError.
    """
    return Require(**demands)


class Require(Requirement):
    """What `require` returns."""

    def __call__(self, view: View) -> View:
        """Return the view, which only those see who satisfy this. Raises SettingsError for a class."""
        check_decorated(view, "write decorators = [require(…)] in it")

        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            self.check()
            return flask.current_app.ensure_sync(view)(*args, **kwargs)

        return guarded  # type: ignore[return-value]

    def check(self) -> None:
        """Go on for somebody who satisfies this. Raises an HTTPException for others, RuntimeError without a gate."""
        reply = self.refusal(flask.request, flask.request.get_data)
        if reply is not None:
            raise _exception(reply)


def _exception(reply: Reply) -> HTTPException:
    response = flask.Response(reply.body, reply.status, [*reply.all_headers])
    kinds: dict[int, type[HTTPException]] = {401: Unauthorized, 403: Forbidden}
    return kinds.get(reply.status, HTTPException)(response=response)
