"""Faults for `oidc-gate doctor` to find: each is seeded at the tests' own provider, or in the settings, and named."""

from __future__ import annotations

import base64
import datetime
import time
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID
from joserfc.jwk import RSAKey
from werkzeug import Request, Response

from oidc_gate import Settings
from oidc_gate.doctor import CHECKS, Case, Options, Report, examine
from tests.apps import COOKIE_SECRET
from tests.providers import keys
from tests.providers.faults import FAULTS, HTML
from tests.providers.local import LocalProvider

__all__ = ["APP", "INTROSPECTING", "SEEDS", "Given", "examined", "good", "not_ok", "says"]

APP = "https://app.test"
CALLBACK, SIGNED_OUT = f"{APP}/oauth2/callback", f"{APP}/oauth2/logout"

#: What a fault changes: the provider, and the settings of the gate.
Given = dict[str, Any]
Seed = Callable[[LocalProvider, Given], None]

INTROSPECTING: Given = {"bearer_audience": [f"{APP}/api"], "bearer_tokens": "auto"}
#: name: what seeds it, and the checks that are then not ok, with their status; all others are ok or skipped.
SEEDS: dict[str, tuple[Seed, dict[str, str]]] = {}


def seeds(**expected: str) -> Callable[[Seed], Seed]:
    """Enter a fault; `expected`: status of each check that finds it."""

    def enter(seed: Seed) -> Seed:
        SEEDS[seed.__name__] = (seed, expected)
        return seed

    return enter


def good(provider: LocalProvider, **more: Any) -> Given:
    """Have a client registered as it should be, with nobody signed in; return the settings of its gate."""
    provider.user = None
    provider.offers = {"introspect", "par"}
    provider.add_client("app", redirect_uris=[CALLBACK], post_logout_uris=[SIGNED_OUT])
    usual: Given = {
        "base_url": APP,
        "cookie_secret": COOKIE_SECRET,
        "allow_domains": "example.com",
        "provider_logout": True,
    }
    return provider.gate_options(**(usual | more))


def examined(settings: Given, options: Options | None = None, **case: Any) -> Report:
    """Return what all checks find but those of the app's own address, where nothing is: `test_doctor_address`."""
    checks = [check for check in CHECKS if not check.id.startswith("A")]
    return examine(Case(Settings(**settings), options, **case), checks, "title", limit=120)


def not_ok(report: Report) -> dict[str, str]:
    """Return the status of each check that found something, or could not tell."""
    statuses = {each.check.id: each.finding.status for each in report.examined}
    return {name: status for name, status in statuses.items() if status not in ("ok", "skipped")}


def has_fault(provider: LocalProvider, name: str, **options: Any) -> None:
    """Have the provider do one of its named wrong things from now on."""
    hook, value = FAULTS[name](provider, **options)
    setattr(provider, hook, value)


def says(provider: LocalProvider, **changes: Any) -> None:
    """Change members of the discovery document; `...` leaves one out."""

    def changed(document: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in (document | changes).items() if value is not ...}

    provider.change_discovery = changed


# The settings


@seeds(S2="warn")
def a_file_with_a_secret_that_all_may_read(provider: LocalProvider, given: Given) -> None:
    path = Path(given.pop("folder")) / "key.pem"
    key = keys.make_key("rsa", 70)
    assert isinstance(key, RSAKey)
    path.write_bytes(key.as_pem(private=True))
    path.chmod(0o644)
    given["client_private_key_file"] = str(path)


@seeds(S3="warn")
def a_short_cookie_secret(provider: LocalProvider, given: Given) -> None:
    given["cookie_secret"] = "only-20-characters-x"


@seeds(S3="warn")
def a_short_client_secret(provider: LocalProvider, given: Given) -> None:
    given["client_secret"] = provider.clients["app"].secret = "short-secret"


@seeds(S4="warn")
def nobody_is_kept_out(provider: LocalProvider, given: Given) -> None:
    del given["allow_domains"]


