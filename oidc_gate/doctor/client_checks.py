"""P7 to P9, P15 to P19: what the provider's endpoints for servers say to this client."""

from __future__ import annotations

import secrets
from urllib.parse import quote_plus, urlsplit

from oidc_gate.doctor.case import Case, Check
from oidc_gate.doctor.findings import Finding, SkippedError, fail, ok, skipped, unknown, warn
from oidc_gate.doctor.probes import (
    MADE_UP,
    OF_PUSHING,
    Said,
    code_grant,
    complaint,
    is_pushed,
    post,
    push,
    wrong_code_grant,
)
from oidc_gate.errors import ProviderError, ProviderSetupError
from oidc_gate.provider import is_usable, read_assertion, userinfo

__all__ = ["CLIENT_CHECKS"]

_BASIC, _POST, _RAW, _JWT = "client_secret_basic", "client_secret_post", "client_secret_basic_raw", "client_secret_jwt"
#: Methods without a secret, and what the client proves itself by.
_BY_SIGNATURE = {"private_key_jwt": "key", "client_assertion": "token"}
#: A shorter secret cannot sign by HS256.
_LEAST_OF_HS256 = 32
_COPY = (
    "where P10 has failed too, begin there; else copy client_id and client_secret once more, without blanks, from one"
    " entry; where it is shown only once, make a new secret"
)
_NOT_SENT_THERE = "{endpoint} is at another address than the token endpoint: doctor sends no secret there"
_NOT_ALLOWED = frozenset({"unauthorized_client", "unsupported_grant_type"})


def _secret(case: Case) -> Finding:
    method = case.settings.client_auth_method
    if method in _BY_SIGNATURE:
        return skipped(f"the client proves itself by its {_BY_SIGNATURE[method]}: P9")
    if method == "none":
        return _proof(case, "a client without a secret", "make it a public client there, or set client_auth_method")
    return _proof(case, "client_secret", _COPY)


def _key(case: Case) -> Finding:
    method = case.settings.client_auth_method
    if method not in _BY_SIGNATURE:
        return skipped("client_auth_method is neither private_key_jwt nor client_assertion")
    if method == "client_assertion":
        try:
            read_assertion(case.settings.client_assertion_file)
        except ProviderSetupError as error:
            return fail(error.detail, "have the platform write it there, and renew it")
        return _proof(
            case,
            "the token in client_assertion_file",
            "compare its iss, sub and aud with what the provider is told to trust for this client",
        )
    return _proof(
        case,
        "the client's key",
        "register the public half of client_private_key_file at the provider, with the same kid and alg",
    )


def _proof(case: Case, what: str, mend: str) -> Finding:
    """Return whether the client is accepted: a code that nobody issued is refused, and a wrong proof otherwise."""
    try:
        right = code_grant(case)
    except ProviderSetupError as error:
        return fail(error.detail, "P3 tells what the provider says of its endpoints")
    if _is_rejected(case, right):
        other = _accepted_method(case)
        return fail(f"{what} is not accepted: {right.said}", f"set client_auth_method to {other}" if other else mend)
    if right.error == "unauthorized_client":
        return fail(
            f"{what} is accepted, but not for logins: {right.said}", "allow the client authorization_code there"
        )
    if not case.options.controls:
        return unknown(f"{what} is not refused; without a control (--no-controls) that proves nothing")
    if wrong_code_grant(case).rejects_client:
        return ok("accepted; another one is refused")
    looks_at_code = right.error == "invalid_grant" and case.settings.client_auth_method != "none"
    return unknown(
        f"the provider says the same where {what} is wrong on purpose: {right.said}",
        "if it is a public client there, set client_auth_method to none" if looks_at_code else "",
    )


def _accepted_method(case: Case) -> str:
    """Return another way in which the same secret is accepted, `""` for none."""
    said = ((each, code_grant(case, each)) for each in _other_methods(case))
    return next((each for each, right in said if _looks_further(right)), "")


def _looks_further(right: Said) -> bool:
    """Return whether an answer is of something else than the client."""
    return not right.rejects_client and right.status != 403 and right.error not in _NOT_ALLOWED


