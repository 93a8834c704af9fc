"""The code flow's messages: what is sent, to the letter, and how each answer is read, good or bad."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from oidc_gate.errors import GateError, LoginError, ProviderDownError, ProviderError, ProviderSetupError
from oidc_gate.provider.code_flow import (
    Callback,
    authorization_base,
    authorization_url,
    end_session_params,
    end_session_url,
    login_hint_param,
    read_callback,
    read_form,
    read_tokens,
    refresh_request,
    revocation_request,
    single_values,
    token_request,
)
from oidc_gate.provider.http_messages import HTTPAnswer, HTTPRequest
from oidc_gate.provider.quoting import scrubbed, secrets_in
from oidc_gate.provider.token_errors import TokenCall
from oidc_gate.provider.userinfo import read_userinfo, userinfo_request
from tests.providers.people import s256

AWKWARD = "p%w+&:/ =? ü€"
TOKENS: dict[str, Any] = {"id_token": "a.b.c", "access_token": "t", "token_type": "Bearer", "expires_in": 300}


def answer(document: Any, status: int = 200, content_type: str = "application/json") -> HTTPAnswer:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return HTTPAnswer(status, content_type, body)


def code_of(call: Any, *arguments: Any, **options: Any) -> str:
    with pytest.raises(GateError) as raised:
        call(*arguments, **options)
    return raised.value.code


# Parameters from outside


def test_a_form_is_read_with_its_blanks_and_repetitions() -> None:
    assert read_form("a=1&b=&a=2&c&=x&%zz=%ff") == [
        ("a", "1"),
        ("b", ""),
        ("a", "2"),
        ("c", ""),
        ("", "x"),
        ("%zz", "\ufffd"),
    ]


def test_too_many_parameters() -> None:
    assert len(read_form("&".join("a=1" for _ in range(50)))) == 50
    assert code_of(read_form, "&".join("a=1" for _ in range(51))) == "parameters_invalid"


def test_only_what_is_asked_for_must_be_single() -> None:
    pairs = [("code", "1"), ("session_state", "a"), ("session_state", "b")]
    assert single_values(pairs, ("code", "state")) == {"code": "1"}
    for second in ("1", "2", ""):
        assert code_of(single_values, [*pairs, ("code", second)], ("code",)) == "parameter_repeated"


# The authorization request


@pytest.mark.parametrize(
    ("endpoint", "begins"),
    [
        ("https://idp.test/a", "https://idp.test/a?response_type=code&scope=openid+email"),
        ("https://idp.test/a?p=b2c_1", "https://idp.test/a?p=b2c_1&response_type=code&scope=openid+email"),
        (
            "https://idp.test/a?x={\"'|}&y=%zz",
            "https://idp.test/a?x={\"'|}&y=%zz&response_type=code&scope=openid+email",
        ),
    ],
)
def test_the_authorization_url_keeps_the_endpoints_own_query(endpoint: str, begins: str) -> None:
    base = authorization_base(endpoint, [("response_type", "code"), ("scope", "openid email")])
    assert base == begins
    url = authorization_url(
        base, state="s-1", nonce="n_2", verifier="v" * 43, extra=login_hint_param("ada@example.com")
    )
    sent = parse_qs(urlsplit(url).query)
    assert (sent["state"], sent["nonce"], sent["login_hint"]) == (["s-1"], ["n_2"], ["ada@example.com"])
    assert sent["code_challenge"] == [s256("v" * 43)]


def test_a_login_hint_cannot_add_a_parameter() -> None:
    assert login_hint_param("") == ""
    assert login_hint_param("a&prompt=none#x ü\ud800") == "&login_hint=a%26prompt%3Dnone%23x%20%C3%BC%3F"


# The callback


def callback(**params: str) -> Callback:
    return read_callback(params.items())


def test_a_code_or_an_error() -> None:
    assert callback(state="s", code="c", iss="i", more="x") == Callback("s", "c", "i", "", "")
    assert callback(state="s", error="e", error_description="d") == Callback("s", "", "", "e", "d")
    assert callback(state="s", code="c", error="") == Callback("s", "c", "", "", "")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "state_missing"),
        ("code=c", "state_missing"),
        ("code=c&state=", "state_missing"),
        ("error=e", "state_missing"),
        ("state=s", "code_missing"),
        ("state=s&code=", "code_missing"),
        ("state=s&code=&error=", "code_missing"),
        ("state=s&code=c&error=e", "code_missing"),
        ("state=s&state=s&code=c", "parameter_repeated"),
        ("state=s&state=t&code=c", "parameter_repeated"),
        ("state=s&code=c&code=d", "parameter_repeated"),
        ("state=s&code=c&code=", "parameter_repeated"),
        ("state=s&code=c&iss=a&iss=b", "parameter_repeated"),
        ("state=s&error=a&error=b", "parameter_repeated"),
        ("state=s&error=a&error_description=b&error_description=c", "parameter_repeated"),
        ("stat%65=s&state=t&code=c", "parameter_repeated"),
    ],
)
def test_callbacks_that_are_refused(query: str, code: str) -> None:
    with pytest.raises(LoginError) as raised:
        read_callback(read_form(query))
    assert (raised.value.code, raised.value.status, raised.value.retry) == (code, 400, False)


@pytest.mark.parametrize(("iss", "required"), [("https://idp.test", True), ("https://idp.test", False), ("", False)])
def test_the_issuer_of_an_answer(iss: str, required: bool) -> None:
    Callback("s", "c", iss, "", "").check_issuer(("https://idp.test",), required=required)


@pytest.mark.parametrize(
    ("iss", "required"),
    [
        ("", True),
        ("https://idp.test/", False),
        ("https://idp.tes", False),
        ("https://evil.example", False),
        ("https://evil.example", True),
        ("HTTPS://idp.test", True),
    ],
)
def test_the_answer_of_another_issuer(iss: str, required: bool) -> None:
    check = Callback("s", "c", iss, "", "").check_issuer
    assert code_of(check, ("https://idp.test",), required=required) == "callback_issuer_mismatch"


def test_the_code_is_not_shown() -> None:
    assert "the-code" not in repr(callback(state="s", code="the-code"))


# The exchange of a code, and what comes after it


REQUEST = token_request("https://idp.test/token", code="c/+ &=", redirect_uri="https://app.test/cb?a=b", verifier="v")


def test_the_exchange_of_a_code() -> None:
    assert dict(parse_qsl(REQUEST.body or "")) == {
        "grant_type": "authorization_code",
        "code": "c/+ &=",
        "redirect_uri": "https://app.test/cb?a=b",
        "code_verifier": "v",
    }
    assert "code" not in repr(REQUEST)


def test_the_refresh_and_the_end_of_a_refresh_token() -> None:
    """A refresh names no scope: asking for more than was granted is refused by some providers."""
    sent = refresh_request("https://idp.test/token", "r/+ &=")
    assert dict(parse_qsl(sent.body or "")) == {"grant_type": "refresh_token", "refresh_token": "r/+ &="}
    ended = revocation_request("https://idp.test/revoke", "r/+ &=")
    assert dict(parse_qsl(ended.body or "")) == {"token": "r/+ &=", "token_type_hint": "refresh_token"}
    assert "r/+" not in repr(sent) + repr(ended)


# The token answer


def read(document: Any, status: int = 200, method: str = "client_secret_basic") -> Any:
    return read_tokens(answer(document, status), TokenCall(method))


def test_a_token_answer() -> None:
    found = read(TOKENS | {"refresh_token": "r", "unknown": [1]})
    assert (found.id_token, found.access_token, found.refresh_token, found.expires_in) == ("a.b.c", "t", "r", 300.0)
    assert not {"a.b.c", "'t'", "'r'"} & set(repr(found).replace(",", " ").split())


@pytest.mark.parametrize("kind", ["Bearer", "bearer", "BEARER"])
def test_the_token_type_in_any_case(kind: str) -> None:
    assert read(TOKENS | {"token_type": kind}).access_token == "t"


@pytest.mark.parametrize(
    ("lifetime", "seconds"),
    [
        (1, 1.0),
        (0.5, 0.5),
        ("3600", 3600.0),
        (None, None),
        (0, None),
        (-1, None),
        (True, None),
        ("soon", None),
        ("-5", None),
        ("²", None),
        ("9" * 5000, None),
        (1e300, None),
        (10**400, None),
        ([], None),
    ],
)
def test_authlib_fails_on_a_strange_lifetime_and_we_ignore_it(lifetime: Any, seconds: float | None) -> None:
    assert read(TOKENS | {"expires_in": lifetime}).expires_in == seconds


@pytest.mark.parametrize("refresh_token", [None, 7, ["r"], {}])
def test_a_refresh_token_that_is_no_text_is_none(refresh_token: Any) -> None:
    assert read(TOKENS | {"refresh_token": refresh_token}).refresh_token == ""


@pytest.mark.parametrize("token", [None, "", 7, ["a.b.c"], {"jwt": "a.b.c"}])
def test_an_answer_without_an_id_token(token: Any) -> None:
    assert code_of(read, TOKENS | {"id_token": token}) == "id_token_missing"


@pytest.mark.parametrize(
    "change",
    [
        {"access_token": 7},
        {"token_type": None},
        {"token_type": "mac"},
        {"token_type": "DPoP"},
        {"token_type": 7},
        {"access_token": "half a \ud83d"},
        {"refresh_token": "h\u00e9"},
    ],
)
def test_an_answer_without_a_bearer_token(change: dict[str, Any]) -> None:
    assert code_of(read, TOKENS | change) == "token_answer_invalid"


def refreshed(document: Any) -> Any:
    return read_tokens(answer(document), TokenCall("none", refreshing=True))


def test_a_refresh_may_bring_no_id_token_but_nothing_else_in_its_place() -> None:
    without = {name: value for name, value in TOKENS.items() if name != "id_token"}
    assert refreshed(without).id_token == ""
    assert refreshed(TOKENS).id_token == "a.b.c"
    for strange in ("", 7, ["a.b.c"], False):
        assert code_of(refreshed, TOKENS | {"id_token": strange}) == "id_token_missing"
    assert code_of(refreshed, without | {"access_token": None}) == "token_answer_invalid"


def test_authlib_takes_any_json_for_tokens_and_we_do_not() -> None:
    assert code_of(read, {"message": "forbidden"}, 403) == "token_request_rejected"
    assert code_of(read, {"foo": 1}) == "id_token_missing"
    assert code_of(read, TOKENS, 403) == "token_request_rejected"
    assert code_of(read, TOKENS, 201) == "token_request_rejected"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'"x"', b"access_token=t&token_type=bearer", b'{"a":1,"a":2}'])
@pytest.mark.parametrize("status", [200, 400, 403])
def test_an_answer_that_is_no_json_object_is_an_outage(body: bytes, status: int) -> None:
    with pytest.raises(ProviderDownError) as raised:
        read(body, status)
    assert raised.value.code == "token_answer_unreadable"


@pytest.mark.parametrize("status", [302, 307, 308, 429, 500, 503])
def test_a_redirect_or_an_outage_of_the_token_endpoint(status: int) -> None:
    with pytest.raises(ProviderDownError) as raised:
        read(TOKENS, status)
    assert raised.value.code == "provider_unavailable"


def test_a_code_that_is_no_longer_accepted_is_worth_another_try() -> None:
    with pytest.raises(LoginError) as raised:
        read({"error": "invalid_grant"}, 400)
    assert (raised.value.code, raised.value.retry) == ("code_rejected", True)


@pytest.mark.parametrize(
    ("document", "status"),
    [({"error": "invalid_client"}, 401), ({"error": "invalid_client"}, 400), ({}, 401), ({"error": 7}, 401)],
)
def test_a_rejected_client_names_what_to_try(document: dict[str, Any], status: int) -> None:
    with pytest.raises(ProviderError, match="client_secret_basic_raw") as raised:
        read(document, status, "client_secret_post")
    assert raised.value.code == "client_rejected"
    assert "client_secret_post" in str(raised.value)


@pytest.mark.parametrize("error", ["invalid_request", "unsupported_grant_type", "not_allowed"])
@pytest.mark.parametrize("status", [200, 400, 403])
def test_what_the_provider_said_is_quoted_and_what_it_was_sent_is_not(error: str, status: int) -> None:
    call = TokenCall("none", secrets=frozenset({"hunter2"}))
    with pytest.raises(ProviderError) as raised:
        read_tokens(answer({"error": error, "error_description": "the secret\nwas hunter2"}, status), call)
    assert raised.value.code == "token_request_rejected"
    assert f"(status {status}, error '{error}', 'the secret\\nwas …')" in str(raised.value)


@pytest.mark.parametrize(
    ("error", "said"), [(["odd"], "\"['odd']\""), ({}, "'{}'"), (7, "'7'"), ("x " * 900, "'" + "x " * 40 + "…'")]
)
def test_an_error_of_any_kind_is_quoted_and_not_at_length(error: Any, said: str) -> None:
    with pytest.raises(ProviderError) as raised:
        read({"error": error, "error_description": ["no text"]}, 400)
    assert said in str(raised.value)
    assert len(str(raised.value)) < 200


def test_a_no_without_a_reason_is_told_by_its_status() -> None:
    with pytest.raises(ProviderError, match=r"refused \(status 403\)$"):
        read({"message": "forbidden"}, 403)


@pytest.mark.parametrize(
    ("document", "status", "code"),
    [
        ({"error": "invalid_grant"}, 200, "code_rejected"),
        ({"error": "invalid_grant"}, 401, "code_rejected"),
        ({"ok": False, "error": "bad_client_secret"}, 200, "client_rejected"),
        ({"error": "unauthorized_client"}, 400, "client_rejected"),
        ({"error": "unauthorized_client"}, 403, "client_rejected"),
        ({"error": "anything"}, 401, "client_rejected"),
        (b"<h1>Unauthorized</h1>", 401, "client_rejected"),
        (TOKENS | {"error": "server_error"}, 200, "token_request_rejected"),
    ],
)
def test_whose_fault_a_no_is(document: Any, status: int, code: str) -> None:
    assert code_of(read, document, status) == code


@pytest.mark.parametrize("nothing", [None, "", False])
def test_an_error_that_says_nothing_is_none(nothing: Any) -> None:
    assert read(TOKENS | {"error": nothing}).access_token == "t"


@pytest.mark.parametrize(
    ("method", "offered", "said"),
    [
        ("client_secret_basic", ("client_secret_post",), "the provider lists client_secret_post;"),
        (
            "client_secret_post",
            ("client_secret_post", "client_secret_basic", "tls_client_auth"),
            "the provider lists client_secret_basic, client_secret_post (a provider that compares the secret without",
        ),
        ("client_secret_post", ("client_secret_post",), "the provider lists client_secret_post;"),
        ("client_secret_post", ("tls_client_auth",), "the provider lists none that the gate has;"),
        ("private_key_jwt", (), "the usual ones are client_secret_basic and client_secret_post (a provider that"),
        ("client_secret_basic_raw", (), "the usual ones are client_secret_basic and client_secret_post;"),
        ("client_secret_basic_raw", ("client_secret_basic",), "the provider lists client_secret_basic;"),
    ],
)
def test_a_rejected_client_is_told_the_methods_that_the_provider_lists(method: str, offered: Any, said: str) -> None:
    with pytest.raises(ProviderError) as raised:
        read_tokens(answer({"error": "invalid_client"}, 401), TokenCall(method, offered))
    assert said in str(raised.value)
    assert f"client_auth_method is {method}" in str(raised.value)


def test_a_rejected_client_that_sent_no_secret_is_told_so_and_which_grant_it_asked_for() -> None:
    with pytest.raises(ProviderError, match="no secret is sent, which is for public clients alone") as raised:
        read_tokens(answer({"error": "invalid_client"}, 401), TokenCall("none", refreshing=True, device=True))
    assert "allows the client the device authorization grant" in str(raised.value)


def test_a_refused_refresh_token_is_not_called_a_code() -> None:
    call = TokenCall("none", refreshing=True)
    with pytest.raises(ProviderError, match="refresh token") as raised:
        read_tokens(answer({"error": "invalid_grant"}, 400), call)
    assert (raised.value.code, "code" in raised.value.detail) == ("refresh_token_rejected", False)
    with pytest.raises(ProviderError, match="allows the client refresh tokens"):
        read_tokens(answer({"error": "unauthorized_client"}, 400), call)


def test_a_client_that_must_use_dpop_is_told_so() -> None:
    with pytest.raises(ProviderError, match="DPoP-bound") as raised:
        read(TOKENS | {"token_type": "DPoP"})
    assert raised.value.code == "token_answer_invalid"
    for document in (
        {"error": "invalid_request", "error_description": "DPoP proof is missing"},
        {"error": "use_dpop_nonce"},
    ):
        with pytest.raises(ProviderError, match="it wants DPoP of this client: turn that off"):
            read(document, 400)
    with pytest.raises(ProviderError, match="of type 'mac', not Bearer"):
        read(TOKENS | {"token_type": "mac"})


def test_there_is_nothing_at_the_token_endpoint() -> None:
    with pytest.raises(ProviderSetupError, match=r"no token endpoint at https://idp\.test/token: status 404") as raised:
        read_tokens(HTTPAnswer(404, "text/html", b"", "https://idp.test/token"), TokenCall("none"))
    assert (raised.value.code, raised.value.status) == ("endpoint_missing", 500)


# Userinfo


def test_the_userinfo_request() -> None:
    sent = userinfo_request("https://idp.test/userinfo", "access")
    assert sent.headers["Authorization"] == "Bearer access"
    assert "application/jwt" in sent.headers["Accept"]
    assert sent.body is None
    assert "access" not in repr(sent)


def test_userinfo_as_json_or_as_a_token() -> None:
    assert read_userinfo(answer({"sub": "ada"})) == {"sub": "ada"}
    assert read_userinfo(answer({"sub": "ada"}, content_type="text/plain")) == {"sub": "ada"}
    assert read_userinfo(answer(b" a.b.c\n", content_type="application/jwt")) == "a.b.c"
    assert read_userinfo(answer(b"\xff", content_type="application/jwt")) == "\ufffd"


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (answer({}, 401), "userinfo_denied"),
        (answer({"error": "insufficient_scope"}, 403), "userinfo_rejected"),
        (answer({"sub": "ada"}, 404), "endpoint_missing"),
        (answer({"sub": "ada"}, 204), "userinfo_rejected"),
        (answer(b"<html>", 403, "text/html"), "userinfo_rejected"),
        (answer(b"<html>", 200, "text/html"), "userinfo_unreadable"),
        (answer([]), "userinfo_unreadable"),
        (answer(b"a.b.c", 200, "application/json"), "userinfo_unreadable"),
        (answer({}, 302), "provider_unavailable"),
        (answer({}, 503), "provider_unavailable"),
    ],
)
def test_userinfo_that_says_no_or_nothing(reply: HTTPAnswer, code: str) -> None:
    assert code_of(read_userinfo, reply) == code


def test_userinfo_says_why() -> None:
    sent = userinfo_request("https://idp.test/userinfo", "an-access-token-0815")
    said = {"error": "invalid_token", "error_description": "The access token an-access-token-0815 has expired"}
    with pytest.raises(ProviderError) as raised:
        read_userinfo(answer(said, 401), secrets_in(sent))
    assert raised.value.detail.endswith("error 'invalid_token', 'The access token … has expired'")


# What of the provider's words is left out


def test_nothing_that_was_sent_is_quoted_in_any_form() -> None:
    sent = HTTPRequest(
        "https://idp.test/token",
        {"Authorization": "Basic " + base64.b64encode(b"app:p%25w%2Bsecret").decode()},
        "grant_type=authorization_code&code=SplxlOBeZQQYbYS6WxSbIA&redirect_uri=https%3A%2F%2Fapp.test%2Foauth2%2Fcallback"
        "&code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk&client_secret=p%25w%2Bsecret",
    )
    said = (
        "code SplxlOBeZQQYbYS6WxSbIA (splxlobezqqy...) of verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk,"
        " secret p%w+secret or p%25w%2Bsecret, Basic YXBwOnAlMjV3JTJCc2VjcmV0,"
        " token eyJhbGciOiJub25lIn0.e30.0123456789ab;"
        " redirect_uri https://app.test/oauth2/callback is not that of authorization_code"
    )
    assert scrubbed(said, secrets_in(sent)) == (
        "code … (…) of verifier=…, secret … or …, Basic …,"
        " token …; redirect_uri https://app.test/oauth2/callback is not that of authorization_code"
    )


# Logout at the provider


def test_the_logout_request() -> None:
    params = end_session_params(
        client_id="app 1",
        id_token="a.b.c",
        return_url="https://app.test/oauth2/logout",
        state="s",
    )
    url = end_session_url("https://idp.test/out?x=1", params)
    assert url.startswith("https://idp.test/out?x=1&client_id=app+1&")
    assert parse_qs(urlsplit(url).query) == {
        "x": ["1"],
        "client_id": ["app 1"],
        "id_token_hint": ["a.b.c"],
        "post_logout_redirect_uri": ["https://app.test/oauth2/logout"],
        "state": ["s"],
    }


def test_without_an_id_token_nothing_is_sent_that_providers_refuse() -> None:
    params = end_session_params(client_id="app", id_token="", return_url="https://app.test/", state="s")
    url = end_session_url("https://idp.test/out", params)
    assert url == "https://idp.test/out?client_id=app"
