"""`oidc-gate doctor` at the provider's endpoints: what an answer without a person is taken for, and rarer answers."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug import Request, Response

from oidc_gate import Settings
from oidc_gate.doctor import Case
from oidc_gate.doctor.landing import landing
from oidc_gate.provider import HTTPAnswer, HTTPRequest
from tests.doctor_faults import APP, CALLBACK, examined, good, not_ok, says
from tests.providers.faults import HTML
from tests.providers.local import LocalProvider
from tests.test_doctor import found

AT = "https://issuer.test/authorize"


def answer(status: int, body: str = "", location: str = "") -> HTTPAnswer:
    return HTTPAnswer(status, "text/html", body.encode(), f"{AT}?client_id=app", location)


@pytest.mark.parametrize(
    ("came", "kind", "error"),
    [
        (answer(302, location=f"{CALLBACK}?error=login_required&state=x"), "back", "login_required"),
        (answer(303, location=f"{CALLBACK}#error=login_required"), "back", "login_required"),
        (answer(302, location=f"{CALLBACK}/more?error=x"), "refused", "x"),
        (answer(302, location="/login?challenge=1"), "page", ""),
        (answer(302, location="/login;jsessionid=C2F0723FE20B9FA84F16100E8BDF84F1"), "page", ""),
        (answer(302, location="/oidc/error?error=invalid_client"), "refused", "invalid_client"),
        (answer(302, location="https://accounts.test/signin/oauth/error/v2?authError=xyz"), "refused", ""),
        (answer(200, HTML), "page", ""),
        (answer(200, "Sorry: AADSTS50011: The reply URL does not match"), "refused", "AADSTS50011"),
        (answer(400, "no such client"), "refused", ""),
        (answer(304), "page", ""),
        (
            answer(
                200,
                f'<form method="post" action="{CALLBACK}"><input type="hidden" name="error" value="login_required">'
                "<input type='hidden' name='iss' value='https://issuer.test&amp;x'/><input type=submit></form>",
            ),
            "back",
            "login_required",
        ),
        (answer(200, '<form action="/login"><input name="user"></form>'), "page", ""),
    ],
)
def test_what_an_answer_is_taken_for(came: HTTPAnswer, kind: str, error: str) -> None:
    found = landing(came, CALLBACK)
    assert (found.kind, found.error) == (kind, error)


def test_two_answers_that_differ_in_what_was_sent_alone_are_alike() -> None:
    one = landing(answer(400, "<p>No client app-1 here (request 8f7a6b5c4d3e2f1a)"), CALLBACK, ["app-1"])
    two = landing(answer(400, "<p>No client somebody here (request 1234567890abcdef)"), CALLBACK, ["somebody"])
    assert one.is_like(two)
    first, second = (landing(answer(302, location=f"/login;id={number}"), CALLBACK) for number in (1, 2))
    assert first.is_like(second)
    assert not one.is_like(landing(answer(400, "<p>No such redirect URI here"), CALLBACK))


# Rarer answers


def test_the_slash_at_the_end_of_the_issuer(provider: LocalProvider) -> None:
    given = good(provider)
    says(provider, issuer=f"{provider.issuer}/")
    assert found(given, "P2").status == "ok"


def test_endpoints_that_a_provider_has_not(provider: LocalProvider) -> None:
    given = good(provider, provider_logout=False)
    provider.offers = set()
    says(provider, revocation_endpoint=..., userinfo_endpoint=...)
    assert not_ok(examined(given)) == {}
    for check_id in ("P16", "P17", "P18", "P19", "P20"):
        assert found(given, check_id).status == "skipped"
    assert found(given | {"userinfo": "never"}, "P19").status == "skipped"


def test_endpoints_by_plain_http_are_not_used_by_https(provider: LocalProvider) -> None:
    given = good(provider)
    says(provider, userinfo_endpoint="http://elsewhere.test/userinfo")
    assert found(given, "P3").status == "warn"


def test_keys_that_cannot_be_read_are_told(provider: LocalProvider) -> None:
    given = good(provider)
    provider.change_jwks = lambda document: {
        "keys": [*document["keys"], {"kty": "RSA", "kid": "odd", "n": "\u00e4", "e": "AQAB"}]
    }
    assert "the key 'odd' cannot be used" in found(given, "P4").found


def test_a_logout_of_all_sessions_at_once(provider: LocalProvider) -> None:
    given = good(provider, session_store="sqlite:///never-made.db")
    assert found(given, "P21").found.endswith("to register: …/oauth2/backchannel-logout")
    says(provider, backchannel_logout_session_supported=False)
    assert found(given, "P21").found.endswith("of all of a person's sessions at once")


def test_answers_by_a_form(provider: LocalProvider) -> None:
    given = good(provider, response_mode="form_post")
    assert not_ok(examined(given)) == {}
    assert found(given, "P14").found == "accepted: prompt, response_mode"


def test_a_provider_that_lists_no_prompt_for_signing_in_anew(provider: LocalProvider) -> None:
    given = good(provider)
    says(provider, prompt_values_supported=["none"])
    assert found(given, "P14").status == "ok"


def test_levels_that_rules_ask_for(provider: LocalProvider) -> None:
    given = good(provider, rules=[{"path": "/x", "allow": "signed-in", "acr": ["phr", "mfa"]}])
    assert found(given, "S5").found == "1 rule, each of which can decide; the provider does not list which acr it knows"
    says(provider, acr_values_supported=["phr", "mfa"])
    assert found(given, "S5").found.endswith("the provider lists their acr")
    assert found(given, "P14").found == "accepted: prompt, acr_values"
    provider.answer = {"discovery": (404, {}, "")}
    assert "acr is not compared with the provider's: discovery did not work" in found(given, "S5").found
    given["rules"] = [{"path": "/x", "allow": "signed-in"}, {"path": "/y", "allow": "nobody"}]
    assert found(given, "S5").found == "2 rules, each of which can decide"


def test_hosts_of_rules_that_are_registered(provider: LocalProvider) -> None:
    given = good(provider, rules=[{"host": "app.test", "allow": "signed-in"}])
    del given["base_url"]
    assert found(given, "P12").found == "registered for app.test"
    provider.clients["app"].redirect_uris = None
    assert found(given, "P12").status == "warn"


def test_scopes_that_are_refused_are_named_where_others_pass(provider: LocalProvider) -> None:
    given = good(provider, scopes="openid email")
    provider.clients["app"].scopes = ["openid", "email"]
    assert found(given, "P13").found == "openid email: accepted; one that there is not is refused"
    given["scopes"] = "openid email offline"
    assert found(given, "P13").found == "refused: offline"

    def not_together(request: Request) -> Response:
        refused = request.args["scope"].count(" ") > 1
        error = "invalid_scope" if refused else "login_required"
        return Response(status=302, headers={"Location": f"{request.args['redirect_uri']}?error={error}"})

    provider.answer = {"authorize": not_together}
    assert found(given, "P13").found == "these scopes are refused together"


def test_an_authorization_endpoint_that_is_down(provider: LocalProvider) -> None:
    given = good(provider)
    provider.answer = {"authorize": (503, {}, "down")}
    told = found(given, "P11")
    assert told.status == "unknown"
    assert "answered with status 503" in told.found
    assert "state=" not in told.found
    assert found(given, "P6").found == "S256 is listed"


def test_a_provider_that_fails_at_being_asked_for_nobody(provider: LocalProvider) -> None:
    given = good(provider)

    def fails(request: Request) -> Response:
        return Response("", 500) if request.args.get("prompt") == "none" else provider.serve_authorize(request)

    provider.answer = {"authorize": fails}
    assert found(given, "P11").found == f"{CALLBACK} is registered; another one is refused"


def test_a_redirect_uri_that_is_refused_in_other_words(provider: LocalProvider) -> None:
    given = good(provider)

    def refuses(request: Request) -> Response:
        return Response("nobody" if "nobody" in request.args["client_id"] else "not here", 400)

    provider.answer = {"authorize": refuses, "token": (401, {}, {"error": "invalid_client"})}
    assert found(given, "P11").found == f"{CALLBACK} is refused: status 400, 'not here'"
    assert found(given, "P10").status == "ok"


def test_a_provider_that_answers_alike_to_all(provider: LocalProvider) -> None:
    given = good(provider)
    page: Any = (200, {"Content-Type": "text/html"}, HTML)
    provider.answer = {"authorize": page, "token": (400, {}, {"error": "invalid_grant"}), "end_session": page}
    assert found(given, "P10").status == "unknown"
    assert found(given, "P11").status == "unknown"
    assert found(given, "P20").status == "unknown"


def test_a_provider_that_sends_all_whom_it_does_not_know_to_its_login(provider: LocalProvider) -> None:
    """As Spring has it: another redirect URI does not come back, and that tells enough."""
    given = good(provider)

    def to_login(request: Request) -> Response:
        known = request.args["redirect_uri"] == CALLBACK
        return provider.serve_authorize(request) if known else Response(status=302, headers={"Location": "/login"})

    provider.answer = {"authorize": to_login}
    assert found(given, "P11").status == "ok"


def test_one_page_and_one_refusal_tell_a_redirect_uri(provider: LocalProvider) -> None:
    given = good(provider)

    def some_page(request: Request) -> Response:
        return Response(HTML, 200 if request.args["redirect_uri"] == CALLBACK else 400)

    provider.answer = {"authorize": some_page}
    assert found(given, "P11").status == "ok"
    says(provider, authorization_response_iss_parameter_supported=...)
    assert found(given, "P22").found == "not promised"


def test_answers_without_issuer_where_none_is_promised(provider: LocalProvider) -> None:
    given = good(provider)
    says(provider, authorization_response_iss_parameter_supported=...)
    provider.change_callback = lambda params: {name: value for name, value in params.items() if name != "iss"}
    assert found(given, "P22").status == "ok"


def test_the_app_is_asked_as_the_provider_is(provider: LocalProvider) -> None:
    case = Case(Settings(**good(provider)))
    came = case.app_ask(HTTPRequest(provider.url("end_session")))
    assert came.status == 200
    assert came.header("content-type").startswith("text/html")
    assert came.header("x-none") == ""
    assert case.own_url("health") == f"{APP}/oauth2/health"


def test_a_prompt_is_asked_as_logins_have_it(provider: LocalProvider) -> None:
    given = good(provider, authz_url_params={"prompt": "select_account"})
    assert found(given, "P14").status == "ok"
    asked = [call.params["prompt"] for call in provider.calls("authorize")]
    assert sorted(set(asked)) == ["login", "none", "select_account"]


def test_a_refused_code_with_status_401_is_no_refused_client(provider: LocalProvider) -> None:
    given = good(provider)

    def strict(request: Request) -> Response:
        known = request.authorization is not None and request.authorization.password == given["client_secret"]
        return Response('{"error": "%s"}' % ("invalid_grant" if known else "invalid_client"), 401)

    provider.answer = {"token": strict}
    assert found(given, "P7").status == "ok"
