"""The named wrong things a provider can be told to do: `with provider.fault("wrong_nonce"): ...`.

Each entry takes the provider and options, and returns the name of the hook to set and what to set it to. A value `...`
leaves a member out. Options override the entry's own values (`fault("wrong_audience", aud=["a", "b"])`). What is not
here is one line in a test: the hooks are plain attributes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from joserfc.jwk import RSAKey

from tests.providers import keys

if TYPE_CHECKING:
    from tests.providers.core import ProviderCore

Fault = Callable[..., tuple[str, Any]]
HTML = "<!doctype html><title>Sign in to the Wi-Fi</title><p>Please accept the terms.</p>"


def changed(members: dict[str, Any], changes: dict[str, Any], provider: ProviderCore) -> dict[str, Any]:
    """Return the members with changes applied; functions are called with the provider, `...` leaves a member out."""
    said = {name: value(provider) if callable(value) else value for name, value in changes.items()}
    return {name: value for name, value in (members | said).items() if value is not ...}


def id_token(**changes: Any) -> Fault:
    """Change claims of the ID token, before it is signed with the right key."""

    def fault(provider: ProviderCore, **options: Any) -> tuple[str, Any]:
        return "change_id_token", lambda claims, header: (changed(claims, changes | options, provider), header)

    return fault


def header(**changes: Any) -> Fault:
    """Change the ID token's header, before it is signed with the right key."""

    def fault(provider: ProviderCore, **options: Any) -> tuple[str, Any]:
        return "change_id_token", lambda claims, header: (claims, changed(header, changes | options, provider))

    return fault


def members(hook: str, **changes: Any) -> Fault:
    """Change members of one of the JSON documents, or of the callback's parameters."""

    def fault(provider: ProviderCore, **options: Any) -> tuple[str, Any]:
        return hook, lambda document: changed(document, changes | options, provider)

    return fault


def only(hook: str, **says: Any) -> Fault:
    """Say this instead, but keep the callback's state and issuer."""

    def fault(provider: ProviderCore, **options: Any) -> tuple[str, Any]:
        kept = ("state", "iss")
        return hook, lambda params: {name: params[name] for name in kept if name in params} | says | options

    return fault


def answers(endpoint: str, status: int, body: Any = "", **headers: str) -> Fault:
    """Answer an endpoint with something canned."""

    def fault(provider: ProviderCore, **options: Any) -> tuple[str, Any]:
        named = {name.replace("_", "-"): value for name, value in (headers | options).items()}
        return "answer", provider.answer | {endpoint: (status, named, body)}

    return fault


def signed_by(make: Callable[[ProviderCore, dict[str, Any], dict[str, Any]], str]) -> Fault:
    """Sign the ID token in some other way."""

    def fault(provider: ProviderCore, **options: Any) -> tuple[str, Any]:
        return "signer", lambda claims, header: make(provider, claims, header | options)

    return fault


def _with_stranger_key(provider: ProviderCore, claims: dict[str, Any], header: dict[str, Any]) -> str:
    return keys.sign(claims, header, keys.make_key("rsa", 999))


def _with_embedded_key(provider: ProviderCore, claims: dict[str, Any], header: dict[str, Any]) -> str:
    stranger = keys.make_key("rsa", 999)
    return keys.sign(claims, header | {"jwk": keys.public_jwk(stranger)}, stranger)


def _hs256_with_secret(provider: ProviderCore, claims: dict[str, Any], header: dict[str, Any]) -> str:
    client = getattr(provider, "clients", {}).get(claims["aud"])
    return keys.sign(claims, {"alg": "HS256"}, keys.hmac_key(client.secret if client else "secret"))


def _hs256_with_public_key(provider: ProviderCore, claims: dict[str, Any], header: dict[str, Any]) -> str:
    """Sign with the text of our public key as the shared secret (the classic algorithm confusion)."""
    key = keys.key_for("RS256", provider.generations[-1])
    assert isinstance(key, RSAKey)
    return keys.sign(claims, header | {"alg": "HS256"}, key.as_pem(private=False))


def _strange_keys(provider: ProviderCore) -> list[dict[str, Any]]:
    """Return good keys among ones that no library knows or that are broken."""
    good: list[dict[str, Any]] = keys.generation_jwks(*provider.generations)["keys"]
    strange = [
        {"kty": "martian", "kid": "m"},
        {"kty": "EC", "crv": "P-000", "x": "AA", "y": "AA", "kid": "c"},
        {"kty": "RSA", "kid": "broken"},
        {"kty": "RSA", "use": "weird", "n": "AQAB", "e": "AQAB", "kid": "w"},
        {"kid": "nothing else"},
    ]
    return strange + good


def _first_key(provider: ProviderCore) -> list[dict[str, Any]]:
    return [keys.public_jwk(keys.key_for(provider.alg, provider.generations[-1]))]


def _keys_without_kid(provider: ProviderCore) -> list[dict[str, Any]]:
    listed = keys.generation_jwks(*provider.generations)["keys"]
    return [{name: value for name, value in key.items() if name != "kid"} for key in listed]