@seeds(S5="warn")
def a_rule_asks_for_a_level_that_is_not_listed(provider: LocalProvider, given: Given) -> None:
    says(provider, acr_values_supported=["silver", "gold"])
    given["rules"] = [{"path": "/x", "allow": "signed-in", "acr": ["phr"]}]


# The network


@seeds(N2="fail", P1="fail")
def a_provider_that_is_not_there(provider: LocalProvider, given: Given) -> None:
    provider.stop()


@seeds(N1="fail", N3="warn", P1="fail")
def a_host_that_is_not_found(provider: LocalProvider, given: Given) -> None:
    given |= {"issuer_url": "http://no-such-host.invalid", "insecure_http_issuer": True}


@seeds(N4="warn")
def a_slow_provider(provider: LocalProvider, given: Given) -> None:
    def slowly(request: Request) -> Response:
        if len(provider.calls("discovery")) > 1:
            time.sleep(3)
        return provider.serve_discovery(request)

    given["http_timeout"] = 5
    provider.answer = {"discovery": slowly}


def _clock(provider: LocalProvider, date: str, **headers: str) -> None:
    def dated(request: Request) -> Response:
        response = provider.serve_discovery(request)
        response.headers["Date"] = date
        response.headers.update(headers)
        return response

    provider.answer = {"discovery": dated}


@seeds(N5="fail")
def a_clock_an_hour_behind(provider: LocalProvider, given: Given) -> None:
    _clock(provider, formatdate(time.time() + 3600, usegmt=True))


@seeds(N5="warn")
def a_clock_half_an_hour_ahead_which_tokens_outlive(provider: LocalProvider, given: Given) -> None:
    _clock(provider, formatdate(time.time() - 1800, usegmt=True))


@seeds(N5="fail")
def a_clock_two_hours_ahead(provider: LocalProvider, given: Given) -> None:
    _clock(provider, formatdate(time.time() - 7200, usegmt=True))


@seeds(N5="warn")
def a_clock_twenty_seconds_behind(provider: LocalProvider, given: Given) -> None:
    given["clock_leeway"] = "1h"
    _clock(provider, formatdate(time.time() + 1000))


@seeds(N5="unknown")
def a_date_that_is_none(provider: LocalProvider, given: Given) -> None:
    _clock(provider, "today")


# What the provider says of itself


@seeds(P1="fail")
def discovery_leads_elsewhere(provider: LocalProvider, given: Given) -> None:
    has_fault(provider, "discovery_redirect", Location="https://new.test/.well-known/openid-configuration")


@seeds(P1="fail")
def discovery_leads_to_a_page(provider: LocalProvider, given: Given) -> None:
    has_fault(provider, "discovery_redirect")


@seeds(P1="fail")
def discovery_is_a_page(provider: LocalProvider, given: Given) -> None:
    has_fault(provider, "discovery_html")


@seeds(P1="fail")
def discovery_is_down(provider: LocalProvider, given: Given) -> None:
    has_fault(provider, "discovery_down")


@seeds(P1="fail")
def discovery_wants_https(provider: LocalProvider, given: Given) -> None:
    provider.answer = {"discovery": (403, {}, {"error": "invalid_request", "error_description": "HTTPS required"})}


@seeds(P1="warn")
def discovery_is_text(provider: LocalProvider, given: Given) -> None:
    provider.answer = {"discovery": (200, {"Content-Type": "text/plain"}, provider.metadata())}


@seeds(P2="fail")
def another_issuer(provider: LocalProvider, given: Given) -> None:
    says(provider, issuer="https://another.test")


@seeds(P2="fail")
def an_issuer_of_many_tenants(provider: LocalProvider, given: Given) -> None:
    says(provider, issuer="https://many.test/{tenantid}/v2.0")


@seeds(P2="fail")
def no_issuer(provider: LocalProvider, given: Given) -> None:
    says(provider, issuer=...)


@seeds(P3="fail")
def no_token_endpoint(provider: LocalProvider, given: Given) -> None:
    says(provider, token_endpoint=...)


