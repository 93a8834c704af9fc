"""The provider and its network: what it asks, how often, how long it waits, what it refuses to read or to follow."""

from __future__ import annotations

import base64
import datetime
import gzip
import json
import logging
import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwe
from joserfc.jwk import RSAKey
from werkzeug import Response

from oidc_gate.errors import GateError, ProviderDownError, ProviderError, SettingsError
from oidc_gate.provider import transport
from oidc_gate.provider.code_flow import Callback, Tokens
from oidc_gate.provider.discovery import Metadata
from oidc_gate.provider.provider import Provider
from oidc_gate.provider.transport import LONGEST_ANSWER
from oidc_gate.settings import Settings
from tests.apps import COOKIE_SECRET
from tests.by_hand import CALLBACK, ByHand
from tests.patience import LIMIT, in_time
from tests.providers import keys
from tests.providers.local import LocalProvider
from tests.providers.tls import Authority, KeepingProvider
from tests.raw_server import Connection, RawServer, endless, raw_server, says

DISCOVERY = "/.well-known/openid-configuration"
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@dataclass
class Clock:
    """The gate's clock, in a test's hand."""

    now: float = field(default_factory=time.time)

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def settings(issuer: str, /, **options: Any) -> Settings:
    standard = {"client_id": "app", "client_secret": "the-secret-of-the-app-that-is-long-enough-for-hs256"}
    return Settings(**({"cookie_secret": COOKIE_SECRET, "issuer_url": issuer} | standard | options))


def client(provider: LocalProvider, clock: Callable[[], float] = time.time, /, **options: Any) -> Provider:
    """Return the provider under test, as this provider's client `app`."""
    return Provider(settings(provider.issuer, **(provider.gate_options() | options)), clock)


def sign_in(under_test: Provider, provider: LocalProvider) -> tuple[dict[str, Any], Tokens]:
    """Go to the provider by hand and have it redeem the code."""
    by_hand = ByHand(provider)
    sent = by_hand.callback()
    callback = Callback(sent["state"], sent["code"], sent.get("iss", ""), "", "")
    return under_test.exchange(callback, redirect_uri=CALLBACK, verifier=by_hand.verifier, nonce="nonce-of-this-login")


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(GateError) as raised:
        call()
    return raised.value.code


def down(call: Callable[[], object]) -> ProviderDownError:
    with pytest.raises(ProviderDownError) as raised:
        call()
    return raised.value


# A whole exchange


def test_a_code_becomes_verified_claims_and_userinfo(provider: LocalProvider) -> None:
    under_test = client(provider)
    claims, tokens = sign_in(under_test, provider)
    assert (claims["sub"], claims["iss"]) == ("ada-1815", provider.issuer)
    assert under_test.userinfo(tokens.access_token, "ada-1815")["name"] == "Ada Lovelace"
    assert under_test.known_metadata() == under_test.metadata()
    counts = {name: len(provider.calls(name)) for name in ("discovery", "jwks", "token", "userinfo")}
    assert counts == {"discovery": 1, "jwks": 1, "token": 1, "userinfo": 1}


def test_the_code_never_goes_to_a_provider_that_another_one_speaks_for(provider: LocalProvider) -> None:
    under_test = client(provider)
    stray = Callback("s", "code", "https://evil.example", "", "")
    assert (
        code_of(lambda: under_test.exchange(stray, redirect_uri=CALLBACK, verifier="v", nonce="n"))
        == "callback_issuer_mismatch"
    )
    silent = Callback("s", "code", "", "", "")
    assert (
        code_of(lambda: under_test.exchange(silent, redirect_uri=CALLBACK, verifier="v", nonce="n"))
        == "callback_issuer_mismatch"
    )
    assert provider.calls("token") == []


def test_the_algorithms_are_ours_whatever_discovery_lists(provider: LocalProvider) -> None:
    with provider.fault("discovery_lists_none"):
        under_test = client(provider)
        with provider.fault("alg_none"):
            assert code_of(lambda: sign_in(under_test, provider)) == "token_malformed"
        with provider.fault("hs256_with_secret"):
            assert code_of(lambda: sign_in(under_test, provider)) == "alg_not_allowed"
        provider.sign_with("ES256")
        assert code_of(lambda: sign_in(under_test, provider)) == "alg_not_allowed"
        assert sign_in(client(provider, signing_algs="ES256"), provider)[0]["sub"] == "ada-1815"
        provider.sign_with("RS256")
        assert code_of(lambda: sign_in(client(provider, signing_algs="ES256"), provider)) == "alg_not_allowed"


