"""Signatures and encryption as real providers make them: every algorithm at panva's, rotations at both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.apps import echo, gated
from tests.browser import World
from tests.conftest import BrowserFactory
from tests.providers.real import ENCRYPTION, ID_TOKEN_ALGS, NanoIDP, Panva, client_encryption_key, panva
from tests.stage import subject
from tests.test_client_authentication import signs_in, visit


@pytest.fixture
def key_file(tmp_path: Path) -> Any:
    """Write the key of a client for encrypted answers to a file; return its path."""

    def write(alg: str) -> str:
        file = tmp_path / "own.pem"
        file.write_bytes(client_encryption_key(alg).as_pem(private=True))
        return str(file)

    return write


@pytest.mark.parametrize("alg", [alg for alg in ID_TOKEN_ALGS if alg != "HS256"])
def test_id_tokens_with_every_algorithm(panva_provider: Panva, world: World, browser: BrowserFactory, alg: str) -> None:
    """Discovery lists them, so that nothing has to be set."""
    assert subject(visit(panva_provider, world, browser, **panva_provider.gate_options(alg.lower()))) == "ada"


def test_an_algorithm_that_is_not_allowed(panva_provider: Panva, world: World, browser: BrowserFactory) -> None:
    page = visit(panva_provider, world, browser, **panva_provider.gate_options("es256", signing_algs="RS256"))
    assert (page.status, "Error alg_not_allowed" in page.text) == (400, True)
    page = visit(panva_provider, world, browser, **panva_provider.gate_options("es256", signing_algs="ES256"))
    assert subject(page) == "ada"


def test_a_token_signed_with_the_clients_secret(panva_provider: Panva, world: World, browser: BrowserFactory) -> None:
    page = visit(panva_provider, world, browser, **panva_provider.gate_options("hs256"))
    assert (page.status, "Error alg_not_allowed" in page.text) == (400, True)


@pytest.mark.parametrize(("alg", "enc"), ENCRYPTION)
def test_encrypted_id_tokens(
    panva_provider: Panva, world: World, browser: BrowserFactory, key_file: Any, alg: str, enc: str
) -> None:
    options = panva_provider.gate_options(f"{alg}-{enc}", client_private_key_file=key_file(alg))
    assert subject(visit(panva_provider, world, browser, **options)) == "ada"


def test_an_encrypted_id_token_is_a_hint_that_the_provider_can_read(
    panva_provider: Panva, world: World, browser: BrowserFactory, key_file: Any
) -> None:
    """It refuses one that is handed back as it came: `invalid_request: could not decode id_token_hint`."""
    options = {"client_private_key_file": key_file("RSA-OAEP-256"), "provider_logout": True}
    settings = panva_provider.gate_options("RSA-OAEP-256-A256GCM", **options)
    visitor = browser(gated(world, echo(world), **settings))
    assert subject(signs_in(panva_provider, visitor)) == "ada"
    asked = visitor.navigate("/oauth2/logout")
    assert (asked.status, asked.url.startswith(panva_provider.issuer)) == (200, True), asked.text


@pytest.mark.parametrize(("alg", "enc"), ENCRYPTION)
def test_encrypted_id_tokens_without_the_key_for_them(
    panva_provider: Panva, world: World, browser: BrowserFactory, key_file: Any, alg: str, enc: str
) -> None:
    other = "RSA-OAEP-256" if alg.startswith("ECDH") else "ECDH-ES"
    for options in ({}, {"client_private_key_file": key_file(other)}):
        page = visit(panva_provider, world, browser, **panva_provider.gate_options(f"{alg}-{enc}", **options))
        assert (page.status, "Error token_malformed" in page.text) == (400, True)


@pytest.mark.parametrize("client_id", ["signed-userinfo", "es256-userinfo"])
def test_signed_userinfo(panva_provider: Panva, world: World, browser: BrowserFactory, client_id: str) -> None:
    """The ID token of this provider holds `sub` alone: everything else here came from the signed answer."""
    identity = visit(panva_provider, world, browser, **panva_provider.gate_options(client_id)).json()["identity"]
    assert (identity["name"], identity["email"]) == ("Ada Lovelace", "ada@example.com")


def test_encrypted_userinfo(panva_provider: Panva, world: World, browser: BrowserFactory, key_file: Any) -> None:
    options = panva_provider.gate_options("sealed-userinfo", client_private_key_file=key_file("ECDH-ES"))
    assert visit(panva_provider, world, browser, **options).json()["identity"]["name"] == "Ada Lovelace"


def test_groups_of_a_scope_of_its_own(panva_provider: Panva, world: World, browser: BrowserFactory) -> None:
    options = panva_provider.gate_options(scopes="openid profile email groups", allow_groups="admins")
    assert visit(panva_provider, world, browser, **options).json()["identity"]["groups"] == ["engineers", "admins"]


# New keys while the gate runs


def test_a_rotation_at_nanoidp(nanoidp_provider: NanoIDP, world: World, browser: BrowserFactory) -> None:
    """The gate has the old keys; the next token is signed with a new one."""
    gate = gated(world, echo(world), **nanoidp_provider.gate_options())
    assert subject(signs_in(nanoidp_provider, browser(gate))) == "ada"
    nanoidp_provider.rotate_keys()
    assert subject(signs_in(nanoidp_provider, browser(gate))) == "ada"


def test_a_rotation_at_nanoidp_in_the_middle_of_a_login(
    nanoidp_provider: NanoIDP, world: World, browser: BrowserFactory
) -> None:
    gate = gated(world, echo(world), **nanoidp_provider.gate_options())
    assert subject(signs_in(nanoidp_provider, browser(gate))) == "ada"
    visitor = browser(gate)
    page = visitor.navigate("/private")
    nanoidp_provider.rotate_keys()
    assert subject(nanoidp_provider.login(visitor, page)) == "ada"


def test_panva_comes_back_with_other_keys(tmp_path: Path, world: World, browser: BrowserFactory) -> None:
    """A restart with new keys only: sessions go on, and the next login fetches what it needs."""
    with panva(tmp_path) as provider:
        port = provider.server.port
        gate = gated(world, echo(world), **provider.gate_options())
        ada = browser(gate)
        assert subject(signs_in(provider, ada)) == "ada"
    with panva(tmp_path, port=port, generation=2) as provider:
        assert subject(ada.fetch("/private")) == "ada"
        assert subject(signs_in(provider, browser(gate))) == "ada"
