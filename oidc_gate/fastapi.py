"""For FastAPI apps behind the gate: who asks, and what an operation demands of them, as dependencies.

::

    from oidc_gate.fastapi import CurrentIdentity, require

    @app.get("/me")
    async def me(who: CurrentIdentity): ...

    @app.get("/payroll", dependencies=[Depends(require(groups="Finance", max_age="10m"))])
    async def payroll(): ...

Both stand in the app's OpenAPI description, so that `/docs` shows which operations need a login, and what for.
"""

from __future__ import annotations

from functools import lru_cache
from inspect import Parameter, Signature
from typing import Annotated, Any, Unpack, cast

from fastapi import Depends, Security
from fastapi.openapi.models import APIKey, APIKeyIn, OpenIdConnect
from fastapi.requests import HTTPConnection
from fastapi.security import SecurityScopes
from fastapi.security.base import SecurityBase

from oidc_gate.carriers import identity_of
from oidc_gate.handed_over import CURRENT, HandedOver
from oidc_gate.identity import Identity
from oidc_gate.settings.demands import Demands
from oidc_gate.starlette import Checking, RefusedError

__all__ = ["CurrentIdentity", "OptionalIdentity", "RefusedError", "current_identity", "require"]

#: Where a provider says what it offers (Discovery 1.0, 4).
_DISCOVERY = "/.well-known/openid-configuration"


async def current_identity(request: HTTPConnection) -> Identity | None:
    """Return who asks, None where nobody is signed in: a dependency, or to be awaited."""
    return identity_of(request)


def require(**demands: Unpack[Demands]) -> Require:
    """Return a dependency that demands this: `groups`, `scopes`, `acr`, `max_age` and more, as in rules.

    Its value is their Identity: `who: Annotated[Identity, Depends(require(groups="Finance"))]`. Without a demand:
    somebody has to be signed in. Who does not satisfy it gets the gate's answer: see `oidc_gate.starlette.require`.
    With `Security(require(), scopes=["reports:read"])` all of these scopes are demanded too. Raises SettingsError.
    """
    return Require(**demands)


class _Scheme(SecurityBase):
    """How to come in, for the OpenAPI description, which is made while a request asks for it: then the gate is known.

    It is no check: `Require` has that.
    """

    async def __call__(self) -> None:
        """Do nothing."""


class _Login(_Scheme):
    """The session's cookie. Browsers send it by themselves, those that show `/docs` too."""

    scheme_name = "login"

    @property
    def model(self) -> Any:  # type: ignore[override]
        """The cookie's name, and where to get it."""
        handed = CURRENT.get()
        name, login = "oidc_gate", "/oauth2/login"
        if handed is not None:
            components = handed.gate._components
            name = components.cookies(handed.request).session
            login = components.path(components.here(handed.request), "login")
        said = f"Sign in with the browser, at {login}; its cookie goes along by itself."
        place: dict[str, Any] = {"in": APIKeyIn.cookie}
        return APIKey(**place, name=name, description=said)


class _Token(_Scheme):
    """An access token of the provider, where the gate takes some; else this is the login again."""

    @property
    def scheme_name(self) -> str:  # type: ignore[override]
        """A name of its own where there are tokens."""
        return "login" if _token_settings() is None else "token"

    @property
    def model(self) -> Any:  # type: ignore[override]
        """Where the provider says how to get one."""
        settings = _token_settings()
        if settings is None:
            return _LOGIN.model
        url = settings.discovery_url or settings.issuer_url.rstrip("/") + _DISCOVERY
        return OpenIdConnect(openIdConnectUrl=url, description="An access token for programs.")


def _token_settings() -> Any:
    """Return the settings of the gate in front, None where it takes no access tokens."""
    handed: HandedOver | None = CURRENT.get()
    settings = None if handed is None else handed.gate._components.settings
    return None if settings is None or settings.bearer_audience is None else settings


_LOGIN, _TOKEN = _Login(), _Token()


class Require(Checking):
    """What `require` returns."""

    def __init__(self, **demands: Unpack[Demands]) -> None:
        super().__init__(**demands)
        # FastAPI goes by the signature, in which each requirement has its own scopes.
        scopes = sorted(self.rule.named_scopes)
        defaults = (("_login", Security(_LOGIN)), ("_token", Security(_TOKEN, scopes=scopes)))
        self.__signature__ = Signature(
            [
                Parameter("request", Parameter.POSITIONAL_OR_KEYWORD, annotation=HTTPConnection),
                Parameter("asked", Parameter.POSITIONAL_OR_KEYWORD, annotation=SecurityScopes),
                *(Parameter(name, Parameter.KEYWORD_ONLY, default=default) for name, default in defaults),
            ]
        )

    async def __call__(self, request: HTTPConnection, asked: SecurityScopes, **_: None) -> Identity:
        """Return who asks, where they satisfy this. See `Checking.check` for what is raised."""
        await self.check(request)
        if asked.scopes:
            await _all_of(tuple(sorted(asked.scopes))).check(request)
        return cast("Identity", identity_of(request))  # with nobody this was refused


@lru_cache(maxsize=256)
def _all_of(scopes: tuple[str, ...]) -> Checking:
    """Return what demands all of these scopes."""
    each: list[dict[str, Any]] = [{"scopes": [scope]} for scope in scopes]
    return Checking(allow=each[0] if len(each) == 1 else {"all": each})


#: Who asks, as the type of a parameter: `who: CurrentIdentity`. Somebody has to be signed in.
CurrentIdentity = Annotated[Identity, Depends(require())]
#: The same where nobody needs to be signed in: then it is None.
OptionalIdentity = Annotated[Identity | None, Depends(current_identity)]