def test_an_unsigned_token_with_bytes_for_a_signature(provider: LocalProvider) -> None:
    provider.signer = lambda claims, header: keys.sign(claims, {"alg": "none"}) + "AAAA"
    assert code_of(lambda: sign_in(client(provider), provider)) == "alg_not_allowed"


# Encrypted tokens and signed userinfo


def seal(text: str, key: RSAKey) -> str:
    header = {"alg": "RSA-OAEP-256", "enc": "A256GCM", "cty": "JWT"}
    return jwe.encrypt_compact(header, text, key, algorithms=["RSA-OAEP-256", "A256GCM"])


@pytest.fixture
def own_key(tmp_path: Path) -> tuple[RSAKey, Path]:
    key = RSAKey.generate_key(2048)
    file = tmp_path / "own.pem"
    file.write_bytes(key.as_pem(private=True))
    return key, file


def test_an_encrypted_token_needs_the_key_and_is_then_checked_like_any_other(
    provider: LocalProvider, own_key: tuple[RSAKey, Path]
) -> None:
    key, file = own_key
    provider.signer = lambda claims, header: seal(provider.signed(claims, header), key)
    assert code_of(lambda: sign_in(client(provider), provider)) == "token_malformed"
    under_test = client(provider, client_private_key_file=str(file))
    claims, tokens = sign_in(under_test, provider)
    assert claims["sub"] == "ada-1815"
    assert tokens.id_token.count(".") == 2, "it is kept as a hint for logout, decrypted (Core, 3.1.2.1)"
    with provider.fault("wrong_nonce"):
        assert code_of(lambda: sign_in(under_test, provider)) == "nonce_mismatch"
    provider.signer = lambda claims, header: seal(json.dumps(claims), key)
    assert code_of(lambda: sign_in(under_test, provider)) == "token_malformed"
    provider.signer = lambda claims, header: seal(keys.sign(claims, {"alg": "none"}), key)
    assert code_of(lambda: sign_in(under_test, provider)) == "token_malformed"
    provider.signer = lambda claims, header: seal(seal(provider.signed(claims, header), key), key)
    assert code_of(lambda: sign_in(under_test, provider)) == "token_malformed"
    provider.signer = provider.signed
    assert sign_in(under_test, provider)[0]["sub"] == "ada-1815"


def userinfo_token(provider: LocalProvider, **claims: Any) -> Callable[[Any], Response]:
    def answer(_: Any) -> Response:
        said = {"sub": "ada-1815", "iss": provider.issuer, "aud": "app", "name": "Signed"} | claims
        return Response(provider.signer(said, provider.token_header()), content_type="application/jwt")

    return answer


def test_signed_userinfo(provider: LocalProvider) -> None:
    under_test = client(provider)
    provider.answer["userinfo"] = userinfo_token(provider)
    assert under_test.userinfo("access", "ada-1815")["name"] == "Signed"
    provider.answer["userinfo"] = userinfo_token(provider, iss="https://evil.example")
    assert code_of(lambda: under_test.userinfo("access", "ada-1815")) == "userinfo_issuer_mismatch"
    provider.answer["userinfo"] = userinfo_token(provider, aud=["other"])
    assert code_of(lambda: under_test.userinfo("access", "ada-1815")) == "userinfo_audience_mismatch"
    provider.answer["userinfo"] = userinfo_token(provider, sub="eve")
    assert code_of(lambda: under_test.userinfo("access", "ada-1815")) == "userinfo_sub_mismatch"
    provider.answer["userinfo"] = userinfo_token(provider)
    with provider.fault("stranger_key"):
        assert code_of(lambda: under_test.userinfo("access", "ada-1815")) == "signature_invalid"
    with provider.fault("hs256_with_public_key"):
        assert code_of(lambda: under_test.userinfo("access", "ada-1815")) == "alg_not_allowed"
    provider.signer = lambda claims, header: keys.sign(claims, {"alg": "none"})
    assert code_of(lambda: under_test.userinfo("access", "ada-1815")) == "token_malformed"


