"""`oidc-gate doctor` at two real providers: nothing is found at a good set-up, and faults by the checks for them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.apps import COOKIE_SECRET
from tests.doctor_faults import APP, examined, not_ok
from tests.providers.jumpcloud import JumpCloudProvider
from tests.providers.real import NanoIDP, Panva, RealProvider, client_key
from tests.test_doctor import found

USUAL: dict[str, Any] = {"base_url": APP, "cookie_secret": COOKIE_SECRET, "allow_domains": "example.com"}
STORE: dict[str, Any] = {"session_store": "sqlite:///never-made.db", "scopes": "openid email offline_access"}


def given(provider: RealProvider, client: str = "", **more: Any) -> dict[str, Any]:
    return provider.gate_options(client, **(USUAL | more))


@pytest.mark.parametrize("more", [{}, STORE, {"provider_logout": True}, {"response_mode": "form_post"}])
def test_a_good_set_up_at_panvas(panva_provider: Panva, more: dict[str, Any]) -> None:
    assert not_ok(examined(given(panva_provider, **more))) == {}


@pytest.mark.parametrize("more", [{}, {"client_auth_method": "client_secret_post"}])
def test_a_good_set_up_at_nanoidps(nanoidp_provider: NanoIDP, more: dict[str, Any]) -> None:
    client = "post" if more else "app"
    assert not_ok(examined(given(nanoidp_provider, client, **more))) == {}


def test_what_nanoidp_does_not_say(nanoidp_provider: NanoIDP) -> None:
    """It says nothing of logouts, and its own leads to any address."""
    more = STORE | {"provider_logout": True}
    assert not_ok(examined(given(nanoidp_provider, **more))) == {"P20": "warn", "P21": "unknown"}


FAULTS: dict[str, tuple[dict[str, Any], dict[str, str], dict[str, str]]] = {
    "a wrong secret": (
        {"client_secret": "not-the-secret-of-this-client-0123456789"},
        {"P7": "fail", "P8": "unknown"},
        {"P7": "fail", "P8": "unknown"},
    ),
    "a client that there is not": (
        {"client_id": "nobody"},
        {"P7": "fail", "P8": "unknown", "P10": "fail", "P11": "unknown"},
        {"P7": "fail", "P8": "unknown", "P10": "fail", "P11": "unknown"},
    ),
    "a redirect URI that is not registered": (
        {"base_url": "https://other.test"},
        {"P11": "fail", "P16": "fail"},
        {"P11": "fail"},
    ),
    "a wrong secret and a wrong redirect URI": (
        {"base_url": "https://other.test", "client_secret": "not-the-secret-of-this-client-0123456789"},
        {"P7": "fail", "P8": "unknown", "P11": "fail"},
        {"P7": "fail", "P8": "unknown", "P11": "fail"},
    ),
    "a scope that there is not": ({"scopes": "openid email nonsense"}, {"P13": "unknown"}, {"P13": "fail"}),
    "an algorithm that there is not": ({"signing_algs": "ES384"}, {}, {"P4": "fail", "P5": "fail"}),
    "a provider that is another": ({"issuer_url": "{issuer}/realms/x"}, {"P1": "fail"}, {"P1": "fail"}),
}


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("which", ["panva", "nanoidp"])
def test_a_fault_at_a_real_provider(request: pytest.FixtureRequest, which: str, name: str) -> None:
    provider: RealProvider = request.getfixturevalue(f"{which}_provider")
    changes, at_panvas, at_nanoidps = FAULTS[name]
    settings = given(provider) | {key: value.replace("{issuer}", provider.issuer) for key, value in changes.items()}
    report = examined(settings)
    assert not_ok(report) == (at_panvas if which == "panva" else at_nanoidps), report.text(colour=False)


def test_the_way_of_the_secret_is_named(nanoidp_provider: NanoIDP) -> None:
    told = found(given(nanoidp_provider, "post"), "P8")
    assert (told.status, told.mend) == ("fail", "set client_auth_method to client_secret_post")


def test_a_refused_parameter_is_named(panva_provider: Panva) -> None:
    told = found(given(panva_provider, authz_url_params={"prompt": "foo"}), "P14")
    assert (told.status, told.found) == ("fail", "the provider refuses prompt=foo")


def test_a_key_that_is_registered_and_one_that_is_not(panva_provider: Panva, tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    path.touch(mode=0o600)
    settings = given(panva_provider, "key-ec", client_auth_method="private_key_jwt", client_private_key_file=str(path))
    del settings["client_secret"]
    path.write_text(json.dumps(client_key("ec").as_dict(private=True)))
    assert found(settings, "P9").found == "accepted; another one is refused"
    path.write_text(json.dumps(client_key("rsa").as_dict(private=True)))
    assert found(settings, "P9").status == "fail"


def test_a_public_client(panva_provider: Panva) -> None:
    settings = given(panva_provider, "public", client_auth_method="none")
    del settings["client_secret"]
    assert not_ok(examined(settings)) == {"S4": "warn"}


def test_a_good_set_up_at_jumpclouds(jumpcloud: JumpCloudProvider) -> None:
    jumpcloud.user = None
    settings = jumpcloud.gate_options(**USUAL)
    assert not_ok(examined(settings)) == {}
    assert not_ok(examined(settings | {"provider_logout": True})) == {"P20": "unknown"}
    jumpcloud.clients["app"].redirect_uris = ["https://other.test/oauth2/callback"]
    assert not_ok(examined(settings)) == {"P11": "fail"}
    assert not_ok(examined(settings | {"client_id": "nobody"})) == {
        "P7": "fail",
        "P8": "unknown",
        "P10": "fail",
        "P11": "unknown",
    }
    assert not_ok(examined(settings | {"scopes": "openid groups"})) == {"P11": "fail", "S4": "warn"}
