"""Every way in which the gate proves itself: to the letter, and at providers that share no line of code with ours."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

import pytest
from joserfc.jwk import ECKey

from oidc_gate.provider.client_authentication import client_authentication
from oidc_gate.provider.code_flow import token_request
from oidc_gate.provider.http_messages import HTTPRequest
from tests.answers import Answer
from tests.apps import echo, gated
from tests.browser import Browser, World
from tests.conftest import BrowserFactory
from tests.providers import keys
from tests.providers.real import AWKWARD_SECRET, SECRET, NanoIDP, Panva, RealProvider, client_key, nanoidp
from tests.stage import subject

# What is sent


REQUEST = token_request("https://idp.test/token", code="c/+ &=", redirect_uri="https://app.test/cb?a=b", verifier="v")


def proven(
    method: str, client_id: str = "app:1", secret: str = AWKWARD_SECRET + "ü€", key: Any = None
) -> tuple[HTTPRequest, dict[str, str]]:
    sent = client_authentication(method, client_id, secret, key)(REQUEST)
    assert REQUEST.headers == {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
    return sent, dict(parse_qsl(sent.body or "", strict_parsing=True))


def basic(sent: HTTPRequest) -> tuple[str, str]:
    kind, _, text = sent.headers["Authorization"].partition(" ")
    assert kind == "Basic"
    client_id, _, secret = base64.b64decode(text).decode().partition(":")
    return client_id, secret


def test_basic_is_form_encoded_as_rfc_6749_has_it() -> None:
    sent, form = proven("client_secret_basic")
    client_id, secret = basic(sent)
    assert client_id.isascii()
    assert secret.isascii()
    assert (unquote_plus(client_id), unquote_plus(secret)) == ("app:1", AWKWARD_SECRET + "ü€")
    assert not {"client_id", "client_secret"} & set(form)


def test_basic_raw_is_for_providers_that_compare_the_text() -> None:
    sent, form = proven("client_secret_basic_raw", client_id="app")
    assert basic(sent) == ("app", AWKWARD_SECRET + "ü€")
    assert not {"client_id", "client_secret"} & set(form)


def test_the_usual_secret_is_the_same_either_way() -> None:
    plain = "Az09_.-~"
    assert basic(proven("client_secret_basic", "app", plain)[0]) == basic(
        proven("client_secret_basic_raw", "app", plain)[0]
    )


def test_post_puts_the_secret_into_the_body_alone() -> None:
    sent, form = proven("client_secret_post")
    assert (form["client_id"], form["client_secret"], form["code"]) == ("app:1", AWKWARD_SECRET + "ü€", "c/+ &=")
    assert "Authorization" not in sent.headers


def test_none_names_the_client_alone() -> None:
    sent, form = proven("none", secret="")
    assert form["client_id"] == "app:1"
    assert not {"client_secret", "client_assertion"} & set(form)
    assert "Authorization" not in sent.headers
    assert form["code_verifier"] == "v"


@pytest.mark.parametrize(
    ("method", "key", "alg"),
    [
        ("client_secret_jwt", None, "HS256"),
        ("private_key_jwt", keys.make_key("rsa"), "RS256"),
        ("private_key_jwt", keys.make_key("ec"), "ES256"),
        ("private_key_jwt", keys.make_key("ed"), "Ed25519"),
        ("private_key_jwt", ECKey.generate_key("P-384"), "ES384"),
    ],
)
def test_assertions_are_short_lived_and_never_the_same(method: str, key: Any, alg: str) -> None:
    secret = "" if key else "a-secret-that-is-long-enough-for-hs256-0123456789"
    authenticate = client_authentication(method, "app", secret, key)
    seen = set()
    for _ in range(3):
        form = dict(parse_qsl(authenticate(REQUEST).body or ""))
        assertion = form["client_assertion"]
        assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        assert "client_secret" not in form
        header, claims = keys.unverified_header(assertion), keys.unverified_claims(assertion)
        assert header["alg"] == alg
        assert header.get("kid") == (keys.public_jwk(key).get("kid") if key else None)
        assert (claims["iss"], claims["sub"], claims["aud"]) == ("app", "app", "https://idp.test/token")
        assert 0 < claims["exp"] - claims["iat"] <= 60
        seen.add(claims["jti"])
        if key and alg in keys.FAMILIES:
            keys.verify(assertion, {"keys": [keys.public_jwk(key)]}, (alg,))
    assert len(seen) == 3


# What providers accept


def signs_in(provider: RealProvider, browser: Browser, path: str = "/private") -> Answer:
    """Go to a page, sign in at the provider, and return where that ends."""
    page = browser.navigate(path)
    assert page.url.startswith(provider.issuer), page.text
    return provider.login(browser, page)


def visit(provider: RealProvider, world: World, browser: BrowserFactory, **settings: Any) -> Answer:
    """Return where a login ends at a gate with these settings."""
    return signs_in(provider, browser(gated(world, echo(world), **settings)))


@pytest.mark.parametrize(
    "settings",
    [
        {"client_id": "app"},
        {"client_id": "app", "client_auth_method": "client_secret_basic_raw"},
        {"client_id": "awkward:% id", "client_secret": AWKWARD_SECRET},
        {"client_id": "post", "client_auth_method": "client_secret_post"},
        {"client_id": "jwt", "client_auth_method": "client_secret_jwt"},
        {"client_id": "public", "client_auth_method": "none", "client_secret": None},
    ],
    ids=lambda settings: f"{settings['client_id']} {settings.get('client_auth_method', '')}",
)
def test_secrets_at_panva(
    panva_provider: Panva, world: World, browser: BrowserFactory, settings: dict[str, Any]
) -> None:
    """Two logins each: a provider that remembers assertions refuses one that comes twice."""
    gate = gated(world, echo(world), **(panva_provider.gate_options() | settings))
    for _ in range(2):
        page = signs_in(panva_provider, browser(gate))
        assert (page.url, subject(page)) == ("https://app.test/private", "ada")


@pytest.mark.parametrize("form", ["pem", "jwk"])
@pytest.mark.parametrize("family", ["rsa", "ec", "ed"])
def test_private_keys_at_panva(
    panva_provider: Panva, world: World, browser: BrowserFactory, tmp_path: Path, family: str, form: str
) -> None:
    key: Any = client_key(family)
    file = tmp_path / f"own.{form}"
    file.write_bytes(key.as_pem(private=True) if form == "pem" else json.dumps(key.as_dict(private=True)).encode())
    options = {"client_auth_method": "private_key_jwt", "client_private_key_file": str(file), "client_secret": None}
    gate = gated(world, echo(world), **panva_provider.gate_options(f"key-{family}", **options))
    for _ in range(2):
        assert subject(signs_in(panva_provider, browser(gate))) == "ada"


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"client_id": "app", "client_secret": SECRET + "x"}, "client_rejected"),
        ({"client_id": "post", "client_secret": SECRET + "x"}, "client_rejected"),
        ({"client_id": "jwt"}, "client_rejected"),
        ({"client_id": "app", "client_auth_method": "client_secret_jwt"}, "client_rejected"),
        ({"client_id": "public", "client_auth_method": "client_secret_post"}, "client_rejected"),
        # This provider says invalid_request to Basic that is not form-encoded.
        (
            {
                "client_id": "awkward:% id",
                "client_secret": AWKWARD_SECRET,
                "client_auth_method": "client_secret_basic_raw",
            },
            "token_request_rejected",
        ),
    ],
    ids=str,
)
def test_what_panva_refuses_is_told_as_such(
    panva_provider: Panva,
    world: World,
    browser: BrowserFactory,
    settings: dict[str, Any],
    code: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    page = visit(panva_provider, world, browser, **(panva_provider.gate_options() | settings))
    assert (page.status, f"Error {code} ·" in page.text) == (400, True), page.text
    assert ("client_secret_basic_raw" in caplog.text) == (code == "client_rejected")
    assert settings.get("client_secret", SECRET) not in caplog.text + page.text


def test_panva_takes_a_secret_in_the_header_and_in_the_body_alike(
    panva_provider: Panva, world: World, browser: BrowserFactory
) -> None:
    """Providers are seldom strict about which of the two was registered."""
    options = panva_provider.gate_options(client_auth_method="client_secret_post")
    assert subject(visit(panva_provider, world, browser, **options)) == "ada"
    assert subject(visit(panva_provider, world, browser, **panva_provider.gate_options("post"))) == "ada"


def test_a_key_that_panva_does_not_know(
    panva_provider: Panva, world: World, browser: BrowserFactory, tmp_path: Path
) -> None:
    file = tmp_path / "own.json"
    file.write_text(json.dumps(client_key("ec").as_dict(private=True)))
    options = {"client_auth_method": "private_key_jwt", "client_private_key_file": str(file), "client_secret": None}
    page = visit(panva_provider, world, browser, **panva_provider.gate_options("key-rsa", **options))
    assert (page.status, "Error client_rejected" in page.text) == (400, True)


# nanoidp compares the text of Basic as it came


@pytest.fixture(scope="module")
def raw_provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NanoIDP]:
    client = {
        "client_id": "app",
        "client_secret": AWKWARD_SECRET,
        "redirect_uris": ["https://app.test/oauth2/callback"],
    }
    with nanoidp(tmp_path_factory.mktemp("raw"), clients=[client]) as provider:
        yield provider


def test_basic_raw_is_what_nanoidp_wants(raw_provider: NanoIDP, world: World, browser: BrowserFactory) -> None:
    options = raw_provider.gate_options(client_secret=AWKWARD_SECRET)
    page = visit(raw_provider, world, browser, **options)
    assert (page.status, "Error client_rejected" in page.text) == (400, True)
    page = visit(raw_provider, world, browser, **options, client_auth_method="client_secret_basic_raw")
    assert subject(page) == "ada"


@pytest.mark.parametrize(
    "settings",
    [
        {"client_id": "app"},
        {"client_id": "post", "client_auth_method": "client_secret_post"},
        {"client_id": "public", "client_auth_method": "none", "client_secret": None},
    ],
    ids=lambda settings: settings["client_id"],
)
def test_secrets_at_nanoidp(
    nanoidp_provider: NanoIDP, world: World, browser: BrowserFactory, settings: dict[str, Any]
) -> None:
    assert subject(visit(nanoidp_provider, world, browser, **(nanoidp_provider.gate_options() | settings))) == "ada"