def test_userinfo_that_is_encrypted_and_not_signed(provider: LocalProvider, own_key: tuple[RSAKey, Path]) -> None:
    """Core, 5.3.2: signed, encrypted, or both. What else holds of a signed answer holds of this one."""
    key, file = own_key
    under_test = client(provider, client_private_key_file=str(file))
    provider.signer = lambda claims, _: seal(json.dumps(claims, ensure_ascii=False), key)
    provider.answer["userinfo"] = userinfo_token(provider, name="Zoë")
    assert under_test.userinfo("access", "ada-1815")["name"] == "Zoë"
    for changed, code in (
        ({"sub": "eve"}, "userinfo_sub_mismatch"),
        ({"iss": "https://evil.example"}, "userinfo_issuer_mismatch"),
        ({"aud": ["other"]}, "userinfo_audience_mismatch"),
    ):
        provider.answer["userinfo"] = userinfo_token(provider, **changed)
        assert code_of(lambda: under_test.userinfo("access", "ada-1815")) == code
    provider.answer["userinfo"] = userinfo_token(provider)
    assert code_of(lambda: client(provider).userinfo("access", "ada-1815")) == "token_malformed"
    provider.signer = lambda claims, header: seal(provider.signed(claims, header), key)
    assert under_test.userinfo("access", "ada-1815")["name"] == "Signed"
    for inside in ('{"sub": "ada-1815", "sub": "eve"}', "[]", "", "{", '\xe4{"sub": "ada-1815"}'):
        provider.signer = lambda claims, header, inside=inside: seal(inside, key)  # type: ignore[misc]
        assert code_of(lambda: under_test.userinfo("access", "ada-1815")) == "token_malformed"
    provider.signer = lambda claims, _: json.dumps(claims)
    assert code_of(lambda: under_test.userinfo("access", "ada-1815")) == "token_malformed"


def test_a_provider_without_userinfo(provider: LocalProvider) -> None:
    provider.change_discovery = lambda document: document | {"userinfo_endpoint": ""}
    assert code_of(lambda: client(provider).userinfo("access", "ada-1815")) == "userinfo_missing"


# Refreshing and revoking


def offline(provider: LocalProvider) -> tuple[dict[str, Any], str]:
    """Sign in by hand for a refresh token; return the ID token's claims with it."""
    by_hand = ByHand(provider, scope="openid profile email offline_access")
    tokens = by_hand.login()
    return keys.unverified_claims(tokens["id_token"]), tokens["refresh_token"]


def test_a_refresh_brings_checked_claims_or_none(provider: LocalProvider) -> None:
    under_test = client(provider)
    claims, token = offline(provider)
    fresh, issued = under_test.refresh(token, claims)
    assert fresh is not None
    assert fresh["sub"] == "ada-1815"
    assert issued.refresh_token != token
    provider.refresh_gives_id_token = False
    assert under_test.refresh(issued.refresh_token, claims)[0] is None
    assert code_of(lambda: under_test.refresh(token, claims)) == "refresh_token_rejected"


@pytest.mark.parametrize(
    ("fault", "options", "code"),
    [
        ("wrong_issuer", {}, "issuer_mismatch"),
        ("number_as_subject", {"sub": "eve"}, "refresh_sub_mismatch"),
        ("wrong_audience", {}, "audience_mismatch"),
        ("wrong_at_hash", {}, "at_hash_mismatch"),
        ("bad_signature", {}, "signature_invalid"),
        ("alg_none", {}, "token_malformed"),
        ("wrong_nonce", {}, "refresh_login_mismatch"),
    ],
)
def test_a_refreshed_token_is_verified_like_the_first(
    provider: LocalProvider, fault: str, options: dict[str, Any], code: str
) -> None:
    under_test = client(provider)
    claims, token = offline(provider)
    with provider.fault(fault, **options):
        assert code_of(lambda: under_test.refresh(token, claims)) == code


@pytest.mark.parametrize("fault", ["discovery_down", "discovery_wrong_issuer", "jwks_down", "jwks_html"])
def test_a_refresh_token_is_not_spent_while_its_answer_could_not_be_verified(
    provider: LocalProvider, fault: str
) -> None:
    clock = Clock()
    under_test = client(provider, clock)
    claims, token = offline(provider)
    calls = len(provider.calls("token"))
    with provider.fault(fault):
        assert down(lambda: under_test.refresh(token, claims)).status in (500, 503)
    assert len(provider.calls("token")) == calls
    clock.now += 2
    assert under_test.refresh(token, claims)[0] is not None


def test_a_refresh_token_is_revoked_where_that_is_offered(provider: LocalProvider) -> None:
    claims, token = offline(provider)
    client(provider).revoke(token)
    assert provider.calls("revoke")[0].form["token_type_hint"] == "refresh_token"
    assert code_of(lambda: client(provider).refresh(token, claims)) == "refresh_token_rejected"
    provider.change_discovery = lambda document: document | {"revocation_endpoint": ""}
    client(provider).revoke(token)
    assert len(provider.calls("revoke")) == 1


# What is remembered, and for how long


