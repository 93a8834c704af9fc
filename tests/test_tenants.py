"""Issuers that stand for many tenants, as Entra ID's `organizations` and `common` do (field-reports.md, row 21).

The provider of the tests is made to speak as Entra ID does: discovery names a template, tokens their tenant (`tid`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from oidc_gate import Settings, SettingsError
from oidc_gate.settings.tenants import as_in_tokens, filled, issuers, template_of
from tests.apps import COOKIE_SECRET
from tests.conftest import StageFactory
from tests.providers.keys import generation_jwks
from tests.providers.local import LocalProvider
from tests.stage import Stage

ACME, BETA, EVIL = "acme-1", "beta-2", "evil-3"
TENANT = "{tenantid}"
CALLBACK = "https://app.test/oauth2/callback"


class Entra:
    """Has the provider speak for many tenants."""

    def __init__(self, provider: LocalProvider) -> None:
        self.provider = provider
        self.template = f"{provider.origin}/{TENANT}/v2.0"
        self.tid: Any = ACME
        self.iss: str | None = None
        provider.change_discovery = self._discovery
        provider.change_callback = lambda params: {name: value for name, value in params.items() if name != "iss"}
        provider.change_id_token = self._id_token

    def _discovery(self, document: dict[str, Any]) -> dict[str, Any]:
        return document | {"issuer": self.template, "authorization_response_iss_parameter_supported": False}

    def _id_token(self, claims: dict[str, Any], header: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        claims = claims | {"tid": self.tid} if self.tid is not None else claims
        iss = filled(self.template, str(self.tid)) if self.iss is None else self.iss
        return claims | {"iss": iss}, header


@pytest.fixture
def entra(provider: LocalProvider) -> Entra:
    return Entra(provider)


def settings(provider: LocalProvider, *tenants: str, **more: Any) -> dict[str, Any]:
    listed = {"allow_tenants": list(tenants or (ACME, BETA))}
    where = {"issuer_url": f"{provider.origin}/organizations/v2.0", "discovery_url": provider.url("discovery")}
    return where | listed | more


@pytest.mark.parametrize("tenant", [ACME, BETA])
def test_people_of_the_listed_tenants_come_in(
    stage: StageFactory, provider: LocalProvider, entra: Entra, tenant: str
) -> None:
    entra.tid = tenant
    identity = stage(**settings(provider)).signed_in().fetch("/").json()["identity"]
    assert (identity["issuer"], identity["claims"]["tid"]) == (filled(entra.template, tenant), tenant)


@pytest.mark.parametrize(
    ("tid", "iss", "status", "code"),
    [
        pytest.param(EVIL, None, 403, "tenant_not_allowed", id="another tenant"),
        pytest.param(EVIL, ACME, 403, "tenant_not_allowed", id="another tenant that names a listed issuer"),
        pytest.param(ACME, EVIL, 400, "issuer_mismatch", id="a listed tenant that names another issuer"),
        pytest.param(ACME, BETA, 400, "issuer_mismatch", id="one listed tenant that names another"),
        pytest.param(ACME, TENANT, 400, "issuer_mismatch", id="the template itself"),
        pytest.param(None, ACME, 403, "tenant_not_allowed", id="no tid"),
        pytest.param([ACME], ACME, 403, "tenant_not_allowed", id="a list"),
        pytest.param("", "", 403, "tenant_not_allowed", id="empty"),
        pytest.param(TENANT, TENANT, 403, "tenant_not_allowed", id="the placeholder"),
        pytest.param(ACME.upper(), None, 403, "tenant_not_allowed", id="in capitals"),
    ],
)
def test_nobody_else_comes_in(
    stage: StageFactory,
    provider: LocalProvider,
    entra: Entra,
    caplog: pytest.LogCaptureFixture,
    tid: Any,
    iss: str | None,
    status: int,
    code: str,
) -> None:
    entra.tid, entra.iss = tid, None if iss is None else filled(entra.template, iss)
    browser = stage(**settings(provider)).browser()
    assert browser.navigate("/").status == status
    assert code in caplog.text
    assert browser.fetch("/").status == 401


def test_the_page_says_that_the_organisation_has_no_access(
    stage: StageFactory, provider: LocalProvider, entra: Entra
) -> None:
    entra.tid = EVIL
    page = stage(**settings(provider)).browser().navigate("/")
    assert "an organisation whose people may not use this app" in page.text
    assert EVIL not in page.text


def test_a_list_of_tenants_holds_at_an_issuer_of_one_too(
    stage: StageFactory, provider: LocalProvider, entra: Entra
) -> None:
    entra.template, entra.iss = provider.issuer, provider.issuer
    here = stage(allow_tenants=[ACME])
    assert here.browser().navigate("/").status == 200
    entra.tid = BETA
    assert here.browser().navigate("/").status == 403


@pytest.mark.parametrize(
    ("template", "tenants"),
    [
        ("https://evil.example/{tenantid}/v2.0", (ACME,)),
        ("{origin}/{tenantid}/v2.0", ()),
        ("{origin}/acme-1/v2.0", (ACME,)),
    ],
    ids=["another host", "no list", "no template"],
)
def test_a_document_of_another_issuer_is_not_believed(
    stage: StageFactory,
    provider: LocalProvider,
    entra: Entra,
    caplog: pytest.LogCaptureFixture,
    template: str,
    tenants: tuple[str, ...],
) -> None:
    entra.template = template.replace("{origin}", provider.origin)
    more = settings(provider) | {"allow_tenants": list(tenants) or None}
    assert stage(**more).browser().navigate("/").status == 500
    assert "issuer_mismatch" in caplog.text
    assert ("set allow_tenants" in caplog.text) is not bool(tenants)


@pytest.mark.parametrize(
    ("issuer", "status"),
    [(None, 200), (TENANT, 200), (ACME, 200), (BETA, 400), ("https://evil.example/{tenantid}/v2.0", 400)],
)
def test_a_key_of_one_tenant_signs_for_no_other(
    stage: StageFactory, provider: LocalProvider, entra: Entra, issuer: str | None, status: int
) -> None:
    """Entra ID's key set has, with each key, the issuer whose tokens it signs."""
    member = {} if issuer is None else {"issuer": issuer if "//" in issuer else filled(entra.template, issuer)}
    provider.change_jwks = lambda _: {"keys": [key | member for key in generation_jwks(1)["keys"]]}
    assert stage(**settings(provider)).browser().navigate("/").status == status