@seeds(P3="warn")
def userinfo_that_cannot_be_used(provider: LocalProvider, given: Given) -> None:
    says(provider, userinfo_endpoint="ftp://files.test/userinfo")


@seeds(P3="warn")
def a_logout_at_another_site(provider: LocalProvider, given: Given) -> None:
    says(provider, end_session_endpoint=provider.url("end_session").replace("127.0.0.1", "localhost"))


@seeds(P4="fail")
def no_keys(provider: LocalProvider, given: Given) -> None:
    has_fault(provider, "jwks_empty")


@seeds(P4="fail")
def keys_that_are_no_list(provider: LocalProvider, given: Given) -> None:
    provider.change_jwks = lambda document: {"keys": "none"}


@seeds(P4="fail")
def keys_that_are_a_page(provider: LocalProvider, given: Given) -> None:
    has_fault(provider, "jwks_html")


@seeds(P4="fail")
def keys_that_are_down(provider: LocalProvider, given: Given) -> None:
    has_fault(provider, "jwks_down")


@seeds(P4="warn")
def keys_that_are_strange(provider: LocalProvider, given: Given) -> None:
    has_fault(provider, "jwks_with_strange_keys")


def _more_keys(provider: LocalProvider, *more: dict[str, Any]) -> None:
    provider.change_jwks = lambda document: {"keys": [*document["keys"], *more]}


@seeds(P4="warn")
def a_weak_key(provider: LocalProvider, given: Given) -> None:
    _more_keys(
        provider, {"kty": "RSA", "kid": "weak", "n": base64.urlsafe_b64encode(b"\xff" * 128).decode(), "e": "AQAB"}
    )


@seeds(P4="fail")
def a_private_key(provider: LocalProvider, given: Given) -> None:
    _more_keys(provider, dict(keys.make_key("ec", 71).as_dict(private=True)))


@seeds(P4="warn")
def a_kid_twice(provider: LocalProvider, given: Given) -> None:
    twin = keys.public_jwk(keys.make_key("rsa", 72))
    _more_keys(provider, twin | {"kid": keys.make_key("rsa", 1).kid})