def _is_rejected(case: Case, right: Said) -> bool:
    """Return whether the client is not accepted.

    Where `unauthorized_client` comes to a wrong proof too, it does not say that the right one was accepted.
    """
    if right.error != "unauthorized_client" or right.rejects_client or not case.options.controls:
        return right.rejects_client
    return wrong_code_grant(case).error == right.error


def _method(case: Case) -> Finding:
    method = case.settings.client_auth_method
    if method == "none" or method in _BY_SIGNATURE:
        return skipped(f"client_auth_method is {method}")
    if not _is_refused(case):
        return ok(f"{method} is not refused")
    if other := _accepted_method(case):
        return fail(f"{method} is refused, and {other} accepted", f"set client_auth_method to {other}")
    return unknown("the client is refused by the other methods too, so that they tell nothing: P7")


def _other_methods(case: Case) -> list[str]:
    """Return what is worth a try with the same secret."""
    settings = case.settings
    if settings.client_auth_method == "none" or settings.client_auth_method in _BY_SIGNATURE:
        return []
    methods = [_BASIC, _POST]
    if quote_plus(settings.client_secret) != settings.client_secret:
        methods.append(_RAW)
    if _JWT in case.metadata().client_auth_methods and len(settings.client_secret) >= _LEAST_OF_HS256:
        methods.append(_JWT)
    return [each for each in methods if each != settings.client_auth_method]


def _check_accepted(case: Case) -> None:
    """Raise SkippedError where the client is not accepted at all."""
    if _is_refused(case):
        raise SkippedError("the client is not accepted: P7, P9")


def _is_refused(case: Case) -> bool:
    """Return whether the client is not accepted as it is. Raises SkippedError where that cannot be asked."""
    try:
        right = code_grant(case)
        return right.status == 403 or _is_rejected(case, right)
    except ProviderError:
        raise SkippedError("the token endpoint does not answer: P7, P9") from None


def _refresh(case: Case) -> Finding:
    settings = case.settings
    wanted = "offline_access" in settings.scopes
    if settings.session_store == "cookie":
        return skipped("refresh tokens are kept only with a session_store on the server")
    if settings.profile:
        return skipped("under a profile the provider wants the proof of a key first, which doctor does not send")
    _check_accepted(case)
    form = {"grant_type": "refresh_token", "refresh_token": _made_up()}
    right = post(case, case.metadata().token_endpoint, form)
    if right.error in _NOT_ALLOWED:
        said = f"refresh tokens are not for this client: {right.said}"
        mend = "allow the client the grant refresh_token at the provider, or leave offline_access out of scopes"
        return fail(said, mend) if wanted else ok(f"{said}; scopes do not ask for one")
    if right.error != "invalid_grant":
        return unknown(f"to a refresh token that nobody issued the provider says: {right.said}")
    if not case.options.controls:
        return ok("the provider looks for the refresh token")
    control = post(case, case.metadata().token_endpoint, form | {"grant_type": f"urn:{MADE_UP}"})
    if control.error == "invalid_grant":
        return unknown("the provider says the same to a grant that there is not")
    return ok("the grant refresh_token is allowed; one that there is not is refused")


def _pushed(case: Case) -> Finding:
    document, settings = case.document(), case.settings
    endpoint, pushes = document.get("pushed_authorization_request_endpoint"), is_pushed(case)
    no = complaint(case)
    demand = "the provider demands pushed requests"
    if not pushes and no is not None and no.speaks_of(*OF_PUSHING):
        return fail(f"{demand}, of this client: {no.said}", "set pushed to always")
    if not pushes and case.metadata().demands_pushed:
        return fail(f"{demand}, and pushed is never", "set pushed to auto, or have the provider not demand them")
    if not isinstance(endpoint, str) and not pushes:
        return skipped("the provider offers no pushed requests, and none are sent")
    if not case.metadata().pushed_authorization_request_endpoint and pushes:
        return fail(
            "requests are to be pushed, and discovery names no usable pushed_authorization_request_endpoint",
            "name it in provider_endpoints, if there is one; else set pushed to auto",
        )
    if not pushes and not _is_trusted(case, str(endpoint)):
        return unknown(_NOT_SENT_THERE.format(endpoint="pushed_authorization_request_endpoint"))
    _check_accepted(case)
    said = push(case)
    if said.status in (200, 201):
        use = "logins are pushed" if pushes else f"logins are not pushed: pushed is {settings.pushed}"
        return ok(f"client, redirect URI and scopes are accepted in one pushed request; {use}")
    if said.rejects_client or said.status == 403:
        if pushes:
            return fail(f"pushed requests are refused: {said.said}", "allow them to this client at the provider")
        return warn(f"pushed requests are refused: {said.said}", "nothing: logins are not pushed")
    return fail(f"a pushed request with this redirect URI and these scopes is refused: {said.said}", "P11 and P13")