@pytest.mark.parametrize(("iss", "status"), [(ACME, 302), (BETA, 302), (EVIL, 400), (TENANT, 400)])
def test_a_login_that_another_party_asks_for_names_one_of_the_tenants(
    stage: StageFactory, provider: LocalProvider, entra: Entra, iss: str, status: int
) -> None:
    here = stage(**settings(provider))
    for _ in range(2):  # before and after the document was read
        browser = here.browser()
        asked = f"/oauth2/login?iss={quote(filled(entra.template, iss), safe='')}"
        assert browser.get(asked, headers={"Accept": "text/html"}).status == status
        here.signed_in()


@pytest.mark.parametrize(("iss", "ends"), [("", True), (ACME, True), (EVIL, False)])
def test_front_channel_logout_names_no_issuer_or_a_tenants(
    stage: StageFactory, provider: LocalProvider, entra: Entra, tmp_path: Path, iss: str, ends: bool
) -> None:
    here = stage(**settings(provider, session_store=f"sqlite:///{tmp_path}/s.db", session_cache_seconds=0))
    ada = here.signed_in()
    sid = ada.fetch("/").json()["identity"]["claims"]["sid"]
    named = f"&iss={quote(filled(entra.template, iss), safe='')}" if iss else ""
    frame = here.browser().get(f"/oauth2/frontchannel-logout?sid={sid}{named}")
    assert frame.status == (200 if ends else 400)
    assert ada.fetch("/").status == (401 if ends else 200)


@pytest.mark.parametrize(("tenant", "status"), [(ACME, 200), (BETA, 401)])
def test_a_renewal_speaks_of_the_same_tenant(
    stage: StageFactory, provider: LocalProvider, entra: Entra, tmp_path: Path, tenant: str, status: int
) -> None:
    provider.access_token_lifetime = 100
    more = settings(provider, session_store=f"sqlite:///{tmp_path}/s.db", scopes="openid profile email offline_access")
    here: Stage = stage(**more)
    ada = here.signed_in()
    entra.tid = tenant
    here.clock.advance(95)
    assert ada.fetch("/").status == status


