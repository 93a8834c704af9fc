"""`JumpCloudProvider`: a provider with the habits of JumpCloud, which is Ory Hydra behind another face.

Each habit here has broken some client in the wild: the issuer's slash, the short state, `select_account`, one group as
plain text, text as `email_verified`, `aud` as a list, the exact redirect URI, the logout that refuses, tokens that know
no `acr` whatever was asked for, and `amr` only after a second factor.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, ClassVar

from werkzeug import Request, Response
from werkzeug.datastructures import MultiDict

from tests.providers.clients import Client, OAuthError
from tests.providers.core import Params
from tests.providers.keys import Claims
from tests.providers.local import LocalProvider
from tests.providers.pages import error_page
from tests.providers.people import Grant

CALLBACK = "https://app.test/oauth2/callback"
SIGNED_OUT = "https://app.test/oauth2/logout"
KNOWN_PROMPTS = {"none", "login", "consent"}
ALSO_IN_USERINFO = ("aud", "iss", "iat", "auth_time", "rat", "jc_org")
UNKNOWN_PROMPT = 'Used unknown value "{}" for prompt parameter'


class JumpCloudProvider(LocalProvider):
    """A JumpCloud with one application, `app`, as its admin would set it up.

    `groups_claim` is the free-text name of the group attribute; the person's `groups` are what is bound to the app.
    """

    issuer_path: ClassVar[str] = "/"
    sends_iss: ClassVar[bool] = False
    paths: ClassVar[dict[str, str]] = {
        "discovery": "/.well-known/openid-configuration",
        "jwks": "/.well-known/jwks.json",
        "authorize": "/oauth2/auth",
        "token": "/oauth2/token",
        "userinfo": "/userinfo",
        "revoke": "/oauth2/revoke",
        "end_session": "/oauth2/sessions/logout",
        "error": "/oidc/error",
    }
    scopes: ClassVar[set[str]] = {"openid", "profile", "email", "offline", "offline_access"}

    def reset(self) -> None:
        super().reset()
        self.groups_claim = "memberOf"
        self.organization = "5f1b2c3d4e5f6a7b8c9d0e1f"
        self.require_pkce = False
        self.acr_values = "ignored"
        self.people = {"ada": _ada(), "grace": _grace()}
        self.user = self.people["ada"]
        self.add_client("app", redirect_uris=[CALLBACK], post_logout_uris=[SIGNED_OUT])

    def metadata(self) -> Claims:
        return super().metadata() | {
            "scopes_supported": ["offline_access", "offline", "openid"],
            "claims_supported": ["sub"],
            "response_types_supported": ["code", "code id_token", "id_token", "token id_token", "token"],
            "response_modes_supported": ["query", "fragment", "form_post"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["plain", "S256"],
            "token_endpoint_auth_methods_supported": [
                "client_secret_post", "client_secret_basic", "private_key_jwt", "none",
            ],
        }  # fmt: skip

    # Authorization

    def refuse_on_own_page(self, message: str) -> Response:
        """Send the browser to JumpCloud's console; the client's callback never hears of it."""
        return Response(status=302, headers={"Location": f"{self.url('error')}?error=invalid_request"})

    def serve_error(self, request: Request) -> Response:
        return error_page("The request is missing a required parameter, or the redirect URI does not match.")

    def redirect_allowed(self, client: Client, redirect_uri: str) -> bool:
        return redirect_uri in (client.redirect_uris or ())

    def check_authorization(self, client: Client, asked: MultiDict[str, str]) -> None:
        for name in ("state", "nonce"):
            if (name == "state" or name in asked) and len(asked.get(name, "")) < 8:
                raise _hydra_error("invalid_state", f"The {name} is missing or does not have enough characters.")
        for prompt in set(asked.get("prompt", "").split()) - KNOWN_PROMPTS:
            raise _hydra_error("invalid_request", UNKNOWN_PROMPT.format(prompt))
        for scope in asked.get("scope", "").split():
            if scope not in self.scopes or (scope.startswith("offline") and not client.may_refresh):
                raise _hydra_error("invalid_scope", f"The OAuth 2.0 Client is not allowed to request scope '{scope}'.")
        if client.auth_method == "none" and "code_challenge" not in asked:
            raise _hydra_error("invalid_request", "Public clients must use PKCE.")
        super().check_authorization(client, asked)

    def success_params(self, grant: Grant, asked: Mapping[str, str]) -> Params:
        return super().success_params(grant, asked) | {"scope": " ".join(grant.scope)}

    # Claims

    def person_claims(self, grant: Grant) -> Claims:
        claims = super().person_claims(grant)
        groups = claims.pop("groups", [])
        if "email" in claims:
            claims["email_verified"] = "true"
        if groups:
            claims[self.groups_claim] = groups[0] if len(groups) == 1 else list(groups)
        return claims

    def id_token_claims(self, grant: Grant, access_token: str) -> Claims:
        claims = super().id_token_claims(grant, access_token)
        return claims | {
            "aud": [grant.client_id],
            "jti": secrets.token_hex(16),
            "rat": grant.auth_time,
            "jc_org": self.organization,
        }

    def userinfo_claims(self, grant: Grant) -> Claims:
        """Return the ID token's claims without those about the token itself."""
        standard = {name: value for name, value in self.id_token_claims(grant, "").items() if name in ALSO_IN_USERINFO}
        return super().userinfo_claims(grant) | standard

    # Logout

    def check_logout(self, client: Client | None, hint: Claims, asked: Mapping[str, str]) -> str | None:
        if ("post_logout_redirect_uri" in asked or "state" in asked) and "id_token_hint" not in asked:
            return "invalid_request: post_logout_redirect_uri or state without id_token_hint"
        if hint and not {"sub", "sid"} <= set(hint):
            return "invalid_request: the id_token_hint lacks sub or sid"
        return super().check_logout(client, hint, asked)


def _hydra_error(code: str, hint: str) -> OAuthError:
    """Return an error as Hydra words it: `error_hint` beside a description that holds the hint too."""
    general = {
        "invalid_state": "The state is missing or has less than 8 characters and is therefore considered too weak.",
        "invalid_scope": "The requested scope is invalid, unknown, or malformed.",
    }.get(code, "The request is missing a required parameter or is otherwise malformed.")
    return OAuthError(code, f"{general} {hint}", error_hint=hint)


def _ada() -> dict[str, Any]:
    return {
        "sub": "5f1b2c3d4e5f6a7b8c9d0e01",
        "email": "ada@example.com",
        "name": "Ada Lovelace",
        "given_name": "Ada",
        "family_name": "Lovelace",
        "groups": ["Engineers", "Admins"],
    }


def _grace() -> dict[str, Any]:
    return {
        "sub": "5f1b2c3d4e5f6a7b8c9d0e02",
        "email": "grace@example.org",
        "given_name": "Grace",
        "family_name": "Hopper",
        "groups": ["Engineers"],
    }