def test_metadata_and_keys_are_fetched_on_first_use_and_once_an_hour(provider: LocalProvider) -> None:
    clock = Clock()
    under_test = client(provider, clock)
    assert under_test.known_metadata() is None
    assert provider.requests == []
    for _ in range(3):
        sign_in(under_test, provider)
    clock.now += 3599
    provider.clock = clock
    sign_in(under_test, provider)
    assert [len(provider.calls(name)) for name in ("discovery", "jwks")] == [1, 1]
    clock.now += 1
    assert under_test.known_metadata() is None
    sign_in(under_test, provider)
    assert [len(provider.calls(name)) for name in ("discovery", "jwks")] == [2, 2]


def test_many_first_logins_make_one_fetch(provider: LocalProvider) -> None:
    under_test = client(provider)
    found: list[Metadata] = []
    threads = [threading.Thread(target=lambda: found.append(under_test.metadata())) for _ in range(20)]
    with provider.hold("discovery") as held:
        for thread in threads:
            thread.start()
        held.wait_for(1)
        assert under_test.known_metadata() is None
    for thread in threads:
        thread.join()
    assert len(found) == 20
    assert len(provider.calls("discovery")) == 1


def test_an_old_copy_serves_while_the_provider_is_down(
    provider: LocalProvider, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    under_test = client(provider, clock)
    before = under_test.metadata()
    provider.stop()
    clock.now += 7200
    assert under_test.known_metadata() is None
    with caplog.at_level(logging.WARNING, "oidc_gate"):
        assert [under_test.metadata() for _ in range(10)] == [before] * 10
    assert [record.name for record in caplog.records].count("oidc_gate") == 1
    provider.start()
    clock.now += 2
    assert under_test.metadata() == before
    assert under_test.known_metadata() == before


def test_a_provider_that_is_down_is_left_alone_for_two_seconds(provider: LocalProvider) -> None:
    clock = Clock()
    under_test = client(provider, clock)
    with provider.fault("discovery_down"):
        errors = [down(under_test.metadata) for _ in range(5)]
        assert {error.code for error in errors} == {"provider_unavailable"}
        assert len({id(error) for error in errors}) == 5
        assert len(provider.calls("discovery")) == 1
        clock.now += 1.9
        down(under_test.metadata)
        assert len(provider.calls("discovery")) == 1
        clock.now += 0.1
        down(under_test.metadata)
        assert len(provider.calls("discovery")) == 2
    clock.now += 2
    assert under_test.metadata().issuer == provider.issuer


def test_logins_work_again_within_ten_seconds(provider: LocalProvider) -> None:
    clock = Clock()
    under_test = client(provider, clock)
    provider.stop()
    for _ in range(20):
        assert down(under_test.metadata).code == "provider_unreachable"
        clock.now += 0.4
    provider.start()
    clock.now += 10
    assert sign_in(under_test, provider)[0]["sub"] == "ada-1815"


def test_keys_that_cannot_be_fetched(provider: LocalProvider) -> None:
    for name, code in (("jwks_down", "provider_unavailable"), ("jwks_html", "keys_unreadable")):
        with provider.fault(name):
            under_test = client(provider)
            assert down(lambda under_test=under_test: sign_in(under_test, provider)).code == code  # type: ignore[misc]
    provider.change_jwks = lambda _: {"keys": None}
    assert code_of(lambda: sign_in(client(provider), provider)) == "keys_missing"
    with provider.fault("jwks_empty"):
        assert code_of(lambda: sign_in(client(provider), provider)) == "signature_invalid"


def test_a_clock_that_is_set_back_does_not_freeze_what_went_wrong(provider: LocalProvider) -> None:
    clock = Clock()
    under_test = client(provider, clock)
    with provider.fault("discovery_down"):
        down(under_test.metadata)
    clock.now -= 86400
    assert under_test.metadata().issuer == provider.issuer
    clock.now -= 86400
    assert under_test.known_metadata() is None
    provider.clock = clock
    with provider.fault("unknown_kid"):
        assert code_of(lambda: sign_in(under_test, provider)) == "signature_invalid"
    clock.now -= 86400
    fetched = len(provider.calls("jwks"))
    provider.rotate_keys(keep_old=False)
    assert sign_in(under_test, provider)[0]["sub"] == "ada-1815"
    assert len(provider.calls("jwks")) > fetched


# Keys that are not known


def test_a_storm_of_unknown_keys_makes_one_fetch_a_second(provider: LocalProvider) -> None:
    clock = Clock()
    under_test = client(provider, clock)
    sign_in(under_test, provider)
    assert len(provider.calls("jwks")) == 1
    with provider.fault("unknown_kid"):
        for _ in range(5):
            assert code_of(lambda: sign_in(under_test, provider)) == "signature_invalid"
        assert len(provider.calls("jwks")) == 2
        clock.now += 0.9
        assert code_of(lambda: sign_in(under_test, provider)) == "signature_invalid"
        assert len(provider.calls("jwks")) == 2
        clock.now += 0.2
        for _ in range(5):
            assert code_of(lambda: sign_in(under_test, provider)) == "signature_invalid"
        assert len(provider.calls("jwks")) == 3


def test_what_strangers_send_makes_one_fetch_in_ten_seconds(provider: LocalProvider) -> None:
    clock = Clock()
    under_test = client(provider, clock)
    sign_in(under_test, provider)
    token = provider.make_logout_token(sub="ada-1815", header={"kid": "never-heard-of"})
    for fetched, pause in ((2, 9.9), (2, 0.2), (3, 0.0)):
        for _ in range(5):
            assert code_of(lambda: under_test.logout_claims(token)) == "signature_invalid"
        assert len(provider.calls("jwks")) == fetched
        clock.now += pause


def test_the_storm_holds_while_the_key_set_cannot_be_fetched(provider: LocalProvider) -> None:
    clock = Clock()
    under_test = client(provider, clock)
    sign_in(under_test, provider)
    with provider.fault("unknown_kid"), provider.fault("jwks_down"):
        for _ in range(5):
            assert code_of(lambda: sign_in(under_test, provider)) == "signature_invalid"
        assert len(provider.calls("jwks")) == 2
    assert sign_in(under_test, provider)[0]["sub"] == "ada-1815"


@pytest.mark.parametrize("keep_old", [True, False])
def test_keys_that_rotate_just_before_signing(provider: LocalProvider, keep_old: bool) -> None:
    under_test = client(provider)
    sign_in(under_test, provider)
    provider.rotate_keys(keep_old)
    assert sign_in(under_test, provider)[0]["sub"] == "ada-1815"
    assert len(provider.calls("jwks")) == 2
    assert sign_in(under_test, provider)[0]["sub"] == "ada-1815"
    assert len(provider.calls("jwks")) == 2


def test_a_key_that_rotates_under_its_old_name(provider: LocalProvider) -> None:
    under_test = client(provider)
    sign_in(under_test, provider)
    renewed = keys.make_key("rsa", 77)
    provider.change_jwks = lambda _: {"keys": [keys.public_jwk(renewed) | {"kid": "rsa-1"}]}
    provider.signer = lambda claims, header: keys.sign(claims, header | {"kid": "rsa-1"}, renewed)
    assert sign_in(under_test, provider)[0]["sub"] == "ada-1815"


@pytest.mark.parametrize("name", ["jwks_with_strange_keys", "jwks_without_kids", "no_kid"])
def test_authlib_fails_on_these_key_sets_and_we_do_not(provider: LocalProvider, name: str) -> None:
    with provider.fault(name):
        assert sign_in(client(provider), provider)[0]["sub"] == "ada-1815"


# Transport: what is not followed, not waited for, not read


def test_a_redirect_of_the_token_endpoint_is_not_followed(provider: LocalProvider) -> None:
    """With `client_secret_post` a 307 would take code, verifier and secret to wherever it points."""
    provider.add_client("app", auth_method="client_secret_post")
    under_test = client(provider)
    with raw_server(says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")) as elsewhere:
        for status in (301, 302, 303, 307, 308):
            provider.answer["token"] = (status, {"Location": elsewhere.url}, "")
            assert down(lambda: sign_in(under_test, provider)).code == "provider_unavailable"
    assert elsewhere.connections == []


@pytest.mark.parametrize("endpoint", ["discovery", "jwks", "userinfo"])
def test_no_other_redirect_is_followed(provider: LocalProvider, endpoint: str) -> None:
    with raw_server(says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")) as elsewhere:
        provider.answer[endpoint] = (302, {"Location": elsewhere.url}, "")
        under_test = client(provider)
        ask = (
            (lambda: under_test.userinfo("access", "ada-1815"))
            if endpoint == "userinfo"
            else lambda: sign_in(under_test, provider)
        )
        codes = {"discovery": "discovery_failed", "jwks": "keys_unreadable"}
        assert down(ask).code == codes.get(endpoint, "provider_unavailable")
    assert elsewhere.connections == []


@pytest.mark.parametrize(
    ("name", "status"), [("discovery_html", 500), ("discovery_is_a_list", 500), ("discovery_down", 503)]
)
def test_a_captive_portal_in_the_place_of_discovery(provider: LocalProvider, name: str, status: int) -> None:
    with provider.fault(name):
        assert down(client(provider).metadata).status == status


@pytest.mark.parametrize(
    "name", ["token_html", "token_response_is_a_list", "token_down", "token_server_error", "token_too_many"]
)
def test_a_captive_portal_in_the_place_of_the_token_endpoint(provider: LocalProvider, name: str) -> None:
    with provider.fault(name):
        assert down(lambda: sign_in(client(provider), provider)).status == 503


def test_a_403_with_json_is_no_token(provider: LocalProvider) -> None:
    with provider.fault("token_forbidden"):
        assert code_of(lambda: sign_in(client(provider), provider)) == "token_request_rejected"


def test_a_provider_that_does_not_answer_in_time(provider: LocalProvider) -> None:
    under_test = client(provider, http_timeout=0.2)
    with provider.hold("discovery"):
        assert in_time(lambda: down(under_test.metadata), 3).code == "provider_unreachable"


def test_a_post_is_not_repeated_when_its_answer_is_lost(provider: LocalProvider) -> None:
    under_test = client(provider, http_timeout=2)
    with provider.hold("token"):
        assert down(lambda: sign_in(under_test, provider)).code == "provider_unreachable"
    assert len(provider.calls("token")) == 1


def metadata_from(server: RawServer, **options: Any) -> Callable[[], Metadata]:
    return Provider(settings(server.url, **options)).metadata


OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    "head",
    [
        OK + b"\r\n",
        OK + b"Content-Length: 99999999999\r\n\r\n",
        b"HTTP/1.1 500 Broken\r\nRetry-After: 1\r\n\r\n",
        b"HTTP/1.1 503 Down\r\nRetry-After: 1\r\n\r\n",
        b"HTTP/1.1 429 Too many\r\nRetry-After: 1\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\n\r\n",
    ],
)
def test_an_endless_answer_is_not_read_to_its_end(head: bytes) -> None:
    with raw_server(endless(head)) as server:
        assert down(metadata_from(server, http_timeout=3)).code == "provider_unreachable"
    assert 1 <= len(server.connections) <= 2
    for connection in server.connections:
        assert connection.sent < 20 * LONGEST_ANSWER  # what the sockets of both sides hold, and no more


def test_an_endless_chunked_answer() -> None:
    with raw_server(
        endless(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"4000\r\n" + b"x" * 0x4000 + b"\r\n")
    ) as server:
        assert down(metadata_from(server)).code == "provider_unreachable"


def test_what_is_packed_counts_unpacked() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    assert len(bomb) < LONGEST_ANSWER
    head = OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    with raw_server(says(head, bomb)) as server:
        assert down(metadata_from(server)).code == "provider_unreachable"


def test_a_packed_answer_is_read(provider: LocalProvider) -> None:
    def packed(_: Any) -> Response:
        body = gzip.compress(json.dumps(provider.metadata()).encode())
        return Response(body, headers={"Content-Encoding": "gzip"})

    provider.answer["discovery"] = packed
    assert client(provider).metadata().issuer == provider.issuer


def test_the_longest_answer_that_is_read(provider: LocalProvider) -> None:
    document = provider.metadata()
    under_test = LONGEST_ANSWER - len(json.dumps(document | {"x": ""}))
    provider.change_discovery = lambda document: document | {"x": "x" * under_test}
    assert client(provider).metadata().issuer == provider.issuer
    provider.change_discovery = lambda document: document | {"x": "x" * (under_test + 1)}
    assert down(client(provider).metadata).code == "provider_unreachable"


@pytest.mark.parametrize(
    "head", [OK + b"Content-Length: 1000\r\n\r\n", OK + b"\r\n", b"HTTP/1.1 503 Down\r\nRetry-After: 1\r\n\r\n"]
)
def test_an_answer_that_drips(head: bytes) -> None:
    """Each byte comes before the time-out; together they would take a minute."""

    def dripping(connection: Connection) -> None:
        connection.send(head)
        connection.drip(b" " * 1000)

    with raw_server(dripping) as server:
        assert in_time(lambda: down(metadata_from(server, http_timeout=0.3)), 3).code == "provider_unreachable"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\r\n\r\n",
        b"not http at all",
        b"HTTP/1.1 banana\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nbanana",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nplain",
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 100_000 + b"\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: y\r\n" % number for number in range(300)) + b"\r\n{}",
    ],
)
def test_what_is_no_http(answer: bytes) -> None:
    with raw_server(says(answer)) as server:
        assert down(metadata_from(server)).status == 503