def test_an_answer_that_names_a_tenants_issuer_is_good_and_another_is_not(
    stage: StageFactory, provider: LocalProvider, entra: Entra
) -> None:
    here = stage(**settings(provider))
    for tenant, status in ((BETA, 200), (EVIL, 400)):
        provider.change_callback = lambda params, tenant=tenant: params | {"iss": filled(entra.template, tenant)}  # type: ignore[misc]
        assert here.browser().navigate("/").status == status


def test_without_discovery_the_settings_are_the_template(
    stage: StageFactory, provider: LocalProvider, entra: Entra
) -> None:
    endpoints = {name: provider.metadata()[name] for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
    for path in ("organizations", "common", TENANT):
        here = stage(issuer_url=f"{provider.origin}/{path}/v2.0", allow_tenants=ACME, provider_endpoints=endpoints)
        assert here.signed_in().fetch("/").json()["identity"]["issuer"] == filled(entra.template, ACME)
    assert provider.calls("discovery") == []


# Settings

BASE: dict[str, Any] = {"client_id": "app", "client_secret": "of the app", "cookie_secret": COOKIE_SECRET}
ID = "0f4c1d7e-0000-4000-8000-00000000000A"


@pytest.mark.parametrize("word", ["common", "organizations"])
def test_a_list_of_tenants_lets_an_issuer_of_many_start(word: str) -> None:
    made = Settings(**BASE, issuer_url=f"https://login.microsoftonline.com/{word}/v2.0", allow_tenants=[ID])
    assert made.allow_tenants == (ID.lower(),)


def test_a_list_of_tenants_says_who_of_a_further_providers_people_may_pass(provider: LocalProvider) -> None:
    table = {"auth_id": "partners", "client_id": "b", "client_secret": "of it", "allow_tenants": [ID]}
    table["issuer_url"] = "https://login.microsoftonline.com/organizations/v2.0"
    for more in ({}, {"allow_all": True}, {"allow_groups": ["a"]}):
        made = Settings(**provider.gate_options(cookie_secret=COOKIE_SECRET, providers=[table | more]))
        assert made.all_providers[1].allow_tenants == (ID.lower(),)


@pytest.mark.parametrize(
    ("issuer", "tenants", "said"),
    [
        ("https://login.microsoftonline.com/common/v2.0", None, "set it|Set it"),
        ("https://login.microsoftonline.com/consumers/v2.0", ID, "9188040d-6c67-4c5b-b112-36a304b66dad"),
        ("https://login.microsoftonline.com/organizations/v2.0", "contoso.onmicrosoft.com", "ids of tenants"),
        ("https://login.microsoftonline.com/organizations/v2.0", "common", "ids of tenants"),
        ("https://login.microsoftonline.com/organizations/v2.0", "{tenantid}", "ids of tenants"),
        ("https://login.microsoftonline.com/{tenantid}/v2.0", ID, "set discovery_url"),
        ("https://login.microsoftonline.com/{tenantid}/{tenantid}", ID, "a placeholder in it"),
        ("https://login.microsoftonline.com/{tenant}/v2.0", ID, "a placeholder in it"),
    ],
)
def test_what_stops_start_up(issuer: str, tenants: str | None, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        Settings(**BASE, issuer_url=issuer, allow_tenants=tenants)


def test_templates() -> None:
    assert template_of("https://x.test/Common/v2.0") == "https://x.test/{tenantid}/v2.0"
    assert template_of("https://x.test/organizations") == "https://x.test/{tenantid}"
    assert template_of("https://x.test/realms/common/") == "https://x.test/realms/common/"
    assert issuers("https://x.test/{tenantid}/", [ACME, BETA]) == ("https://x.test/acme-1/", "https://x.test/beta-2/")
    assert issuers("https://x.test/", [ACME]) == ("https://x.test/",)
    assert issuers("https://x.test/{tenantid}/", []) == ()
    assert [as_in_tokens(each) for each in (ID, "Tenant-A")] == [ID.lower(), "Tenant-A"]
