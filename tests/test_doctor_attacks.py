"""`oidc-gate doctor` at a provider that means harm: no secret goes elsewhere, nothing hangs or steers a terminal."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from werkzeug import Request, Response

from oidc_gate.command.doctor import Wanted, doctor
from oidc_gate.command.run import Launch
from oidc_gate.doctor.landing import landing
from oidc_gate.doctor.markup import forms_of, unescaped, words_of
from oidc_gate.provider import HTTPAnswer
from tests.doctor_faults import CALLBACK, examined, good, not_ok, says
from tests.patience import in_time
from tests.providers.local import LocalProvider
from tests.test_doctor import found

#: What clears a terminal, renames its window, turns the direction of writing, ends a line, and cannot be encoded.
STEERING = "\x1b[2J\x1b]0;x\x07\x9b31m\u202e\u2066\u200b\r\n\u2028\ud800"
REDIRECTS = ("token", "authorize", "userinfo", "revoke", "introspect", "par", "end_session", "jwks", "discovery")


# Where the secret goes


@pytest.mark.parametrize(
    ("check_id", "name", "path"),
    [
        ("P16", "pushed_authorization_request_endpoint", "par"),
        ("P17", "introspection_endpoint", "introspect"),
    ],
)
def test_the_secret_goes_to_no_address_that_the_gate_does_not_ask_itself(
    provider: LocalProvider, check_id: str, name: str, path: str
) -> None:
    given = good(provider)
    with LocalProvider() as elsewhere:
        for url in (
            elsewhere.url(path),
            provider.url(path).replace("127.0.0.1", "localhost"),
            "http://h:99999/",
            "ftp://h",
        ):
            says(provider, **{name: url})
            told = found(given, check_id)
            assert told.status == "unknown"
            assert name in told.found
        assert elsewhere.requests == []
    assert provider.calls(path) == []


def test_no_redirect_takes_the_secret_along(provider: LocalProvider) -> None:
    given = good(provider)
    with LocalProvider() as elsewhere:
        for status in (301, 302, 307, 308):
            answer = (status, {"Location": elsewhere.url("token")}, "")
            for names in (REDIRECTS[:-2], REDIRECTS[-2:]):
                provider.answer = dict.fromkeys(names, answer)
                examined(given)
        assert elsewhere.requests == []


@pytest.mark.parametrize(
    "url",
    ["https://[bad", "http://h:99999/", "http://app:pass@127.0.0.1/", "http://127.0.0.1\\@h/", STEERING, 7, ["x"], {}],
)
@pytest.mark.parametrize("name", ["token_endpoint", "userinfo_endpoint"])
def test_an_address_that_the_gate_would_not_ask_is_told_as_that(provider: LocalProvider, name: str, url: Any) -> None:
    given = good(provider)
    says(provider, **{name: url})
    assert not_ok(examined(given)) == {"P3": "fail" if name == "token_endpoint" else "warn"}


# What takes long


def page(html: str, status: int = 200) -> Callable[[Request], Response]:
    return lambda _: Response(html, status, content_type="text/html")


LONG = {
    "forms without an end": "<form " * 10_000 + "action",
    "a form and spaces": ("<form action" + " " * 40) * 1_100,
    "scripts without an end": "<script " * 8_000,
    "scripts": "<script>" * 8_000,
    "tags without an end": "<" * 60_000,
    "fields without an end": f'<form action="{CALLBACK}">' + "<input " * 8_000,
    "names": f'<form action="{CALLBACK}"><input {"name= " * 9_000}>',
    "quotes": f'<form action="{CALLBACK}"><input {"name=" + chr(34)} {"value=" + chr(39)}' * 2_000,
    "a character's number": "&#" + "9" * 60_000,
}


@pytest.mark.parametrize("html", LONG.values(), ids=LONG)
def test_a_page_is_read_in_one_pass(html: str) -> None:
    """What looks on to the end for each of many beginnings takes minutes here."""
    for status in (200, 400):
        came = landing(HTTPAnswer(status, "text/html", html.encode(), "https://idp.test/authorize"), CALLBACK)
        in_time(lambda came=came: came.is_like(came), 2.0)  # type: ignore[misc]
        in_time(lambda status=status: landing(HTTPAnswer(status, "", html.encode()), CALLBACK), 2.0)  # type: ignore[misc]


def test_a_key_set_with_thousands_of_keys_is_read_in_time(provider: LocalProvider) -> None:
    given = good(provider)
    many = [{"kty": "RSA", "kid": str(number), "n": "_" * 342, "e": "AQAB"} for number in range(2_000)]
    provider.change_jwks = lambda document: {"keys": [*document["keys"], *many, 7, None, {"kty": []}, {"kid": {}}]}
    assert in_time(lambda: found(given, "P4"), 10.0).status in ("ok", "warn")


# What is told


def steering_answers(request: Request) -> Response:
    place = f"{request.values.get('redirect_uri', '')}?error={quote(STEERING.encode(errors='surrogatepass'))}&iss=%1b"
    body = json.dumps({"error": STEERING, "error_description": STEERING, "keys": [{"kid": STEERING, "kty": STEERING}]})
    if request.path.endswith(("authorize", "end-session")):
        return Response("", 302, headers={"Location": place})
    return Response(body, 200 if "keys" in request.path or "jwks" in request.path else 400)


def test_nothing_that_a_provider_says_steers_a_terminal_or_breaks_json(provider: LocalProvider) -> None:
    given = good(provider)
    lists = ("id_token_signing_alg_values_supported", "code_challenge_methods_supported", "prompt_values_supported")
    for changes in ({}, {name: [STEERING] for name in lists}, {"issuer": STEERING}):
        provider.answer = {}
        says(provider, **changes)
        provider.answer = dict.fromkeys([name for name in provider.paths if name != "discovery"], steering_answers)
        report = examined(given)
        told = report.text(colour=False)
        assert all(line.isprintable() for line in told.split("\n"))
        assert "the check itself failed" not in told
        assert json.loads(json.dumps(report.as_json))["version"] == 1


def test_what_settings_say_does_not_steer_a_terminal_either(monkeypatch: pytest.MonkeyPatch) -> None:
    for status, options in ((2, {"issuer_url": "https://idp.test/\u202e"}), (0, {"client_id": "app\u202e"})):
        usual = {"issuer_url": "https://idp.test", "client_secret": "its-secret-0123456789", "client_id": "app"}
        for form in (Wanted(offline=True), Wanted(offline=True, json=True)):
            code, told = doctor(Launch("", options=usual | options), form, "utf-8", colour=False)
            assert code == status
            assert all(line.isprintable() for line in told.split("\n"))


# Pages


def test_a_form_is_read_with_its_own_fields_alone() -> None:
    html = """<FORM method=post Action = '/search'><input name="q" value="x"></FORM>
        <form action="https://app.test/cb?a=1&amp;b=2"><INPUT value="it&#39;s" name='error'><input type=submit></form>
        &lt;form action="https://app.test/none"&gt;"""
    first, second = forms_of(html)
    assert (first.action, first.fields) == ("/search", {"q": "x"})
    assert (second.action, second.fields) == ("https://app.test/cb?a=1&b=2", {"error": "it's"})
    assert len(forms_of("<form>" * 300)) == 100
    assert forms_of("<input name=a value=b>") == []


def test_the_words_of_a_page_are_what_is_read() -> None:
    html = "<style>p < b</style>Invalid <b>client</b><script>if (a < b) x('<b>')</script > id<script>"
    assert words_of(html) == "Invalid client id"
    assert words_of("<script>never closed") == ""
    assert unescaped("&lt;&#65;&#99999999999;") == "<A\ufffd"


def test_a_redirect_to_what_is_no_address_is_a_no() -> None:
    came = landing(HTTPAnswer(302, "", b"", "https://idp.test/authorize", "https://[bad"), CALLBACK)
    assert (came.kind, came.said) == ("refused", "a redirect to what is no address")


def test_an_error_in_json_is_read_as_one_that_came_back() -> None:
    body = b'{"error": "invalid_client", "error_description": "Unknown client_id", "error_uri": 7}'
    came = landing(HTTPAnswer(400, "application/json", body, "https://idp.test/authorize"), CALLBACK)
    assert (came.kind, came.said) == ("refused", "error 'invalid_client', 'Unknown client_id'")


def test_what_was_asked_is_not_in_what_is_told_of_no_answer(provider: LocalProvider) -> None:
    given = good(provider)
    says(provider, authorization_endpoint="http://127.0.0.1:1/authorize")
    told = found(given, "P11")
    assert told.status == "unknown"
    assert told.found.startswith("no answer to go by: http://127.0.0.1:1/authorize: 127.0.0.1:1 refused the connection")
