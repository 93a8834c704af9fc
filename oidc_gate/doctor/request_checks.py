"""P10 to P14, P20, P22, P23: what the provider's endpoints for browsers say to this client's requests."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

from oidc_gate.access import CheckedRule
from oidc_gate.doctor.case import Case, Check
from oidc_gate.doctor.findings import Finding, SkippedError, fail, ok, skipped, unknown, warn, worst
from oidc_gate.doctor.landing import Landing, landing
from oidc_gate.doctor.probes import MADE_UP, OF_PKCE, OF_PUSHING, authorization, code_grant, complaint, wrong_code_grant
from oidc_gate.errors import ProviderError
from oidc_gate.gate import known_prompt, reauthentication_prompt
from oidc_gate.provider import HTTPRequest, shown

__all__ = ["REQUEST_CHECKS"]

#: How providers call a redirect URI.
_REDIRECT = ("redirect", "callback url", "reply url", "aadsts50011")
#: How they say that a client exists, and may do nothing.
_SHUT_OUT = ("disabled", "bearer-only", "not enabled", "inactive", "deactivated", "suspended")
_MOST_HOSTS = 10


def _client(case: Case) -> Finding:
    if _is_proven(case):
        return ok("the token endpoint knows it")
    right = authorization(case)
    if _is_shut_out(right):
        return fail(f"the provider refuses this client: {right.said}", "enable it at the provider")
    if not case.options.controls:
        return unknown("without a control (--no-controls) it cannot be told")
    stranger = _stranger(case)
    if not right.is_like(stranger):
        return ok("the provider answers otherwise to a client that there is not")
    if right.kind == "refused":
        return fail(
            f"the provider answers as to a client that there is not: {right.said}",
            "compare client_id with the provider's console, and issuer_url: is it of the same realm, tenant, region?",
        )
    return unknown("the provider answers alike to a client that there is not")


def _is_proven(case: Case) -> bool:
    """Return whether the token endpoint has told this client from one that is wrong."""
    try:
        if code_grant(case).rejects_client or not case.options.controls:
            return False
        return wrong_code_grant(case).rejects_client
    except ProviderError:
        return False


def _is_unknown(case: Case, right: Landing) -> bool:
    """Return whether all that is known of the client is that it is refused, whatever it asks for."""
    if _is_shut_out(right):
        return True
    refused = right.kind == "refused" and case.options.controls and not _is_proven(case)
    return refused and right.is_like(_stranger(case))


def _is_shut_out(right: Landing) -> bool:
    said = f"{right.params.get('error_description', '')} {right.words}".lower()
    return right.kind == "refused" and any(word in said for word in _SHUT_OUT)


def _stranger(case: Case) -> Landing:
    return authorization(case, client_id=f"{MADE_UP}-nobody")


def _redirect_uri(case: Case) -> Finding:
    if not case.settings.base_url:
        return unknown("base_url is not set, so that the app's address is not known here", "--set base_url=https://…")
    return _registered(case, case.redirect_uri, case.own_url(MADE_UP))


def _registered(case: Case, uri: str, other: str) -> Finding:
    """Return whether a redirect URI is registered, by comparison with another one that is not."""
    right = authorization(case, uri)
    if right.kind == "refused" and right.speaks_of(*OF_PUSHING):
        raise SkippedError("the provider takes pushed requests alone: P16")
    if right.kind == "refused":
        return _not_registered(case, uri, right)
    if not case.options.controls:
        known = right.kind == "back"
        return ok(f"{uri} is accepted") if known else unknown("without a control (--no-controls) it cannot be told")
    control = authorization(case, other)
    if right.kind == "back" and control.kind == "back":
        return warn(
            f"{uri} is accepted, and so is {other}, which nobody has registered",
            "register the one address, letter by letter, without *",
        )
    if control.kind != right.kind:
        return ok(f"{uri} is registered; another one is refused")
    return unknown(f"the provider answers alike to {other}, which nobody has registered")


def _not_registered(case: Case, uri: str, right: Landing) -> Finding:
    if _is_unknown(case, right):
        return unknown("as long as the provider refuses the client, it says nothing of redirect URIs: P10")
    mend = "copy it into the provider's list of redirect URIs, letter by letter, without a slash at the end"
    if case.options.controls:
        near = next((each for each in _near(case, uri) if authorization(case, each).kind != "refused"), "")
        if near and authorization(case, f"{uri}-{MADE_UP}").kind == "refused":
            return fail(f"{uri} is not registered; {near} is", f"{mend}; or correct base_url")
    if right.speaks_of(*_REDIRECT):
        return fail(f"{uri} is not registered: {right.said}", mend)
    if _is_proven(case) and right.is_like(authorization(case, f"{uri}-{MADE_UP}")):
        return fail(f"{uri} is refused, as is one that nobody has registered: {right.said}", mend)
    return fail(f"{uri} is refused: {right.said}", f"mend what it says; if that is nothing, {mend}")


def _near(case: Case, uri: str) -> tuple[str, ...]:
    """Return what is registered by mistake in place of an address."""
    scheme, _, rest = uri.partition("://")
    other = f"{'http' if scheme == 'https' else 'https'}://{rest}"
    app = uri.removesuffix(f"{case.settings.path_prefix}/{case.callback}")
    return f"{uri}/", other, f"{app}/callback", f"{app}/", app


def _hosts(case: Case) -> Finding:
    rules = [rule for rule in case.settings.rules or () if isinstance(rule, CheckedRule)]
    hosts = sorted({host for rule in rules for host in rule.hosts or ()})
    if case.settings.base_url or not hosts:
        return skipped("no rule is for a host of its own")
    bases = [f"https://{host}" for host in hosts[:_MOST_HOSTS]]
    found = [_registered(case, case.own_url(case.callback, base), case.own_url(MADE_UP, base)) for base in bases]
    gravest = worst(found)
    return gravest if gravest.status != "ok" else ok(f"registered for {', '.join(hosts[:_MOST_HOSTS])}")


def _check_lands(case: Case) -> None:
    """Raise SkippedError where even the plainest request is refused."""
    if authorization(case).kind == "refused":
        raise SkippedError("the provider takes no request of this client: P10, P11")


def _scopes(case: Case) -> Finding:
    _check_lands(case)
    scopes = case.settings.scopes
    if authorization(case, scope=" ".join(scopes)).error == "invalid_scope":
        wrong = [each for each in scopes if authorization(case, scope=_with_openid(each)).error == "invalid_scope"]
        said = f"refused: {', '.join(wrong)}" if wrong else "these scopes are refused together"
        return fail(said, "have the provider allow the client what scopes ask for, or ask for less")
    if case.options.controls and authorization(case, scope=_with_openid(MADE_UP)).error == "invalid_scope":
        return ok(f"{' '.join(scopes)}: accepted; one that there is not is refused")
    listed = case.document().get("scopes_supported")
    missing = [each for each in scopes if not isinstance(listed, list) or each not in listed]
    if not missing:
        return ok(f"{' '.join(scopes)}: listed by the provider")
    return unknown(f"the provider neither lists nor refuses {', '.join(missing)}")


def _with_openid(scope: str) -> str:
    return scope if scope == "openid" else f"openid {scope}"


def _parameters(case: Case) -> Finding:
    _check_lands(case)
    no = complaint(case)
    if no is not None and no.speaks_of(*OF_PKCE, *OF_PUSHING):
        raise SkippedError("even the plainest login is refused: P6, P16")
    if no is not None:
        return fail(
            f"even the plainest login comes back with {no.said}",
            "have the provider allow this client what it names: the code flow (Keycloak: Standard flow)",
        )
    asked = list(_asked(case))
    refused = [f"{name}={value}" for name, value in asked if _is_refused(authorization(case, **{name: value}))]
    if refused:
        return fail(
            f"the provider refuses {', '.join(refused)}",
            "response_mode and authz_url_params are settings, acr_values and max_age come from rules; prompt=login is"
            " what /oauth2/login sends, where prompt_values_supported does not say otherwise",
        )
    return ok(f"accepted: {', '.join(dict.fromkeys(name for name, _ in asked))}")


def _asked(case: Case) -> Iterator[tuple[str, str]]:
    """Yield the parameters that logins may have beside the usual ones."""
    settings, metadata = case.settings, case.metadata()
    prompt = reauthentication_prompt(metadata)
    if prompt:
        yield "prompt", prompt
    if settings.response_mode != "query":
        yield "response_mode", settings.response_mode
    for name, value in settings.authz_url_params:
        yield name, known_prompt(metadata.authorization_endpoint, value) if name == "prompt" else value
    for rule in settings.rules or ():
        if isinstance(rule, CheckedRule) and rule.acr:
            yield "acr_values", " ".join(rule.acr)
        if isinstance(rule, CheckedRule) and rule.max_age is not None:
            yield "max_age", f"{rule.max_age:.0f}"


def _is_refused(came: Landing) -> bool:
    unmet = came.error == "unmet_authentication_requirements"  # of nobody, who is not signed in
    return came.kind == "refused" or (came.kind == "back" and not came.is_back_without_complaint and not unmet)


def _post_logout(case: Case) -> Finding:
    if not case.settings.provider_logout:
        return skipped("provider_logout is off")
    endpoint = case.metadata().end_session_endpoint
    if not endpoint:
        return warn(
            "provider_logout is on, and the provider offers no end_session_endpoint: a logout ends this session alone",
            "set provider_logout to false, so that nobody believes to be signed out there",
        )
    here, elsewhere = case.own_url("logout"), case.own_url(MADE_UP)
    if _is_unknown(case, authorization(case)):
        raise SkippedError("the provider does not know the client: P10")
    plain, right = _logout(case, endpoint), _logout(case, endpoint, here)
    if plain.kind == "refused" or right.speaks_of("hint"):
        return unknown("the provider says nothing of it to a logout of nobody")
    if right.kind == "refused":
        return fail(f"{here} is not registered: {right.said}", "register it as post-logout redirect URI")
    if not case.options.controls:
        return unknown("without a control (--no-controls) it cannot be told")
    control = _logout(case, endpoint, elsewhere)
    if control.kind == "refused":
        return ok(f"{here} is registered; another one is refused")
    if control.kind == "back":
        return warn(f"the provider's logout leads to any address, {elsewhere} too", "have the provider check them")
    return unknown("the provider answers alike to an address that nobody has registered")


def _logout(case: Case, endpoint: str, target: str = "") -> Landing:
    params = {"client_id": case.settings.client_id} | ({"post_logout_redirect_uri": target} if target else {})
    url = f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(params)}"
    return landing(case.ask(HTTPRequest(url, {"Accept": "text/html"})), target)


def _answers_issuer(case: Case) -> Finding:
    metadata = case.metadata()
    came = authorization(case)
    if came.kind == "refused":
        return skipped("no answer came back to the redirect URI: P11")
    if came.kind == "page":
        return unknown("no answer came back without a person") if metadata.sends_iss else ok("not promised")
    iss = came.params.get("iss", "")
    if iss and iss != metadata.issuer:
        return fail(f"answers name the issuer {shown(iss)}, and discovery {metadata.issuer!r}", "P2; or the provider's")
    if metadata.sends_iss and not iss:
        return unknown(
            "the provider promises iss in its answers, and sends none with an error; a login without it is refused",
            "if logins end in callback_issuer_mismatch, it is the provider's to mend",
        )
    return ok("answers name their issuer" if iss else "neither promised nor sent; with one provider nothing is missing")


def _jumpcloud(case: Case) -> Finding:
    regions, here = case.jumpcloud_regions, case.settings.issuer_url.rstrip("/")
    if here not in {url.rstrip("/") for url in regions.values()}:
        return skipped("this is not JumpCloud")
    if _is_proven(case) or authorization(case).kind != "refused":
        return ok("the client is known in this region")
    for name, url in regions.items():
        other = f"{url.rstrip('/')}/oauth2/auth"
        if url.rstrip("/") != here and authorization(case, endpoint=other).kind != "refused":
            return fail(f"this region refuses the client, and {name} knows it", f"set issuer_url to {name}")
    return unknown("the client, or its redirect URI, is refused in each region: P10, P11")


REQUEST_CHECKS = (
    Check("P10", "client_id", _client),
    Check("P11", "redirect URI", _redirect_uri),
    Check("P12", "hosts of rules", _hosts),
    Check("P13", "scopes", _scopes),
    Check("P14", "parameters", _parameters),
    Check("P20", "post-logout URI", _post_logout),
    Check("P22", "issuer in answers", _answers_issuer),
    Check("P23", "JumpCloud", _jumpcloud),
)
