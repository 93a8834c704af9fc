"""Providers with habits of their own, each as it is known of one: the provider of the tests is made odd in that way.

Where the facts are from stands in docs/providers/.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from werkzeug import Request, Response

from oidc_gate import Settings, SettingsError
from oidc_gate.doctor.case import Case
from oidc_gate.doctor.findings import SkippedError
from oidc_gate.doctor.table import CHECKS
from oidc_gate.gate import build
from oidc_gate.gate.self_told_names import SelfToldNames
from oidc_gate.provider import code_flow
from tests.apps import COOKIE_SECRET
from tests.conftest import StageFactory
from tests.providers import keys
from tests.providers.local import LocalProvider
from tests.stage import Stage, query, session_cookie

CALLBACK = "https://app.test/oauth2/callback"
BASE: dict[str, Any] = {
    "issuer_url": "https://id.example.com",
    "client_id": "app",
    "client_secret": "of the app, and long",
    "cookie_secret": COOKIE_SECRET,
}
NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")


def settings(**given: Any) -> Settings:
    return Settings(**(BASE | given))


# Discovery that is elsewhere (Azure AD B2C's `?p=`, Oracle, an inner address)


def test_discovery_is_asked_where_the_settings_say(stage: StageFactory, provider: LocalProvider) -> None:
    provider.change_discovery = lambda document: document | {"issuer": f"{provider.origin}/tenant/v2.0/"}
    provider.change_id_token = lambda claims, header: (claims | {"iss": f"{provider.origin}/tenant/v2.0/"}, header)
    provider.change_callback = lambda params: params | {"iss": f"{provider.origin}/tenant/v2.0/"}
    address = f"{provider.url('discovery')}?p=B2C_1_signin"
    here = stage(issuer_url=f"{provider.origin}/tenant/v2.0", discovery_url=address)
    assert here.signed_in().fetch("/").json()["identity"]["issuer"] == f"{provider.origin}/tenant/v2.0/"
    assert [call.query for call in provider.calls("discovery")] == ["p=B2C_1_signin"]


def test_a_document_from_elsewhere_must_name_the_issuer(
    stage: StageFactory, provider: LocalProvider, caplog: pytest.LogCaptureFixture
) -> None:
    here = stage(issuer_url=f"{provider.origin}/another", discovery_url=provider.url("discovery"))
    assert here.browser().navigate("/").status == 500
    assert "issuer_mismatch" in caplog.text


def test_single_endpoints_are_replaced(stage: StageFactory, provider: LocalProvider) -> None:
    provider.answer["/inner/userinfo"] = provider.serve_userinfo
    provider.userinfo_only = {"name"}
    here = stage(provider_endpoints={"userinfo_endpoint": f"{provider.origin}/inner/userinfo"})
    assert here.signed_in().fetch("/").json()["identity"]["name"] == "Ada Lovelace"
    assert [call.path for call in provider.requests if "userinfo" in call.path] == ["/inner/userinfo"]
    assert len(provider.calls("discovery")) == 1


def test_a_replaced_endpoint_stands_in_for_one_that_cannot_be_used(
    stage: StageFactory, provider: LocalProvider
) -> None:
    provider.change_discovery = lambda document: document | {"token_endpoint": "ftp://inner", "jwks_uri": None}
    inner = {"token_endpoint": provider.url("token"), "jwks_uri": provider.url("jwks")}
    assert stage(provider_endpoints=inner).browser().navigate("/").status == 200
    assert stage().browser().navigate("/").status == 500


def test_with_all_endpoints_discovery_is_not_asked(stage: StageFactory, provider: LocalProvider) -> None:
    given = {name: provider.metadata()[name] for name in NEEDED}
    provider.answer["discovery"] = (404, {}, "")
    here = stage(provider_endpoints=given)
    assert here.signed_in().fetch("/").status == 200
    assert provider.calls("discovery") == []
    # The issuer is then the settings' own, to the letter.
    assert stage(issuer_url=f"{provider.issuer}/", provider_endpoints=given).browser().navigate("/").status == 400


@pytest.mark.parametrize("insecure", [False, True])
def test_an_https_issuer_with_plain_endpoints_needs_to_be_allowed(insecure: bool) -> None:
    from oidc_gate.errors import ProviderError
    from oidc_gate.provider.discovery import ProviderAddresses, metadata_of

    made = settings(insecure_http_issuer=insecure, discovery_url="http://127.0.0.1:8080/realms/a/doc")
    document = dict.fromkeys(NEEDED, "http://inner.test:8080/x") | {"issuer": BASE["issuer_url"]}
    if insecure:
        assert metadata_of(document, ProviderAddresses.of(made)).token_endpoint == "http://inner.test:8080/x"
    else:
        with pytest.raises(ProviderError, match="cannot be used"):
            metadata_of(document, ProviderAddresses.of(made))


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("discovery_url", "http://inner.test/doc", "discovery_url must start with https://"),
        ("discovery_url", "inner.test", "discovery_url must be a URL"),
        ("discovery_url", "https://me@inner.test/", "discovery_url must be a URL"),
        ("discovery_url", "https://inner.test/#x", "without fragment or user name"),
        ("provider_endpoints", {"token_endpoint": "http://inner.test"}, "token_endpoint must start with https://"),
        ("provider_endpoints", {"token_endpoint": ""}, "provider_endpoints, token_endpoint must be a URL"),
        ("provider_endpoints", {"token_endpont": "https://a.test"}, "token_endpont. Did you mean token_endpoint?"),
        ("provider_endpoints", {"issuer": "https://a.test"}, "must not hold issuer"),
        ("provider_endpoints", "token_endpoint=https://a.test/t,jwks_uri=https://a.test/k", "no comma"),
        ("provider_endpoints", {"token_endpoint": "https://a.test/t,jwks_uri=https://a.test/k"}, "no comma"),
        ("provider_logout_url", "http://a.test/bye", "provider_logout_url must start with https://"),
        ("provider_logout_url", "https://a.test/bye?to={next}", "nothing else in braces"),
        ("provider_logout_url", "https://a.test/bye?to={return_to", "nothing else in braces"),
        ("provider_logout_url", "https://a.test/bye?to={return_to!r}", "nothing else in braces"),
        ("provider_logout_url", "https://a.test/{client_id}", "nothing else in braces"),
        ("provider_logout_url", "https://{return_to}/", "nothing else in braces"),
        ("provider_logout_url", "javascript:alert(1)", "provider_logout_url must be a URL"),
    ],
)
def test_addresses_that_stop_start_up(name: str, value: Any, said: str) -> None:
    with pytest.raises(SettingsError, match=said.replace("?", r"\?")):
        settings(**{name: value})


@pytest.mark.parametrize("name", ["discovery_url", "provider_logout_url"])
def test_plain_addresses_can_be_allowed(name: str) -> None:
    assert getattr(settings(**{name: "http://inner.test/x"}, insecure_http_issuer=True), name) == "http://inner.test/x"


# Logouts of another kind (Cognito's logout_uri, Auth0's returnTo)

OWN_LOGOUT = "/v2/logout?client_id={client_id}&returnTo={return_to}"


def signed_out(here: Stage, path: str = "/oauth2/logout") -> Any:
    ada = here.signed_in()
    away = ada.get(path)
    assert ada.fetch("/").status == 401
    return ada, away


def test_a_logout_of_the_providers_own_kind(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(provider_logout=True, provider_logout_url=provider.origin + OWN_LOGOUT)
    ada, away = signed_out(here, "/oauth2/logout?next=/bye?a=b")
    assert (away.status, away.target.partition("?")[0]) == (302, f"{provider.origin}/v2/logout")
    assert query(away.target) == {"client_id": "app", "returnTo": "https://app.test/oauth2/logout"}
    assert provider.calls("end_session") == []
    back = ada.get("/oauth2/logout", initiator=provider.origin + "/")
    assert (back.status, back.target) == (302, "https://app.test/bye?a=b")
    # Once; and a later logout is one again.
    assert "You are signed out" in ada.get("/oauth2/logout").text


def test_without_a_page_to_go_on_to_it_ends_at_the_signed_out_page(
    stage: StageFactory, provider: LocalProvider
) -> None:
    here = stage(provider_logout=True, provider_logout_url=provider.origin + OWN_LOGOUT)
    ada, _ = signed_out(here)
    assert "You are signed out" in ada.get("/oauth2/logout", initiator=provider.origin + "/").text


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_the_way_back_leads_nowhere_else(stage: StageFactory, provider: LocalProvider, target: str) -> None:
    here = stage(provider_logout=True, provider_logout_url=provider.origin + OWN_LOGOUT)
    ada, away = signed_out(here, f"/oauth2/logout?next={target}")
    assert query(away.target)["returnTo"] == "https://app.test/oauth2/logout"
    assert ada.get("/oauth2/logout", initiator=provider.origin + "/").target == "https://app.test/"


def test_a_logout_that_comes_back_later_signs_nobody_out_unasked(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(provider_logout=True, provider_logout_url=provider.origin + OWN_LOGOUT)
    ada, _ = signed_out(here, "/oauth2/logout?next=/bye")
    ada.navigate("/")
    asked = ada.get("/oauth2/logout", initiator=provider.origin + "/")
    assert "Nothing has happened yet" in asked.text
    assert ada.fetch("/").status == 200


def test_a_logout_by_the_standard_is_not_forgotten_for_one_without_a_state(
    stage: StageFactory, provider: LocalProvider
) -> None:
    ada = stage(provider_logout=True).signed_in()
    away = ada.get("/oauth2/logout?next=/bye")
    assert "You are signed out" in ada.get("/oauth2/logout").text
    assert ada.navigate(away.target, until="https://app.test/bye").target == "https://app.test/bye"


def test_no_id_token_is_kept_for_a_logout_that_takes_none(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(provider_logout=True, provider_logout_url=provider.origin + OWN_LOGOUT)
    usual = stage(provider_logout=True)
    assert len(session_cookie(here.signed_in())) < len(session_cookie(usual.signed_in())) / 1.5


def test_a_state_that_was_never_sent_is_none(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(provider_logout=True, provider_logout_url=provider.origin + OWN_LOGOUT)
    ada, _ = signed_out(here, "/oauth2/logout?next=/bye")
    assert ada.get("/oauth2/logout?state=").status == 400


def test_it_is_for_provider_logout_alone(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(provider_logout_url=provider.origin + OWN_LOGOUT)
    _, page = signed_out(here)
    assert "You are signed out" in page.text


def test_a_provider_that_offers_no_logout_is_not_told_of_where_there_is_another(
    stage: StageFactory, provider: LocalProvider, caplog: pytest.LogCaptureFixture
) -> None:
    provider.change_discovery = lambda document: document | {"end_session_endpoint": None}
    stage(provider_logout=True, provider_logout_url=provider.origin + OWN_LOGOUT).signed_in()
    assert "end_session_endpoint" not in caplog.text
    stage(provider_logout=True).signed_in()
    assert "set provider_logout_url" in caplog.text


# Azure AD B2C: an ID token alone


@pytest.mark.parametrize("userinfo", ["auto", "never"])
def test_an_id_token_may_come_alone(stage: StageFactory, provider: LocalProvider, userinfo: str) -> None:
    provider.userinfo_only = {"name"}
    with provider.fault("no_access_token", token_type=...):
        identity = stage(userinfo=userinfo).signed_in().fetch("/").json()["identity"]
    assert (identity["subject"], identity["name"]) == ("ada-1815", None)
    assert provider.calls("userinfo") == []


@pytest.mark.parametrize("changed", [{"userinfo": "always"}, {"userinfo_refresh_interval": "5m"}])
def test_but_not_where_userinfo_is_to_be_asked(
    stage: StageFactory, provider: LocalProvider, caplog: pytest.LogCaptureFixture, changed: dict[str, str]
) -> None:
    with provider.fault("no_access_token"):
        assert stage(**changed).browser().navigate("/").status == 400
    assert "the provider issued no access token to ask userinfo with" in caplog.text


def test_a_renewal_may_bring_an_id_token_alone_too(
    stage: StageFactory, provider: LocalProvider, tmp_path: Path
) -> None:
    store = {"session_store": f"sqlite:///{tmp_path}/s.db", "session_cache_seconds": 0}
    here = stage(**store, scopes="openid profile email offline_access", idle_session_timeout=0)
    with provider.fault("no_access_token", expires_in=100):
        ada = here.signed_in()
        provider.people["ada"]["name"] = "Countess"
        here.clock.advance(95)
        assert ada.fetch("/").json()["identity"]["name"] == "Countess"
    with provider.fault("no_access_token", id_token=...):
        here.clock.advance(95)
        assert ada.fetch("/").status == 200, "an answer with nothing in it ends nothing"


# Apple: the name comes once, beside the code


def apple(provider: LocalProvider, user: Any) -> None:
    for person in provider.people.values():
        person.pop("name", None)
    said = user if isinstance(user, str) else json.dumps(user)
    provider.change_callback = lambda params: params | {"user": said}


ADA = {"name": {"firstName": "Ada", "lastName": "L\u00f6velace"}, "email": "boss@example.com"}


def test_apples_name_is_taken_and_its_address_is_not(stage: StageFactory, provider: LocalProvider) -> None:
    apple(provider, ADA)
    here = stage(response_mode="form_post", identity_headers="ngrok", allow_emails="ada@example.com")
    browser = here.browser()
    browser.navigate("/report")
    identity = browser.fetch("/").json()["identity"]
    assert (identity["name"], identity["email"]) == ("Ada L\u00f6velace", "ada@example.com")


@pytest.mark.parametrize(
    ("user", "name"),
    [
        ({"name": {"firstName": " Ada "}}, "Ada"),
        ({"name": {"lastName": "L", "middleName": "x"}}, "L"),
        ({"name": {"firstName": 7, "lastName": ["x"]}}, None),
        ({"name": "Ada"}, None),
        ({"name": {"firstName": "A" * 101}}, None),
        ({"name": {"firstName": "A" * 2000}}, None),
        ({"name": {"firstName": "A\u0000B"}}, None),
        ({"name": {"firstName": "A\u202eB"}}, None),
        ({"name": None}, None),
        ("", None),
        ("no JSON", None),
        ("[" * 900, None),
        ('["a list"]', None),
    ],
)
def test_names_that_are_taken_or_not(user: Any, name: str | None) -> None:
    components = build(settings(response_mode="form_post"), time.time)
    said = user if isinstance(user, str) else json.dumps(user)
    callback = code_flow.Callback("s", "c", "", "", "", said)
    claims = SelfToldNames(components, components.parties.first).added({"sub": "1"}, callback)
    assert claims == {"sub": "1"} | ({} if name is None else {"name": name})


@pytest.mark.parametrize(
    "more",
    [
        {"rules": [{"path": "/vault", "allow": {"claims": {"name": "Boss"}}}]},
        {"rules": [{"path": "/vault", "allow": {"any": [{"groups": "x"}, lambda who: who.name == "Boss"]}}]},
        {"remote_user_claim": "name"},
        {"identity_headers": {"remote-user": "name"}},
    ],
    ids=["a rule", "a function", "REMOTE_USER", "a header"],
)
def test_a_name_that_somebody_may_have_made_up_counts_nowhere(
    stage: StageFactory, provider: LocalProvider, more: dict[str, Any]
) -> None:
    apple(provider, {"name": {"firstName": "Boss"}})
    browser = stage(response_mode="form_post", **more).browser()
    browser.navigate("/")
    assert browser.fetch("/").json()["identity"]["name"] is None
    assert browser.fetch("/vault").status == (403 if "rules" in more else 200)


def test_nor_does_one_in_the_address_or_beside_a_name_in_the_token(
    stage: StageFactory, provider: LocalProvider
) -> None:
    provider.change_callback = lambda params: params | {"user": json.dumps(ADA)}
    browser = stage(response_mode="form_post").browser()
    browser.navigate("/")
    assert browser.fetch("/").json()["identity"]["name"] == "Ada Lovelace"
    apple(provider, ADA)
    assert stage().signed_in().fetch("/").json()["identity"]["name"] is None


def test_a_name_from_the_first_login_outlives_renewals(
    stage: StageFactory, provider: LocalProvider, tmp_path: Path
) -> None:
    provider.access_token_lifetime = 100
    apple(provider, ADA)
    store = {"session_store": f"sqlite:///{tmp_path}/s.db", "session_cache_seconds": 0}
    here = stage(**store, response_mode="form_post", scopes="openid email offline_access", userinfo="never")
    browser = here.browser()
    browser.navigate("/")
    here.clock.advance(95)
    assert browser.fetch("/").json()["identity"]["name"] == "Ada L\u00f6velace"
    refreshed = [call for call in provider.calls("token") if call.form.get("grant_type") == "refresh_token"]
    assert len(refreshed) == 1


# What a session keeps


def claims_kept(here: Stage) -> set[str]:
    return set(here.signed_in().fetch("/").json()["identity"]["claims"])


ALWAYS = {"sub", "iss", "sid", "auth_time"}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, {"email", "email_verified"}),
        ({"remote_user_claim": "sub"}, set()),
        ({"session_claims": "name,nonce,at_hash"}, {"email", "email_verified", "name"}),
        ({"allow_groups": "engineers", "remote_user_claim": "sub"}, {"groups"}),
        ({"allow_domains": "corp.test", "email_claim": "upn", "remote_user_claim": "sub"}, {"upn", "email_verified"}),
        ({"identity_headers": "x-forwarded"}, {"email", "email_verified", "groups", "preferred_username"}),
        ({"identity_headers": {"x-d": "org.unit"}, "remote_user_claim": "sub"}, {"org"}),
        (
            {"rules": [{"path": "/x", "allow": {"claims": {"org.unit": "R&D"}}}], "remote_user_claim": "sub"},
            {"org"},
        ),
        (
            {"rules": [{"path": "/x", "allow": {"groups": "a"}, "acr": "gold"}], "remote_user_claim": "sub"},
            {"groups", "acr"},
        ),
        (
            {
                "rules": [{"path": "/x", "allow": {"domains": "a.test"}}],
                "email_claim": "upn",
                "remote_user_claim": "sub",
            },
            {"email", "email_verified", "upn"},
        ),
    ],
)
def test_a_session_keeps_what_is_named_and_what_is_called_for(
    stage: StageFactory, provider: LocalProvider, more: dict[str, Any], expected: set[str]
) -> None:
    provider.people["ada"] |= {"org": {"unit": "R&D", "more": "x" * 500}, "upn": "ada@corp.test"}
    provider.usual_acr = "silver"
    assert claims_kept(stage(**({"session_claims": "zoneinfo"} | more))) == ALWAYS | expected


def test_without_it_a_session_keeps_all_but_what_only_the_protocol_needs(stage: StageFactory) -> None:
    kept = claims_kept(stage())
    assert kept >= ALWAYS | {"name", "groups", "aud", "exp", "iat"}
    assert kept.isdisjoint({"nonce", "at_hash"})


def test_a_cookie_is_shorter_for_it(stage: StageFactory, provider: LocalProvider) -> None:
    provider.people["ada"]["groups"] = [f"group {number:04x}" for number in range(100)]
    long, short = stage(), stage(session_claims="email")
    lengths = [len(session_cookie(here.signed_in())) for here in (long, short)]
    assert lengths[1] < lengths[0] / 2


def test_renewals_and_rechecks_keep_no_more(stage: StageFactory, provider: LocalProvider, tmp_path: Path) -> None:
    provider.access_token_lifetime = 100
    store = {"session_store": f"sqlite:///{tmp_path}/s.db", "session_cache_seconds": 0}
    more = {"scopes": "openid profile email offline_access", "userinfo_refresh_interval": 30}
    here = stage(**store, **more, session_claims="name", idle_session_timeout=0)
    ada = here.signed_in()
    for seconds in (35, 65):
        here.clock.advance(seconds)
        provider.people["ada"]["name"] = f"Ada {seconds}"
        claims = ada.fetch("/").json()["identity"]["claims"]
        assert claims["name"] == f"Ada {seconds}"
        assert set(claims) == ALWAYS | {"name", "email", "email_verified", "nonce"}  # each ID token is held against it


def test_the_end_that_a_provider_sets_holds_though_it_is_not_kept(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(session_claims="name", idle_session_timeout=0)
    with provider.fault("other_claims", session_expiry=int(here.clock()) + 100):
        ada = here.signed_in()
    assert "session_expiry" not in ada.fetch("/").json()["identity"]["claims"]
    here.clock.advance(101)
    assert ada.fetch("/").status == 401


# A token of the platform in place of a secret


def assertion(path: Path, jti: str, **changes: Any) -> None:
    """Write a token as a platform does."""
    claims = {"iss": "app", "sub": "app", "aud": AUDIENCE[0], "exp": 4_000_000_000, "jti": jti} | changes
    path.write_text(keys.sign(claims, {"alg": "RS256"}, keys.make_key("rsa", 7)) + "\n")


AUDIENCE: list[str] = []


@pytest.fixture
def token_file(provider: LocalProvider, tmp_path: Path) -> Path:
    AUDIENCE[:] = [provider.issuer]
    provider.add_client(
        "app", secret=None, auth_method="private_key_jwt", jwks=keys.public_jwks(keys.make_key("rsa", 7))
    )
    assertion(tmp_path / "token", "one")
    return tmp_path / "token"


def test_a_token_on_disk_proves_the_client_and_is_read_for_each_call(
    stage: StageFactory, provider: LocalProvider, token_file: Path
) -> None:
    here = stage(client_auth_method="client_assertion", client_assertion_file=str(token_file))
    here.signed_in()
    first = provider.calls("token")[-1]
    assert first.form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    assert (first.form["client_id"], "authorization" in first.headers) == ("app", False)
    assert here.browser().navigate("/").status == 400, "the provider takes each once, and the platform renewed none"
    assertion(token_file, "two")
    here.signed_in()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read (No such file or directory)"),
        (b"not.a-token", "holds no token"),
        (b"a.b.c", "holds no token"),
        (b"\xff\xfe", "holds no token"),
        (b"a" * 30_000 + b".b.c", "holds no token"),
        ("ended", "the platform does not renew it there"),
    ],
    ids=["gone", "two parts", "no JSON", "no text", "too long", "ended"],
)
def test_what_is_wrong_with_the_file_is_told_and_mends_itself(
    stage: StageFactory,
    provider: LocalProvider,
    token_file: Path,
    caplog: pytest.LogCaptureFixture,
    content: Any,
    said: str,
) -> None:
    here = stage(client_auth_method="client_assertion", client_assertion_file=str(token_file))
    browser = here.browser()
    at_provider = browser.navigate("/report", until=CALLBACK)
    if content is None:
        token_file.unlink()
    elif content == "ended":
        assertion(token_file, "old", exp=1_000)
    else:
        token_file.write_bytes(content)
    assert browser.get(at_provider.target).status == 500
    assert "client_assertion_invalid" in caplog.text
    assert said in caplog.text
    assertion(token_file, "new")
    assert browser.navigate(at_provider.target).url == "https://app.test/report"


def test_a_token_that_the_provider_does_not_take_is_told_without_a_piece_of_it(
    stage: StageFactory, provider: LocalProvider, token_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assertion(token_file, "one", iss="https://kubernetes.default.svc")
    here = stage(client_auth_method="client_assertion", client_assertion_file=str(token_file))
    assert here.browser().navigate("/").status == 400
    assert "compare iss, sub and aud of the token in client_assertion_file" in caplog.text
    assert not any(part in caplog.text for part in token_file.read_text().strip().split("."))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"client_secret": None, "client_auth_method": "client_assertion"}, "needs client_assertion_file"),
        ({"client_auth_method": "client_assertion", "client_assertion_file": __file__}, "client_secret has no use"),
        ({"client_assertion_file": "/nonexistent"}, "client_assertion_file: /nonexistent is no file"),
    ],
)
def test_settings_about_the_file_that_stop_start_up(given: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        settings(**given)


def test_a_file_without_a_token_stops_start_up(stage: StageFactory, token_file: Path) -> None:
    token_file.write_text("nothing")
    with pytest.raises(SettingsError, match="holds no token"):
        stage(client_auth_method="client_assertion", client_assertion_file=str(token_file))


# What is refused, whoever sends it


@pytest.mark.parametrize(
    ("fault", "code"),
    [("hs256_with_secret", "alg_not_allowed"), ("no_nonce", "nonce_missing"), ("old_issuer", "issuer_mismatch")],
    ids=["LINE, Yahoo Japan: HS256", "LinkedIn: no nonce", "Google, long ago: an issuer without https"],
)
def test_what_stays_refused(
    stage: StageFactory, provider: LocalProvider, caplog: pytest.LogCaptureFixture, fault: str, code: str
) -> None:
    with provider.fault(fault):
        assert stage().browser().navigate("/").status == 400
    assert code in caplog.text


def test_slack_says_no_with_status_200(
    stage: StageFactory, provider: LocalProvider, caplog: pytest.LogCaptureFixture
) -> None:
    def no(_: Request) -> Response:
        return Response(json.dumps({"ok": False, "error": "bad_client_secret"}), content_type="application/json")

    provider.answer["token"] = no
    assert stage().browser().navigate("/").status == 400
    assert "client_rejected" in caplog.text


# What doctor makes of them


def found(provider: LocalProvider, check_id: str, **given: Any) -> tuple[str, str]:
    """Return the status of a check, and what it has found."""
    check = next(each for each in CHECKS if each.id == check_id)
    try:
        finding = check.run(Case(Settings(**provider.gate_options(cookie_secret=COOKIE_SECRET) | given)))
    except SkippedError as reason:
        return "skipped", str(reason)
    return finding.status, finding.found


def test_doctor_asks_where_the_settings_say(provider: LocalProvider) -> None:
    elsewhere = {"discovery_url": f"{provider.url('discovery')}?p=x"}
    assert found(provider, "P1", **elsewhere)[0] == "ok"
    assert [call.query for call in provider.calls("discovery")] == ["p=x"]
    assert found(provider, "P2", **elsewhere)[0] == "ok"
    assert found(provider, "P2", **elsewhere, issuer_url=f"{provider.origin}/other")[0] == "fail"
    assert found(provider, "P3", **elsewhere, issuer_url=f"{provider.origin}/other")[0] == "skipped"


def test_doctor_asks_for_no_document_where_all_is_given(provider: LocalProvider) -> None:
    given = {"provider_endpoints": {name: provider.metadata()[name] for name in NEEDED}}
    assert found(provider, "P1", **given) == (
        "skipped",
        "provider_endpoints has all that is needed: discovery is not asked",
    )
    assert [found(provider, check, **given)[0] for check in ("N2", "N4", "P2", "P3", "P4")] == [
        *("ok", "skipped", "ok", "ok", "ok")
    ]
    assert provider.calls("discovery") == []


def test_doctor_reads_what_is_replaced(provider: LocalProvider) -> None:
    provider.change_discovery = lambda document: document | {"jwks_uri": None}
    assert found(provider, "P3")[0] == "fail"
    assert found(provider, "P3", provider_endpoints={"jwks_uri": provider.url("jwks")})[0] == "ok"


def test_doctor_knows_an_issuer_of_many_tenants(provider: LocalProvider) -> None:
    provider.change_discovery = lambda document: document | {"issuer": f"{provider.origin}/{{tenantid}}/v2.0"}
    where = {"issuer_url": f"{provider.origin}/common/v2.0", "discovery_url": provider.url("discovery")}
    status, said = found(provider, "P2", **where, allow_tenants="acme")
    assert (status, "allow_tenants lists them" in said) == ("ok", True)
    assert found(provider, "P3", **where, allow_tenants="acme")[0] == "ok"
    status, said = found(provider, "P2", **where)
    assert (status, "which stands for many" in said) == ("fail", True)


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({}, "ok", "accepted; another one is refused"),
        ({"iss": "https://kubernetes.test"}, "fail", "the token in client_assertion_file is not accepted"),
        ({"exp": 1000}, "fail", "the platform does not renew it there"),
    ],
    ids=["good", "not trusted", "ended"],
)
def test_doctor_tries_the_platforms_token(
    provider: LocalProvider, token_file: Path, change: dict[str, Any], status: str, said: str
) -> None:
    assertion(token_file, "one", **change)
    given = {"client_auth_method": "client_assertion", "client_assertion_file": str(token_file)}
    came, words = found(provider, "P9", **given)  # once, for the provider takes each token once
    assert (came, said in words) == (status, True)
    assert found(provider, "P7", **given) == ("skipped", "the client proves itself by its token: P9")
    assert found(provider, "P8", **given)[0] == "skipped"
