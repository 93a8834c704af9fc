"""The discovery document: whose it must be, what it must hold, and what is no reason to refuse a provider."""

from __future__ import annotations

import json
from typing import Any

import pytest

from oidc_gate.errors import ProviderDownError, ProviderError, ProviderSetupError
from oidc_gate.provider.discovery import Metadata, ProviderAddresses, read_metadata
from oidc_gate.provider.http_messages import HTTPAnswer

ISSUER = "https://idp.test"
URL = "https://idp.test/.well-known/openid-configuration"
DOCUMENT: dict[str, Any] = {
    "issuer": ISSUER,
    "authorization_endpoint": "https://idp.test/authorize",
    "token_endpoint": "https://idp.test/token",
    "jwks_uri": "https://idp.test/jwks",
    "userinfo_endpoint": "https://idp.test/userinfo",
    "end_session_endpoint": "https://idp.test/logout",
    "revocation_endpoint": "https://idp.test/revoke",
    "id_token_signing_alg_values_supported": ["RS256", "ES256"],
    "token_endpoint_auth_methods_supported": ["client_secret_post"],
    "authorization_response_iss_parameter_supported": True,
}


def read(expected: str = ISSUER, **changes: Any) -> Metadata:
    document = {name: value for name, value in (DOCUMENT | changes).items() if value is not ...}
    answer = HTTPAnswer(200, "application/json", json.dumps(document).encode())
    return read_metadata(answer, ProviderAddresses(expected))


def test_a_whole_document() -> None:
    found = read()
    assert found == Metadata(
        issuer=ISSUER,
        authorization_endpoint="https://idp.test/authorize",
        token_endpoint="https://idp.test/token",
        jwks_uri="https://idp.test/jwks",
        userinfo_endpoint="https://idp.test/userinfo",
        end_session_endpoint="https://idp.test/logout",
        revocation_endpoint="https://idp.test/revoke",
        signing_algs=frozenset({"RS256", "ES256"}),
        client_auth_methods=("client_secret_post",),
        sends_iss=True,
    )


@pytest.mark.parametrize(
    ("issuer", "url"),
    [
        ("https://idp.test", "https://idp.test/.well-known/openid-configuration"),
        ("https://idp.test/", "https://idp.test/.well-known/openid-configuration"),
        ("https://idp.test/realms/x", "https://idp.test/realms/x/.well-known/openid-configuration"),
        ("https://idp.test/api/oidc/", "https://idp.test/api/oidc/.well-known/openid-configuration"),
    ],
)
def test_where_the_document_is(issuer: str, url: str) -> None:
    asked = ProviderAddresses(issuer).request()
    assert (asked.url, asked.body) == (url, None)


def test_a_trailing_slash_is_tolerated_and_the_document_spells_the_issuer() -> None:
    assert read("https://idp.test/").issuer == "https://idp.test"
    assert read("https://idp.test", issuer="https://idp.test/").issuer == "https://idp.test/"


@pytest.mark.parametrize(
    "issuer",
    [
        ...,
        None,
        "",
        7,
        [ISSUER],
        "https://idp.tes",
        "https://idp.test.evil.example",
        "https://idp.test/other",
        "http://idp.test",
        "https://IDP.test",
        "https://idp.test:443",
        "https://idp.test?x",
        "https://evil.example/https://idp.test",
    ],
)
def test_another_issuer_is_refused(issuer: Any) -> None:
    with pytest.raises(ProviderError, match="discovery names the issuer") as raised:
        read(issuer=issuer)
    assert (raised.value.code, raised.value.status) == ("issuer_mismatch", 500)


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
@pytest.mark.parametrize(
    "value",
    [
        ...,
        None,
        "",
        7,
        ["https://idp.test/x"],
        "/relative",
        "idp.test/no-scheme",
        "http://idp.test/plain",
        "ftp://idp.test/x",
        "javascript:alert(1)//idp.test",
        "https:///no-host",
        "https://[::1/broken",
        "https://idp.test/x#fragment",
        "https://idp.test/ü",
        "https://idp.test/\r\nX-Injected: 1",
        "https://idp.test:99999/x",
        "https://idp.test:x/",
        "https://app:its-secret@idp.test/x",
        "https://idp.test\\@elsewhere.test/x",
        "https://idp.test/x y",
    ],
)
def test_an_endpoint_that_is_needed_and_unusable(name: str, value: Any) -> None:
    with pytest.raises(ProviderSetupError, match=name) as raised:
        read(**{name: value})
    assert (raised.value.code, raised.value.status) == ("discovery_incomplete", 500)