def _introspection(case: Case) -> Finding:
    settings = case.settings
    in_use = bool(settings.bearer_audience) and settings.bearer_tokens != "jwt"
    endpoint = case.metadata().introspection_endpoint if in_use else case.document().get("introspection_endpoint")
    if in_use and not endpoint:
        return fail(
            f"bearer_tokens is {settings.bearer_tokens}, and discovery names no introspection_endpoint",
            "name it in provider_endpoints, if there is one, or set bearer_tokens to jwt",
        )
    if not isinstance(endpoint, str):
        return skipped("the provider offers no introspection")
    if not in_use and not _is_trusted(case, endpoint):
        return unknown(_NOT_SENT_THERE.format(endpoint="introspection_endpoint"))
    _check_accepted(case)
    said = post(case, endpoint, {"token": _made_up(), "token_type_hint": "access_token"})
    if said.status == 200 and said.document.get("active") is False:
        return ok("allowed; a token that nobody issued is not active")
    if said.document.get("active") is True:
        return fail("a token that nobody issued counts as active", "this is the provider's to mend")
    found = f"this client may not introspect tokens: {said.said}"
    if in_use:
        return fail(found, "allow it at the provider: without it no program comes in by introspection")
    return warn(found, "allow it at the provider, if programs are to come with opaque tokens; logins do not need it")


def _revocation(case: Case) -> Finding:
    endpoint = case.metadata().revocation_endpoint
    if not endpoint:
        return skipped("the provider offers no revocation")
    _check_accepted(case)
    said = post(case, endpoint, {"token": _made_up(), "token_type_hint": "refresh_token"})
    if said.status == 200 or said.error in ("invalid_token", "unsupported_token_type", "invalid_request"):
        return ok("allowed")
    return warn(
        f"this client may not revoke tokens: {said.said}",
        "allow it at the provider; until then a refresh token outlives the logout",
    )


def _userinfo(case: Case) -> Finding:
    endpoint, wanted = case.metadata().userinfo_endpoint, case.settings.userinfo
    if not endpoint and wanted == "always":
        return fail("userinfo is always, and the provider offers no userinfo endpoint", "set userinfo to auto")
    if not endpoint or wanted == "never":
        return skipped("userinfo is not asked" if endpoint else "the provider offers no userinfo endpoint")
    answer = case.ask(userinfo.userinfo_request(endpoint, _made_up()))
    if answer.status == 401:
        return ok("a token that nobody issued is refused")
    if answer.status == 200:
        return fail("userinfo answers to a token that nobody issued", "this is the provider's to mend")
    if answer.status in (404, 410) or 300 <= answer.status < 400:
        return (fail if wanted == "always" else warn)(
            f"there is no userinfo at its address: status {answer.status}",
            "have the provider correct it, or userinfo=never",
        )
    return warn(
        f"a token that nobody issued gets status {answer.status}, not 401",
        "have what answers there say 401, at which alone the gate ends a session; until then whoever is shut out at the"
        " provider stays until the session's own end",
    )


def _is_trusted(case: Case, endpoint: str) -> bool:
    """Return whether what the gate itself does not ask is where it sends the client's secret anyway."""
    metadata = case.metadata()
    return is_usable(endpoint, metadata.issuer) and _origin(endpoint) == _origin(metadata.token_endpoint)


def _origin(url: str) -> tuple[str, str | None, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)


def _made_up() -> str:
    return f"{MADE_UP}.{secrets.token_urlsafe(32)}"


CLIENT_CHECKS = (
    Check("P7", "client secret", _secret),
    Check("P8", "client_auth_method", _method),
    Check("P9", "client's key", _key),
    Check("P15", "refresh tokens", _refresh),
    Check("P16", "pushed requests", _pushed),
    Check("P17", "introspection", _introspection),
    Check("P18", "revocation", _revocation),
    Check("P19", "userinfo", _userinfo),
)