FAULTS: dict[str, Fault] = {
    # The ID token's claims
    "wrong_issuer": id_token(iss="https://evil.example"),
    "issuer_with_slash": id_token(iss=lambda provider: provider.issuer + "/"),
    "no_issuer": id_token(iss=...),
    "old_issuer": id_token(iss=lambda provider: provider.issuer.partition("//")[2]),
    "wrong_audience": id_token(aud="another-client"),
    "another_audience_with_azp": id_token(aud="another-client", azp="app"),
    "wrong_azp": id_token(aud=["app", "another-client"], azp="another-client"),
    "empty_audience": id_token(aud=[]),
    "no_audience": id_token(aud=...),
    "expired": id_token(exp=lambda provider: provider.now() - 3600, iat=lambda provider: provider.now() - 7200),
    "no_exp": id_token(exp=...),
    "exp_as_text": id_token(exp="tomorrow"),
    "issued_in_the_future": id_token(iat=lambda provider: provider.now() + 3600),
    "no_iat": id_token(iat=...),
    "not_yet_valid": id_token(nbf=lambda provider: provider.now() + 3600),
    "wrong_nonce": id_token(nonce="another nonce"),
    "no_nonce": id_token(nonce=...),
    "wrong_at_hash": id_token(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
    "no_at_hash": id_token(at_hash=...),
    "other_auth_time": id_token(auth_time=...),
    "other_claims": id_token(nickname="countess"),
    "no_subject": id_token(sub=...),
    "empty_subject": id_token(sub=""),
    "number_as_subject": id_token(sub=7),
    # The ID token's signature
    "alg_none": header(alg="none", kid=...),
    "alg_none_in_capitals": header(alg="NONE", kid=...),
    "no_kid": header(kid=...),
    "unknown_kid": header(kid="never-heard-of"),
    "critical_header": header(crit=["x-must-know"], **{"x-must-know": True}),
    "logout_token_type": header(typ="logout+jwt"),
    "bad_signature": signed_by(lambda provider, claims, header: keys.tampered(provider.signed(claims, header))),
    "stranger_key": signed_by(_with_stranger_key),
    "embedded_key": signed_by(_with_embedded_key),
    "hs256_with_secret": signed_by(_hs256_with_secret),
    "hs256_bad_signature": signed_by(lambda *given: keys.tampered(_hs256_with_secret(*given))),
    "hs256_with_public_key": signed_by(_hs256_with_public_key),
    "no_jwt": signed_by(lambda provider, claims, header: "not.a-jwt"),
    # The token response
    "no_id_token": members("change_token_response", id_token=...),
    "no_access_token": members("change_token_response", access_token=...),
    "wrong_token_type": members("change_token_response", token_type="mac"),
    "strange_expires_in": members("change_token_response", expires_in="soon"),
    "token_response_is_a_list": answers("token", 200, ["no object"]),
    "token_html": answers("token", 200, HTML, Content_Type="text/html"),
    "token_down": answers("token", 503, "down", Retry_After="7"),
    "token_server_error": answers("token", 500, "Internal Server Error", Content_Type="text/plain"),
    "token_too_many": answers("token", 429, {"error": "slow_down"}),
    "token_forbidden": answers("token", 403, {"message": "forbidden by the firewall"}),
    "token_redirect": answers("token", 307, Location="http://127.0.0.1:9/steal"),
    "token_invalid_grant": answers("token", 400, {"error": "invalid_grant"}),
    "token_unauthorized_client": answers("token", 400, {"error": "unauthorized_client"}),
    "token_invalid_client": answers("token", 401, {"error": "invalid_client"}, WWW_Authenticate="Basic"),
    # The callback
    "wrong_state": members("change_callback", state="not-the-state-that-was-sent"),
    "no_state": members("change_callback", state=...),
    "wrong_callback_issuer": members("change_callback", iss="https://evil.example"),
    "no_callback_issuer": members("change_callback", iss=...),
    "no_code": members("change_callback", code=...),
    "unknown_code": members("change_callback", code="never-issued"),
    "callback_error": only("change_callback", error="access_denied", error_description="The person said no."),
    # Discovery and keys
    "discovery_lists_prompts": members("change_discovery", prompt_values_supported=["none"]),
    "discovery_wrong_issuer": members("change_discovery", issuer="https://evil.example"),
    "discovery_lacks_token_endpoint": members("change_discovery", token_endpoint=...),
    "discovery_lists_none": members("change_discovery", id_token_signing_alg_values_supported=["none", "RS256"]),
    "discovery_html": answers("discovery", 200, HTML, Content_Type="text/html"),
    "discovery_down": answers("discovery", 503, "down"),
    "discovery_redirect": answers("discovery", 302, Location="http://127.0.0.1:9/"),
    "discovery_is_a_list": answers("discovery", 200, ["no object"]),
    "jwks_down": answers("jwks", 503, "down"),
    "jwks_html": answers("jwks", 200, HTML, Content_Type="text/html"),
    "jwks_empty": members("change_jwks", keys=[]),
    "jwks_with_strange_keys": members("change_jwks", keys=_strange_keys),
    "jwks_with_one_key": members("change_jwks", keys=_first_key),
    "jwks_without_kids": members("change_jwks", keys=_keys_without_kid),
    # Userinfo
    "userinfo_wrong_subject": members("change_userinfo", sub="somebody-else"),
    "userinfo_no_subject": members("change_userinfo", sub=...),
    "userinfo_unauthorized": answers("userinfo", 401, {"error": "invalid_token"}),
    "userinfo_down": answers("userinfo", 503, "down"),
    "userinfo_html": answers("userinfo", 200, HTML, Content_Type="text/html"),
    "userinfo_is_a_list": answers("userinfo", 200, ["no object"]),
}
