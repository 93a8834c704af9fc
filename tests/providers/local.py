"""`LocalProvider`: an OpenID provider that keeps to the standards, on real HTTP with real keys, unless told not to."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlencode

from werkzeug import Request, Response
from werkzeug.datastructures import MultiDict

from tests.patience import PATIENT
from tests.providers import people
from tests.providers.binding import Binding
from tests.providers.clients import AWKWARD_SECRET, Client, OAuthError
from tests.providers.core import Params, ProviderCore, json_response
from tests.providers.keys import Claims, generation_jwks
from tests.providers.pages import error_page, form_post_page, login_page
from tests.providers.people import Grant, ProviderSession
from tests.providers.pushing import Pushing
from tests.providers.tokens import TokenEndpoints

SESSION_COOKIE = "op_session"
#: What discovery calls the endpoints that a provider may offer, without `_endpoint`.
OFFERED = {"introspect": "introspection", "par": "pushed_authorization_request", "device": "device_authorization"}
ASKING = ("client_id", "redirect_uri", "response_type", "scope", "state", "nonce", "response_mode", "prompt", "max_age",
          "acr_values", "code_challenge", "code_challenge_method", "login_hint", "request_uri")  # fmt: skip


class LocalProvider(Pushing, TokenEndpoints, Binding, ProviderCore):
    """The provider of most tests. `with LocalProvider() as provider:` serves; `gate_options()` makes a gate its client.

    `user` is the person signed in here whatever browser comes (no page is shown); None means: show the login form,
    where the names in `people` are known and the password is `people.PASSWORD`.
    """

    paths: ClassVar[dict[str, str]] = {
        "discovery": "/.well-known/openid-configuration",
        "jwks": "/jwks.json",
        "authorize": "/authorize",
        "token": "/token",
        "userinfo": "/userinfo",
        "revoke": "/revoke",
        "end_session": "/end-session",
        "introspect": "/introspect",
        "par": "/par",
        "device": "/device",
    }
    sends_iss: ClassVar[bool] = True  # RFC 9207

    def reset(self) -> None:
        super().reset()
        self.people: dict[str, Claims] = {"ada": people.ada(), "grace": people.grace()}
        self.user: Claims | None = self.people["ada"]
        self.clients: dict[str, Client] = {"app": Client("app")}
        self.require_pkce = True
        self.offers: set[str] = set()  # of "introspect", "par" and "device"
        self.refused_params: set[tuple[str, str]] = set()
        self.sessions: dict[str, ProviderSession] = {}

    # Clients

    def add_client(self, client_id: str = "app", **registration: Any) -> Client:
        """Register a client, or register one anew; the keywords are `Client`'s fields."""
        client = self.clients[client_id] = Client(client_id, **registration)
        return client

    def add_awkward_client(self, client_id: str = "app:1 %") -> Client:
        """Register a client whose id and secret only survive Basic when they are form-encoded."""
        return self.add_client(client_id, secret=AWKWARD_SECRET)

    def gate_options(self, client_id: str = "app", **more: Any) -> dict[str, Any]:
        """Return the settings with which a gate is this client of this provider, and as patient as a test is to be."""
        return PATIENT | self.client_options(client_id) | more

    def client_options(self, client_id: str = "app") -> dict[str, Any]:
        """Return the settings that make a gate this client of this provider, as an entry of `providers` has them."""
        client = self.clients[client_id]
        options = {"issuer_url": self.issuer, "client_id": client_id, "client_auth_method": client.auth_method}
        return options | ({"client_secret": client.secret} if client.secret else {})

    # Discovery and keys

    def metadata(self) -> Claims:
        document: Claims = {
            "issuer": self.issuer,
            "authorization_endpoint": self.url("authorize"),
            "token_endpoint": self.url("token"),
            "userinfo_endpoint": self.url("userinfo"),
            "jwks_uri": self.url("jwks"),
            "end_session_endpoint": self.url("end_session"),
            "revocation_endpoint": self.url("revoke"),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query", "form_post"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "subject_types_supported": ["public"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "id_token_signing_alg_values_supported": ["RS256", "PS256", "ES256", "EdDSA"],
            "token_endpoint_auth_methods_supported": [
                "client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none",
            ],
            "code_challenge_methods_supported": ["S256"],
            "dpop_signing_alg_values_supported": ["ES256", "PS256", "EdDSA"],
            "backchannel_logout_supported": True,
            "backchannel_logout_session_supported": True,
            "frontchannel_logout_supported": True,
            "frontchannel_logout_session_supported": True,
        }  # fmt: skip
        for name, member in OFFERED.items():
            document |= {f"{member}_endpoint": self.url(name)} if name in self.offers else {}
        document |= self.pushing_metadata()
        levels = self.acrs if self.usual_acr is None else [self.usual_acr, *self.acrs]
        document |= {"acr_values_supported": list(levels)} if levels else {}
        return document | ({"authorization_response_iss_parameter_supported": True} if self.sends_iss else {})

    def serve_discovery(self, request: Request) -> Response:
        return json_response(self.change_discovery(self.metadata()))

    def serve_jwks(self, request: Request) -> Response:
        return json_response(self.change_jwks(generation_jwks(*self.generations)))

    # Authorization (OpenID Connect Core 3.1.2)

    def serve_authorize(self, request: Request) -> Response:
        sent = request.args if request.method == "GET" else request.form
        asked = self.what_is_asked(sent)
        if asked is None:
            return self.refuse_on_own_page("This request was not pushed, or its request_uri is used or expired.")
        client = self.clients.get(asked.get("client_id", ""))
        if client is None or not self.redirect_allowed(client, asked.get("redirect_uri", "")):
            return self.refuse_on_own_page("Unknown client, or a redirect_uri that is not registered.")
        try:
            self.check_authorization(client, asked)
            session = self._who_is_there(request, asked)
        except OAuthError as error:
            return self._send_back(asked, error.params())
        if session is None:
            hidden = {name: sent[name] for name in ASKING if name in sent}
            return login_page(self.paths["authorize"], hidden, "Wrong." if "username" in asked else "")
        grant = self._grant(client, asked, session)
        response = self._send_back(asked, self.success_params(grant, asked))
        response.set_cookie(SESSION_COOKIE, session.sid, httponly=True, samesite="Lax")
        return response

    def redirect_allowed(self, client: Client, redirect_uri: str) -> bool:
        return bool(redirect_uri) and (client.redirect_uris is None or redirect_uri in client.redirect_uris)

    def refuse_on_own_page(self, message: str) -> Response:
        """Answer where sending the browser back would be unsafe (RFC 6749 4.1.2.1)."""
        return error_page(message)

    def check_authorization(self, client: Client, asked: MultiDict[str, str]) -> None:
        """Judge an authorization request; raise the error that goes back to the client."""
        repeated = [name for name in asked if len(asked.getlist(name)) > 1]
        if repeated:
            raise OAuthError("invalid_request", f"given twice: {', '.join(repeated)}")
        if asked.get("response_type") != "code":
            raise OAuthError("unsupported_response_type", "only code")
        if asked.get("response_mode", "query") not in ("query", "form_post"):
            raise OAuthError("invalid_request", "unknown response_mode")
        if "code_challenge" in asked and asked.get("code_challenge_method") != "S256":
            raise OAuthError("invalid_request", "only S256 for PKCE")
        if self.require_pkce and "code_challenge" not in asked:
            raise OAuthError("invalid_request", "PKCE is required")
        if self.refused_params & set(asked.items()):
            raise OAuthError("invalid_request", "a parameter has a value that is not taken")
        if client.scopes is not None and not set(asked.get("scope", "").split()) <= set(client.scopes):
            raise OAuthError("invalid_scope", "this client may not ask for all of these")

    def serve_par(self, request: Request) -> Response:
        """Take a pushed request (RFC 9126)."""
        client = self._authenticated(request)
        if not self.redirect_allowed(client, request.form.get("redirect_uri", "")):
            raise OAuthError("invalid_request", "the redirect_uri is not registered")
        self.check_authorization(client, request.form)
        return json_response(self.keep_pushed(client, request), 201)

    def success_params(self, grant: Grant, asked: Mapping[str, str]) -> Params:
        return {"code": self.new_code(grant)}

    def _who_is_there(self, request: Request, asked: Mapping[str, str]) -> ProviderSession | None:
        """Return the session of this browser, after signing in if need be; None when the form must be shown."""
        prompts = asked.get("prompt", "").split()
        if "none" in prompts and len(prompts) > 1:
            raise OAuthError("invalid_request", "prompt=none stands alone")
        if request.method == "POST" and "username" in asked:
            person = self.people.get(asked["username"])
            return self._sign_in(person, asked) if person and asked.get("password") == people.PASSWORD else None
        session = self.sessions.get(request.cookies.get(SESSION_COOKIE, ""))
        if self.user is not None:
            fresh = session is not None and session.sub == self.user["sub"]
            if fresh and not self._must_sign_in_again(session, prompts, asked):
                return session
            return self._sign_in(self.user, asked, session.sid if fresh and session is not None else None)
        if session is None or self._must_sign_in_again(session, prompts, asked):
            if "none" in prompts:
                raise OAuthError("login_required", "nobody is signed in")
            return None
        return session

    def _must_sign_in_again(
        self, session: ProviderSession | None, prompts: list[str], asked: Mapping[str, str]
    ) -> bool:
        if session is None or "login" in prompts or "select_account" in prompts:
            return True
        return not self.is_enough(session, asked)

    def _sign_in(self, person: Claims, asked: Mapping[str, str], sid: str | None = None) -> ProviderSession:
        sid, acr = sid or secrets.token_urlsafe(16), self.level_of_a_sign_in(person["sub"], asked)
        session = self.sessions[sid] = ProviderSession(sid, person["sub"], self.now(), acr)
        if person is self.user and person not in self.people.values():
            self.people.setdefault(session.sub, person)  # still known once `user` is somebody else
        return session

    def _grant(self, client: Client, asked: Mapping[str, str], session: ProviderSession) -> Grant:
        return Grant(
            client_id=client.client_id,
            sub=session.sub,
            sid=session.sid,
            scope=asked.get("scope", "").split(),
            auth_time=session.auth_time,
            redirect_uri=asked["redirect_uri"],
            nonce=asked.get("nonce"),
            challenge=asked.get("code_challenge"),
            acr=session.acr,
            dpop_jkt=asked.get("dpop_jkt"),
        )

    def _send_back(self, asked: Mapping[str, str], params: Params) -> Response:
        """Send the browser to the client's callback, in the way it asked for; what was pushed is used up."""
        self.pushed.pop(asked.get("request_uri", ""), None)
        params = dict(params) | ({"state": asked["state"]} if "state" in asked else {})
        params |= {"iss": self.issuer} if self.sends_iss else {}
        params = self.change_callback(params)
        target = asked["redirect_uri"]
        if asked.get("response_mode") == "form_post":
            return form_post_page(target, params)
        joint = "&" if "?" in target else "?"
        return Response(status=303, headers={"Location": f"{target}{joint}{urlencode(params)}"})

    # People

    def claims_of(self, sub: str) -> Claims | None:
        """Return what is known now of a person; None once they are gone."""
        known = ([self.user] if self.user else []) + list(self.people.values())
        return next((person for person in known if person["sub"] == sub), None)

    def deactivate(self, sub: str) -> None:
        """Remove a person: refreshing and userinfo answer no from now on."""
        self.people = {name: person for name, person in self.people.items() if person["sub"] != sub}
        if self.user and self.user["sub"] == sub:
            self.user = None
        self.end_sessions(sub)

    def end_sessions(self, sub: str) -> None:
        """Sign a person out at the provider, in every browser."""
        self.sessions = {sid: session for sid, session in self.sessions.items() if session.sub != sub}