@pytest.mark.parametrize("name", ["userinfo_endpoint", "end_session_endpoint", "revocation_endpoint"])
@pytest.mark.parametrize("value", [..., "", 7, "http://idp.test/plain", "javascript:alert(1)"])
def test_an_endpoint_that_is_not_needed_counts_as_absent(name: str, value: Any) -> None:
    assert getattr(read(**{name: value}), name) == ""


def test_plain_http_endpoints_only_beside_a_plain_http_issuer() -> None:
    plain = {"authorization_endpoint": "http://127.0.0.1:9/a", "userinfo_endpoint": "http://127.0.0.1:9/u"}
    found = read("http://127.0.0.1:9", issuer="http://127.0.0.1:9", **plain)
    assert found.userinfo_endpoint == "http://127.0.0.1:9/u"
    with pytest.raises(ProviderError, match="authorization_endpoint"):
        read("HTTPS://idp.test", issuer="HTTPS://idp.test", **plain)


@pytest.mark.parametrize(
    ("listed", "usable"),
    [
        (..., {"RS256"}),
        (None, {"RS256"}),
        ("ES256", {"RS256"}),
        ([], {"RS256"}),
        (["none"], {"RS256"}),
        (["NONE", "HS256", "HS512", "ES256K", 7, None, ["ES256"]], {"RS256"}),
        (["none", "HS256", "PS512", "EdDSA", "Ed25519"], {"RS256", "PS512", "EdDSA", "Ed25519"}),
    ],
)
def test_none_and_shared_secrets_are_never_taken_from_the_list(listed: Any, usable: set[str]) -> None:
    assert read(id_token_signing_alg_values_supported=listed).signing_algs == usable


@pytest.mark.parametrize("promise", [False, None, 1, "true", "yes", ...])
def test_only_true_promises_the_issuer_parameter(promise: Any) -> None:
    assert not read(authorization_response_iss_parameter_supported=promise).sends_iss


@pytest.mark.parametrize(
    ("listed", "methods"),
    [(..., ()), ("none", ()), (["none", 7, "client_secret_basic"], ("none", "client_secret_basic"))],
)
def test_client_authentication_is_listed(listed: Any, methods: tuple[str, ...]) -> None:
    assert read(token_endpoint_auth_methods_supported=listed).client_auth_methods == methods


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (HTTPAnswer(404, "text/html", b"no", URL), "status 404"),
        (HTTPAnswer(403, "text/html", b"no", URL), "status 403"),
        (HTTPAnswer(201, "application/json", b"{}", URL), "status 201"),
        (HTTPAnswer(200, "text/html", b"<title>Sign in to the Wi-Fi</title>", URL), "not readable ('text/html')"),
        (HTTPAnswer(200, "application/json", b"[]", URL), "not readable: not a JSON object"),
        (HTTPAnswer(200, "application/json", b'{"issuer": "https://idp.te', URL), "not readable: Unterminated"),
        (HTTPAnswer(302, "text/html", b"", URL), "status 302"),
        (HTTPAnswer(308, "", b"", URL, "https://idp.test/x\n"), r"status 308, to 'https://idp.test/x\n': name the"),
    ],
)
def test_what_is_no_document_is_so_for_good(answer: HTTPAnswer, said: str) -> None:
    with pytest.raises(ProviderSetupError) as raised:
        read_metadata(answer, ProviderAddresses(ISSUER))
    assert (raised.value.code, raised.value.status) == ("discovery_failed", 500)
    assert URL in raised.value.detail
    assert said in raised.value.detail


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 101])
def test_an_outage_is_worth_another_try(status: int) -> None:
    with pytest.raises(ProviderDownError) as raised:
        read_metadata(HTTPAnswer(status, "text/html", b"down", URL), ProviderAddresses(ISSUER))
    assert (raised.value.code, raised.value.status) == ("provider_unavailable", 503)


def test_what_is_not_known_and_incomplete_lists_are_no_reason_to_refuse() -> None:
    found = read(response_types_supported=["id_token"], subject_types_supported=..., scopes_supported=[], x=[{}])
    assert found.issuer == ISSUER
