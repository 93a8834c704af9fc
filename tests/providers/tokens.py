"""The provider's inner paths: token endpoint, userinfo, revocation and logout."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from werkzeug import Request, Response

from tests.providers import keys, people
from tests.providers.binding import Binding
from tests.providers.clients import Client, OAuthError, authenticate
from tests.providers.core import ProviderCore, json_response
from tests.providers.keys import Claims
from tests.providers.levels import Levels
from tests.providers.pages import error_page, logout_page, page
from tests.providers.people import Grant

if TYPE_CHECKING:
    from tests.providers.people import ProviderSession

LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"


class TokenEndpoints(Levels, Binding, ProviderCore):
    """What a client's server talks to; mixed into `LocalProvider`."""

    clients: dict[str, Client]
    sessions: dict[str, ProviderSession]

    def reset(self) -> None:
        super().reset()
        self.codes: dict[str, Grant] = {}
        self.used_codes: dict[str, Grant] = {}
        self.access_tokens: dict[str, tuple[Grant, int]] = {}
        self.refresh_tokens: dict[str, Grant] = {}
        self.used_refresh_tokens: dict[str, Grant] = {}
        self.used_assertions: set[str] = set()
        self.only_issuer = False  # whether an assertion must be for the issuer (FAPI 2.0, 5.3.2.1)
        self.device_codes: dict[str, Grant] = {}
        self.device_answers: list[str] = []  # what is said before somebody has agreed, one by one
        self.device_interval = 1
        self.ended: list[str] = []  # `sid`s that a client's logout ended here
        self.code_lifetime = 60
        self.access_token_lifetime = 3600
        self.id_token_lifetime = 3600
        self.rotate_refresh_tokens = True
        self.refresh_gives_id_token = True
        self.userinfo_only: set[str] = set()  # claims that only userinfo tells
        self.id_token_only: set[str] = set()

    def claims_of(self, sub: str) -> Claims | None:
        raise NotImplementedError

    # Token endpoint (RFC 6749 4.1.3 and 6)

    def serve_token(self, request: Request) -> Response:
        client = self._authenticated(request)
        repeated = [name for name in request.form if len(request.form.getlist(name)) > 1]
        if request.method != "POST" or repeated:
            raise OAuthError("invalid_request", f"a POST without repeated parameters, please {repeated}")
        with self.lock:
            jkt = self.key_of_proof("token", request, client)
            match request.form.get("grant_type"):
                case "authorization_code":
                    tokens = self._redeem_code(client, request.form, jkt)
                case "refresh_token":
                    tokens = self._refresh(client, request.form)
                case "urn:ietf:params:oauth:grant-type:device_code":
                    tokens = self._device_tokens(client, request.form)
                case other:
                    raise OAuthError("unsupported_grant_type", str(other))
            if jkt is not None:
                self.bound[tokens["access_token"]] = jkt
                tokens["token_type"] = "DPoP"
        return json_response(self.change_token_response(tokens), Cache_Control="no-store")

    def _authenticated(self, request: Request) -> Client:
        audiences = {self.issuer} if self.only_issuer else {self.url("token"), self.issuer, request.base_url}
        return authenticate(request, self.clients, audiences, self.used_assertions)

    def new_code(self, grant: Grant) -> str:
        code = secrets.token_urlsafe(24)
        grant.code_expires = self.now() + self.code_lifetime
        self.codes[code] = grant
        return code

    def _redeem_code(self, client: Client, form: Mapping[str, str], jkt: str | None) -> Claims:
        code = form.get("code", "")
        if (reused := self.used_codes.get(code)) is not None:
            reused.revoked = True  # RFC 6749 4.1.2: the tokens of a code used twice are revoked
            raise OAuthError("invalid_grant", "code used before")
        grant = self.codes.pop(code, None)
        if grant is None or grant.client_id != client.client_id:
            raise OAuthError("invalid_grant", "unknown code, or another client's")
        self.used_codes[code] = grant
        if self.now() > grant.code_expires:
            raise OAuthError("invalid_grant", "code expired")
        if form.get("redirect_uri") != grant.redirect_uri:
            raise OAuthError("invalid_grant", "redirect_uri is not the one of the authorization request")
        _check_pkce(grant, form.get("code_verifier"))
        if grant.dpop_jkt not in (None, jkt):
            raise OAuthError("invalid_grant", "the code is bound to another key")
        return self._tokens(grant, client, nonce=grant.nonce, with_id_token="openid" in grant.scope)

    def _refresh(self, client: Client, form: Mapping[str, str]) -> Claims:
        if not client.may_refresh:
            raise OAuthError("unauthorized_client", "refresh tokens are not for this client")
        token = form.get("refresh_token", "")
        if (reused := self.used_refresh_tokens.get(token)) is not None:
            reused.revoked = True  # RFC 9700 4.14: a used token coming back ends the whole chain
            raise OAuthError("invalid_grant", "refresh token used before: the chain is revoked")
        grant = self.refresh_tokens.get(token)
        if grant is None or grant.revoked or grant.client_id != client.client_id:
            raise OAuthError("invalid_grant", "unknown or revoked refresh token")
        if self.claims_of(grant.sub) is None:
            raise OAuthError("invalid_grant", "the person is gone")
        if self.rotate_refresh_tokens:
            self.used_refresh_tokens[token] = self.refresh_tokens.pop(token)
        return self._tokens(grant, client, nonce=None, with_id_token=self.refresh_gives_id_token)

    # Device authorization (RFC 8628)

    def serve_device(self, request: Request) -> Response:
        """Begin the device flow; Ada agrees as soon as `device_answers` are used up."""
        client = self._authenticated(request)
        device_code, user_code = secrets.token_urlsafe(24), "BCDF-GHJK"
        scope = request.form.get("scope", "").split()
        self.device_codes[device_code] = Grant(client.client_id, people.ada()["sub"], "", scope, self.now(), "")
        begun = {"device_code": device_code, "user_code": user_code, "verification_uri": f"{self.issuer}/activate"}
        return json_response(begun | {"expires_in": 600, "interval": self.device_interval})

    def _device_tokens(self, client: Client, form: Mapping[str, str]) -> Claims:
        grant = self.device_codes.get(form.get("device_code", ""))
        if grant is None or grant.client_id != client.client_id:
            raise OAuthError("invalid_grant", "unknown device_code")
        if self.device_answers:
            raise OAuthError(self.device_answers.pop(0))
        self.device_codes.clear()
        return self._tokens(grant, client, nonce=None, with_id_token=False)

    def _tokens(self, grant: Grant, client: Client, *, nonce: str | None, with_id_token: bool) -> Claims:
        access_token = secrets.token_urlsafe(24)
        self.access_tokens[access_token] = (grant, self.now() + self.access_token_lifetime)
        tokens: Claims = {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": self.access_token_lifetime,
            "scope": " ".join(grant.scope),
        }
        if "offline_access" in grant.scope and client.may_refresh:
            tokens["refresh_token"] = self._refresh_token(grant)
        if with_id_token:
            tokens["id_token"] = self._id_token(grant, access_token, nonce)
        return tokens

    def _refresh_token(self, grant: Grant) -> str:
        if not self.rotate_refresh_tokens:
            known = [token for token, owner in self.refresh_tokens.items() if owner is grant]
            if known:
                return known[0]
        token = secrets.token_urlsafe(24)
        self.refresh_tokens[token] = grant
        return token

    # ID token and logout token

    def _id_token(self, grant: Grant, access_token: str, nonce: str | None) -> str:
        claims = self.id_token_claims(grant, access_token) | ({"nonce": nonce} if nonce is not None else {})
        claims, header = self.change_id_token(claims, self.token_header())
        return self.signer(claims, header)

    def id_token_claims(self, grant: Grant, access_token: str) -> Claims:
        person = self.person_claims(grant)
        level = {"acr": grant.acr, "amr": self.amr_of.get(grant.acr)}
        return {name: value for name, value in person.items() if name not in self.userinfo_only} | {
            **{name: value for name, value in level.items() if value is not None},
            "iss": self.issuer,
            "sub": grant.sub,
            "aud": grant.client_id,
            "iat": self.now(),
            "exp": self.now() + self.id_token_lifetime,
            "auth_time": grant.auth_time,
            "sid": grant.sid,
            "at_hash": keys.left_half_hash(access_token),
        }

    def person_claims(self, grant: Grant) -> Claims:
        """Return the person's claims that this grant's scopes release, as they are now."""
        return people.released_claims(self.claims_of(grant.sub) or {"sub": grant.sub}, grant.scope)

    def make_logout_token(self, *, header: Mapping[str, Any] | None = None, **claims: Any) -> str:
        """Return a back-channel logout token (OpenID Connect Back-Channel Logout 2.4).

        Keywords are claims; one given as None is left out. Give `sub` or `sid` to make it a valid one.
        """
        standard = {
            "iss": self.issuer,
            "aud": "app",
            "iat": self.now(),
            "exp": self.now() + 120,
            "jti": secrets.token_urlsafe(12),
            "events": {LOGOUT_EVENT: {}},
        }
        said = {name: value for name, value in (standard | claims).items() if value is not None}
        return self.signed(said, self.token_header() | {"typ": "logout+jwt"} | dict(header or {}))

    # Userinfo and revocation

    def serve_userinfo(self, request: Request) -> Response:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        grant, expires = self.access_tokens.get(token, (None, 0))
        good = grant is not None and not grant.revoked and self.now() < expires and self.claims_of(grant.sub)
        if (refused := self.refused_proof(request, scheme, token)) is not None:
            return refused
        if grant is None or not good:
            return json_response({"error": "invalid_token"}, 401, WWW_Authenticate='Bearer error="invalid_token"')
        return json_response(self.change_userinfo(self.userinfo_claims(grant)))

    def userinfo_claims(self, grant: Grant) -> Claims:
        person = self.person_claims(grant)
        return {name: value for name, value in person.items() if name not in self.id_token_only}

    def serve_revoke(self, request: Request) -> Response:
        """Revoke (RFC 7009): an unknown token is no error."""
        client = self._authenticated(request)
        if not client.may_revoke:
            raise OAuthError("access_denied", "this client may not revoke", status=403)
        token = request.form.get("token", "")
        grant = self.refresh_tokens.get(token) or self.access_tokens.get(token, (None, 0))[0]
        if grant is not None and grant.client_id == client.client_id:
            grant.revoked = True
        return Response(status=200)

    def serve_introspect(self, request: Request) -> Response:
        """Tell of a token (RFC 7662)."""
        if not self._authenticated(request).may_introspect:
            raise OAuthError("access_denied", "this client may not introspect", status=403)
        grant, expires = self.access_tokens.get(request.form.get("token", ""), (None, 0))
        good = grant is not None and not grant.revoked and self.now() < expires
        return json_response({"active": good} | ({"sub": grant.sub} if good and grant else {}))

    # Logout (OpenID Connect RP-Initiated Logout)

    def serve_end_session(self, request: Request) -> Response:
        asked = request.values
        hint = self._hint_claims(asked.get("id_token_hint"))
        client = self.clients.get(asked.get("client_id") or _first(hint.get("aud", "")))
        target = asked.get("post_logout_redirect_uri")
        refusal = self.check_logout(client, hint, asked)
        if refusal:
            return error_page(refusal)
        if not hint and asked.get("logout") != "yes":
            return logout_page(self.paths["end_session"], asked.to_dict())
        self._end(str(hint.get("sid") or request.cookies.get("op_session", "")))
        response = Response(status=303) if target else page("Signed out")
        if target:
            response.headers["Location"] = _with_state(target, asked.get("state"))
        response.delete_cookie("op_session")
        return response

    def check_logout(self, client: Client | None, hint: Claims, asked: Mapping[str, str]) -> str | None:
        """Return why a logout request is refused on the provider's own page, or None."""
        if "id_token_hint" in asked and not hint:
            return "The id_token_hint is not one of ours."
        target = asked.get("post_logout_redirect_uri")
        if target and client is None:
            return "A post_logout_redirect_uri without a client."
        if target and client and client.post_logout_uris is not None and target not in client.post_logout_uris:
            return "This post_logout_redirect_uri is not registered."
        return None

    def _hint_claims(self, token: str | None) -> Claims:
        """Read an ID token we once gave; it may have expired. Empty when it is not ours."""
        if not token:
            return {}
        try:
            return keys.verify(token, keys.generation_jwks(*range(1, self.generations[-1] + 1)), tuple(keys.FAMILIES))
        except (ValueError, KeyError, IndexError):
            return {}

    def _end(self, sid: str) -> None:
        if self.sessions.pop(sid, None) is not None:
            self.ended.append(sid)


def _check_pkce(grant: Grant, verifier: str | None) -> None:
    if grant.challenge is None and verifier is None:
        return
    if grant.challenge is None or verifier is None or people.s256(verifier) != grant.challenge:
        raise OAuthError("invalid_grant", "the PKCE verifier does not fit")


def _first(audience: str | list[str]) -> str:
    return audience if isinstance(audience, str) else audience[0]


def _with_state(target: str, state: str | None) -> str:
    if state is None:
        return target
    return f"{target}{'&' if '?' in target else '?'}{urlencode({'state': state})}"