@seeds(P4="warn")
def a_key_whose_certificate_is_over(provider: LocalProvider, given: Given) -> None:
    key = keys.make_key("rsa", 73)
    assert isinstance(key, RSAKey)
    assert key.private_key is not None
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "old")])
    began = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key)
    builder = builder.serial_number(1).not_valid_before(began).not_valid_after(began + datetime.timedelta(days=365))
    der = builder.sign(key.private_key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    _more_keys(provider, keys.public_jwk(key) | {"x5c": [base64.b64encode(der).decode()]})


@seeds(P5="fail")
def only_hmac(provider: LocalProvider, given: Given) -> None:
    says(provider, id_token_signing_alg_values_supported=["HS256"])


@seeds(P5="unknown")
def no_algorithms_listed(provider: LocalProvider, given: Given) -> None:
    says(provider, id_token_signing_alg_values_supported=...)


@seeds(P4="fail", P5="fail")
def an_algorithm_that_the_provider_has_not(provider: LocalProvider, given: Given) -> None:
    given["signing_algs"] = "ES384"


@seeds(P6="fail")
def only_plain_pkce(provider: LocalProvider, given: Given) -> None:
    says(provider, code_challenge_methods_supported=["plain"])


@seeds(P6="warn")
def no_pkce(provider: LocalProvider, given: Given) -> None:
    provider.require_pkce = False
    says(provider, code_challenge_methods_supported=...)


@seeds(P21="unknown")
def a_provider_that_says_nothing_of_logouts(provider: LocalProvider, given: Given) -> None:
    says(provider, backchannel_logout_supported=..., frontchannel_logout_supported=...)
    given["session_store"] = "sqlite:///never-made.db"


# The client, at the token endpoint and its like


@seeds(P7="fail", P8="unknown")
def a_wrong_secret(provider: LocalProvider, given: Given) -> None:
    given["client_secret"] = "not-the-secret-of-this-client-0123456789"


@seeds(P7="fail", P8="unknown", P10="fail", P11="unknown")
def a_client_that_there_is_not(provider: LocalProvider, given: Given) -> None:
    given["client_id"] = "another"


@seeds(P7="fail", P8="fail")
def a_secret_that_goes_into_the_form(provider: LocalProvider, given: Given) -> None:
    provider.clients["app"].auth_method = "client_secret_post"


@seeds(P7="fail", P8="fail")
def a_secret_that_signs(provider: LocalProvider, given: Given) -> None:
    provider.clients["app"].auth_method = "client_secret_jwt"


@seeds(P7="fail", P8="fail")
def a_secret_that_is_not_decoded(provider: LocalProvider, given: Given) -> None:
    secret = given["client_secret"] = provider.clients["app"].secret = "with % and + and / in it"
    raw = f"Basic {base64.b64encode(f'app:{secret}'.encode()).decode()}"

    def compares(request: Request) -> Response:
        known = request.headers.get("Authorization") == raw
        return Response('{"error": "%s"}' % ("invalid_grant" if known else "invalid_client"), 400 if known else 401)

    provider.answer = dict.fromkeys(("token", "introspect", "revoke", "par"), compares)


@seeds(P7="fail")
def a_client_that_may_not_sign_people_in(provider: LocalProvider, given: Given) -> None:
    def says_no(request: Request) -> Response:
        is_known = request.authorization and request.authorization.password == given["client_secret"]
        code, status = ("unauthorized_client", 400) if is_known else ("invalid_client", 401)
        return Response('{"error": "' + code + '"}', status)

    provider.answer = {"token": says_no}


@seeds(P7="fail", P8="unknown")
def a_client_that_proves_itself_in_another_way(provider: LocalProvider, given: Given) -> None:
    """As Keycloak says it of one that signs: the same to a wrong secret."""
    has_fault(provider, "token_unauthorized_client")


@seeds(P7="unknown", P8="unknown")
def a_provider_that_takes_nothing_from_anybody(provider: LocalProvider, given: Given) -> None:
    provider.answer = {"token": (403, {}, {"error": "access_denied"})}


@seeds(P7="unknown")
def a_provider_that_looks_at_the_code_first(provider: LocalProvider, given: Given) -> None:
    has_fault(provider, "token_invalid_grant")


@seeds(P7="fail")
def no_token_endpoint_at_its_address(provider: LocalProvider, given: Given) -> None:
    provider.answer = {"token": (404, {}, "nothing here")}


@seeds(P7="fail", S4="warn")
def a_public_client_that_is_none(provider: LocalProvider, given: Given) -> None:
    given["client_auth_method"] = "none"
    del given["client_secret"]


@seeds(P15="fail")
def no_refresh_tokens(provider: LocalProvider, given: Given) -> None:
    provider.clients["app"].may_refresh = False
    given |= {"session_store": "sqlite:///never-made.db", "scopes": "openid email offline_access"}


@seeds(P16="fail")
def pushed_requests_are_demanded(provider: LocalProvider, given: Given) -> None:
    provider.demands_pushed = True
    given["pushed"] = "never"


@seeds(P16="fail")
def pushed_requests_are_said_to_be_demanded(provider: LocalProvider, given: Given) -> None:
    says(provider, require_pushed_authorization_requests=True)
    given["pushed"] = "never"


@seeds(P16="fail")
def pushed_requests_are_to_go_nowhere(provider: LocalProvider, given: Given) -> None:
    provider.offers = {"introspect"}
    given["pushed"] = "always"


@seeds(P16="warn")
def pushed_requests_are_not_for_this_client(provider: LocalProvider, given: Given) -> None:
    provider.answer = {"par": (403, {}, {"error": "access_denied"})}


@seeds(P16="fail")
def pushed_requests_are_sent_and_not_for_this_client(provider: LocalProvider, given: Given) -> None:
    provider.answer = {"par": (403, {}, {"error": "access_denied"})}
    given["pushed"] = "always"


@seeds(P16="fail")
def pushed_requests_are_refused(provider: LocalProvider, given: Given) -> None:
    provider.answer = {"par": (400, {}, {"error": "invalid_request"})}


@seeds(P17="warn")
def no_introspection(provider: LocalProvider, given: Given) -> None:
    provider.clients["app"].may_introspect = False


@seeds(P17="fail")
def no_introspection_for_tokens_that_need_it(provider: LocalProvider, given: Given) -> None:
    given |= INTROSPECTING
    provider.clients["app"].may_introspect = False


@seeds(P17="fail")
def introspection_that_discovery_does_not_name(provider: LocalProvider, given: Given) -> None:
    given |= INTROSPECTING
    says(provider, introspection_endpoint=...)


@seeds(P17="fail")
def introspection_that_believes_all(provider: LocalProvider, given: Given) -> None:
    provider.answer = {"introspect": (200, {}, {"active": True})}


@seeds(P18="warn")
def no_revocation(provider: LocalProvider, given: Given) -> None:
    provider.clients["app"].may_revoke = False


@seeds(P19="fail")
def userinfo_that_believes_all(provider: LocalProvider, given: Given) -> None:
    provider.answer = {"userinfo": (200, {}, {"sub": "ada"})}


@seeds(P19="warn")
def userinfo_that_forbids(provider: LocalProvider, given: Given) -> None:
    provider.answer = {"userinfo": (403, {}, "no")}


@seeds(P19="warn")
def userinfo_that_is_not_there(provider: LocalProvider, given: Given) -> None:
    provider.answer = {"userinfo": (404, {}, "no")}


@seeds(P19="fail")
def no_userinfo_where_it_is_needed(provider: LocalProvider, given: Given) -> None:
    says(provider, userinfo_endpoint=...)
    given["userinfo"] = "always"


# The client, at the authorization endpoint and its like


def _refuses(provider: LocalProvider, error: str, description: str) -> None:
    """Have each login come back with this error."""

    def comes_back(request: Request) -> Response:
        place = f"{request.args['redirect_uri']}?{urlencode({'error': error, 'error_description': description})}"
        registered = request.args["redirect_uri"] == CALLBACK
        iss = urlencode({"iss": provider.issuer})
        return Response("", 302, {"Location": f"{place}&{iss}"}) if registered else Response("redirect_uri", 400)

    provider.answer = {"authorize": comes_back}


@seeds(P6="fail")
def pkce_of_the_other_kind(provider: LocalProvider, given: Given) -> None:
    _refuses(provider, "invalid_request", "code challenge method is not matching the configured one")


@seeds(P16="fail")
def pushed_requests_are_demanded_of_this_client(provider: LocalProvider, given: Given) -> None:
    _refuses(provider, "invalid_request", "Pushed Authorization Request is only allowed.")


@seeds(P14="fail")
def a_client_without_the_code_flow(provider: LocalProvider, given: Given) -> None:
    _refuses(provider, "unauthorized_client", "Standard flow is disabled for the client.")


@seeds(P7="fail", P8="unknown", P10="fail", P11="unknown")
def a_client_that_is_disabled(provider: LocalProvider, given: Given) -> None:
    page = "<!doctype html><head><title>Sign in</title></head><!-- no --> We are sorry... <b>Client disabled.</b>"
    provider.answer = {
        "authorize": (400, {"Content-Type": "text/html"}, page),
        "token": (401, {}, {"error": "invalid_client"}),
    }


@seeds(P11="fail")
def requests_that_are_refused_whatever_they_are(provider: LocalProvider, given: Given) -> None:
    provider.answer = {"authorize": (400, {"Content-Type": "text/html"}, "Invalid Request")}


@seeds(P11="fail")
def a_request_that_is_refused_for_another_reason(provider: LocalProvider, given: Given) -> None:
    def refuses(request: Request) -> Response:
        known = request.args["redirect_uri"] == CALLBACK
        return Response("Come back on Monday" if known else "redirect_uri is unknown", 400)

    provider.answer = {"authorize": refuses}


@seeds(P11="fail", P16="fail")
def a_redirect_uri_that_is_not_registered(provider: LocalProvider, given: Given) -> None:
    provider.clients["app"].redirect_uris = ["https://other.test/oauth2/callback"]


@seeds(P11="fail", P16="fail")
def a_redirect_uri_with_a_slash_at_the_end(provider: LocalProvider, given: Given) -> None:
    provider.clients["app"].redirect_uris = [f"{CALLBACK}/"]


@seeds(P11="fail", P16="fail")
def a_redirect_uri_by_plain_http(provider: LocalProvider, given: Given) -> None:
    provider.clients["app"].redirect_uris = [CALLBACK.replace("https", "http")]


@seeds(P11="warn")
def any_redirect_uri(provider: LocalProvider, given: Given) -> None:
    provider.clients["app"].redirect_uris = None


@seeds(P11="unknown", P12="fail")
def a_host_of_a_rule_that_is_not_registered(provider: LocalProvider, given: Given) -> None:
    del given["base_url"]
    given["rules"] = [
        {"host": "app.test", "allow": "signed-in"},
        {"host": "finance.app.test", "allow": "signed-in"},
    ]


@seeds(P13="fail", P16="fail")
def a_scope_that_is_not_allowed(provider: LocalProvider, given: Given) -> None:
    provider.clients["app"].scopes = ["openid", "email"]


@seeds(P13="unknown")
def a_scope_that_nobody_knows(provider: LocalProvider, given: Given) -> None:
    given["scopes"] = "openid email groups"


@seeds(P14="fail")
def a_parameter_that_is_refused(provider: LocalProvider, given: Given) -> None:
    provider.refused_params = {("display", "wap")}
    given["authz_url_params"] = {"display": "wap"}


@seeds(P14="fail")
def a_prompt_that_is_refused(provider: LocalProvider, given: Given) -> None:
    provider.refused_params = {("prompt", "login")}


@seeds(P14="fail")
def an_age_that_is_refused(provider: LocalProvider, given: Given) -> None:
    provider.refused_params = {("max_age", "600")}
    given["rules"] = [{"path": "/x", "allow": "signed-in", "max_age": "10m"}]


@seeds(P20="fail")
def a_post_logout_uri_that_is_not_registered(provider: LocalProvider, given: Given) -> None:
    provider.clients["app"].post_logout_uris = []


@seeds(P20="warn")
def no_logout_at_the_provider(provider: LocalProvider, given: Given) -> None:
    says(provider, end_session_endpoint=...)


@seeds(P20="unknown")
def a_logout_that_wants_a_person(provider: LocalProvider, given: Given) -> None:
    provider.answer = {"end_session": (400, {}, "no id_token_hint")}


@seeds(P20="unknown")
def a_logout_that_wants_to_know_whose(provider: LocalProvider, given: Given) -> None:
    """As Hydra has it: without an address it is done, with one it is refused."""

    def refuses(request: Request) -> Response:
        failed = "post_logout_redirect_uri" in request.args
        query = "?error=invalid_request&error_description=id_token_hint+is+missing" if failed else ""
        return Response(status=302, headers={"Location": f"/end{query}"})

    provider.answer = {"end_session": refuses}


@seeds(P20="warn")
def a_logout_that_leads_anywhere(provider: LocalProvider, given: Given) -> None:
    def leads(request: Request) -> Response:
        return Response(status=302, headers={"Location": request.args.get("post_logout_redirect_uri", "/")})

    provider.answer = {"end_session": leads}


@seeds(P22="unknown")
def answers_without_their_issuer(provider: LocalProvider, given: Given) -> None:
    has_fault(provider, "no_callback_issuer")


@seeds(P22="fail")
def answers_of_another_issuer(provider: LocalProvider, given: Given) -> None:
    has_fault(provider, "wrong_callback_issuer")


@seeds(P22="unknown", P11="unknown")
def a_page_whatever_is_asked(provider: LocalProvider, given: Given) -> None:
    provider.answer = {"authorize": (200, {"Content-Type": "text/html"}, HTML)}