def test_cookies_of_the_provider_are_not_kept(provider: LocalProvider) -> None:
    def with_cookie(_: Any) -> Response:
        return Response(json.dumps(provider.metadata()), headers={"Set-Cookie": "tracking=1; Path=/"})

    provider.answer["discovery"] = with_cookie
    sign_in(client(provider), provider)
    mine = [call for call in provider.requests if call.headers.get("user-agent") == "oidc_gate"]
    assert len(mine) == 3
    assert not any("cookie" in call.headers for call in mine)


# The environment: proxies yes, passwords and authorities no


def test_proxies_of_the_environment_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with raw_server(says(b"HTTP/1.1 404 Not here\r\nContent-Length: 0\r\n\r\n")) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        under_test = Provider(settings("http://idp.invalid", insecure_http_issuer=True))
        assert down(under_test.metadata).code == "discovery_failed"
        assert proxy.requests[0].startswith(b"GET http://idp.invalid/.well-known/openid-configuration HTTP/1.1\r\n")
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        assert down(Provider(settings("https://idp.invalid")).metadata).code == "provider_unreachable"
        assert proxy.requests[-1].startswith(b"CONNECT idp.invalid:443 HTTP/1.")


def test_no_proxy_is_heeded(provider: LocalProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert client(provider).metadata().issuer == provider.issuer


def test_netrc_is_not_read(provider: LocalProvider, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "netrc"
    file.write_text("machine 127.0.0.1 login stranger password stranger\n")
    file.chmod(0o600)
    monkeypatch.setenv("NETRC", str(file))
    under_test = client(provider)
    _, tokens = sign_in(under_test, provider)
    under_test.userinfo(tokens.access_token, "ada-1815")
    mine = [call for call in provider.requests if call.headers.get("user-agent") == "oidc_gate"]
    said = {call.endpoint: call.headers.get("authorization", "") for call in mine}
    assert (said["discovery"], said["jwks"]) == ("", "")
    assert said["userinfo"] == f"Bearer {tokens.access_token}"
    assert base64.b64decode(said["token"].removeprefix("Basic ")).startswith(b"app:")


# TLS


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.new(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.new(tmp_path_factory.mktemp("stranger"), "stranger")


@pytest.fixture
def secure(authority: Authority) -> Iterator[KeepingProvider]:
    with KeepingProvider(authority.server_context()) as provider:
        yield provider
    assert provider.failures == []


def secure_exchange(under_test: Provider) -> str:
    """Return the code of the error that the token endpoint gives for a made-up code: then all was sent and read."""
    callback = Callback("s", "made-up", under_test.metadata().issuer, "", "")
    return code_of(lambda: under_test.exchange(callback, redirect_uri=CALLBACK, verifier="v", nonce="n"))


def test_a_private_authority_is_trusted_when_it_is_named(secure: KeepingProvider, authority: Authority) -> None:
    under_test = client(secure, ca_bundle=str(authority.bundle))
    assert secure.issuer.startswith("https://")
    assert under_test.metadata().issuer == secure.issuer
    assert secure_exchange(under_test) == "code_rejected"


def test_a_private_authority_is_not_trusted_by_itself(secure: KeepingProvider, stranger: Authority) -> None:
    for bundle in (None, str(stranger.bundle)):
        error = down(client(secure, ca_bundle=bundle).metadata)
        assert error.code == "provider_unreachable"
        assert ("set ca_bundle" if bundle is None else f"not in ca_bundle ({bundle})") in error.detail
    assert secure.requests == []


def test_the_name_in_the_certificate_counts(authority: Authority) -> None:
    for host in ("idp.invalid", "127.0.0.2"):
        with KeepingProvider(authority.server_context(host)) as provider:
            assert down(client(provider, ca_bundle=str(authority.bundle)).metadata).code == "provider_unreachable"
            assert provider.requests == []


def test_a_certificate_that_has_run_out(authority: Authority) -> None:
    yesterday = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    with KeepingProvider(authority.server_context(valid_until=yesterday)) as provider:
        assert down(client(provider, ca_bundle=str(authority.bundle)).metadata).code == "provider_unreachable"


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_the_environment_does_not_overrule_ca_bundle(
    secure: KeepingProvider, authority: Authority, stranger: Authority, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, str(authority.bundle))
    for bundle in (None, str(stranger.bundle)):
        assert down(client(secure, ca_bundle=bundle).metadata).code == "provider_unreachable"
    monkeypatch.setenv(name, str(stranger.bundle))
    assert client(secure, ca_bundle=str(authority.bundle)).metadata().issuer == secure.issuer


def test_one_connection_serves_many_logins(secure: KeepingProvider, authority: Authority) -> None:
    under_test = client(secure, ca_bundle=str(authority.bundle))
    for _ in range(5):
        assert secure_exchange(under_test) == "code_rejected"
    assert len(secure.calls("token")) == 5
    assert secure.keeping.connections == 1


def test_onetls_context_serves_all_gates(authority: Authority) -> None:
    assert transport.tls_context(str(authority.bundle)) is transport.tls_context(str(authority.bundle))
    assert transport.tls_context("") is transport.tls_context("")


def test_a_kept_connection_that_the_provider_has_closed(authority: Authority) -> None:
    with KeepingProvider(authority.server_context()) as provider:
        under_test = client(provider, ca_bundle=str(authority.bundle))
        assert secure_exchange(under_test) == "code_rejected"
        provider.stop()
        provider.start()
        assert secure_exchange(under_test) == "code_rejected"


def in_child(under_test: Provider) -> None:
    assert secure_exchange(under_test) == "code_rejected"
    assert secure_exchange(under_test) == "code_rejected"


def test_a_forked_process_gets_connections_of_its_own(authority: Authority) -> None:
    """Two processes on one TLS connection would read each other's answers."""
    with KeepingProvider(authority.server_context()) as provider:
        under_test = client(provider, ca_bundle=str(authority.bundle))
        assert secure_exchange(under_test) == "code_rejected"
        assert provider.keeping.connections == 1
        child = multiprocessing.get_context("fork").Process(target=in_child, args=(under_test,))
        child.start()
        child.join(LIMIT)
        assert child.exitcode == 0
        assert provider.keeping.connections == 2
        assert secure_exchange(under_test) == "code_rejected"
        assert provider.keeping.connections == 2
        assert len(provider.calls("token")) == 4


def test_without_authorities_of_the_system_those_of_requests_stand_in(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    monkeypatch.setenv("SSL_CERT_FILE", str(empty))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    context = transport._context.__wrapped__("", b"")
    assert context.cert_store_stats()["x509_ca"] > 50


@pytest.mark.parametrize(
    "text", ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_bundle_without_certificates_stops_start_up(tmp_path: Path, text: str) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_text(text)
    with pytest.raises(SettingsError, match="ca_bundle"):
        Provider(settings("https://idp.invalid", ca_bundle=str(bundle)))
    with pytest.raises(SettingsError, match="ca_bundle"):
        Provider(settings("https://idp.invalid", ca_bundle=str(tmp_path)))


# The gate's own key


@pytest.mark.parametrize("data", [b"", b"no key", b'{"kty": "RSA"}', b"{"])
def test_a_key_file_without_a_key_stops_start_up(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "key"
    file.write_bytes(data)
    for path in (file, tmp_path):
        with pytest.raises(SettingsError, match="client_private_key_file"):
            Provider(settings("https://idp.invalid", client_private_key_file=str(path)))


@pytest.mark.parametrize("member", [{"alg": "RSA-OAEP-256"}, {"use": "enc"}, {"key_ops": ["decrypt"]}])
def test_a_key_that_cannot_sign_stops_start_up(tmp_path: Path, member: dict[str, Any]) -> None:
    key = RSAKey.generate_key(2048)
    file = tmp_path / "key.json"
    file.write_text(json.dumps(key.as_dict(private=True) | member))
    options = {"client_auth_method": "private_key_jwt", "client_secret": None, "client_private_key_file": str(file)}
    with pytest.raises(SettingsError, match="private_key_jwt"):
        Provider(settings("https://idp.invalid", **options))
    Provider(settings("https://idp.invalid", client_private_key_file=str(file)))


# Nothing secret is told


def test_nothing_secret_is_logged_at_any_level(provider: LocalProvider, caplog: pytest.LogCaptureFixture) -> None:
    faults = [
        "wrong_nonce",
        "bad_signature",
        "token_invalid_grant",
        "token_invalid_client",
        "wrong_at_hash",
        "token_html",
    ]
    with caplog.at_level(logging.DEBUG):
        under_test = client(provider)
        _, tokens = sign_in(under_test, provider)
        under_test.userinfo(tokens.access_token, "ada-1815")
        for name in faults:
            with provider.fault(name), pytest.raises(GateError) as raised:
                sign_in(under_test, provider)
            logging.getLogger("oidc_gate").warning("%s %r", raised.value, raised.value)
    sent = [call for call in provider.requests if call.endpoint == "token"]
    secrets = {tokens.access_token, tokens.id_token, "the-secret-of-the-app", "Basic ", "Bearer "}
    secrets |= {call.form[name] for call in sent for name in ("code", "code_verifier")}
    secrets |= set(provider.access_tokens)
    assert len(sent) == 7
    for record in caplog.records:
        assert not any(secret in record.getMessage() for secret in secrets), record.getMessage()


def test_errors_are_of_the_documented_tree() -> None:
    assert issubclass(ProviderDownError, ProviderError)
    assert issubclass(ProviderError, GateError)
