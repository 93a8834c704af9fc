"""JumpCloud's habits, the two real providers, and the starting of servers: the rest of the tests' foundation."""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from tests.browser import Browser
from tests.by_hand import CALLBACK, ByHand, visitor
from tests.patience import LIMIT
from tests.providers import keys
from tests.providers.jumpcloud import SIGNED_OUT, JumpCloudProvider
from tests.providers.people import s256
from tests.providers.real import DISCOVERY, NanoIDP, Panva, RealProvider, panva
from tests.servers import ServerDiedError, accepts, running

VERIFIER = "a-verifier-that-is-long-enough-for-pkce-0123456789"


@pytest.fixture
def at_jumpcloud(jumpcloud: JumpCloudProvider) -> ByHand:
    return ByHand(jumpcloud)


def test_jumpcloud_login(at_jumpcloud: ByHand, jumpcloud: JumpCloudProvider) -> None:
    assert jumpcloud.issuer.endswith("/")
    callback = at_jumpcloud.callback()
    assert (callback["scope"], "iss" in callback) == ("openid profile email", False)
    claims = at_jumpcloud.claims(at_jumpcloud.redeem(callback["code"]).json())
    assert claims["iss"] == jumpcloud.issuer == requests.get(jumpcloud.url("discovery"), timeout=LIMIT).json()["issuer"]
    assert (claims["aud"], claims["email_verified"]) == (["app"], "true")
    assert claims["memberOf"] == ["Engineers", "Admins"]
    assert {"rat", "sid", "jti", "at_hash", "jc_org", "auth_time"} <= set(claims)


def test_jumpcloud_groups_change_their_shape(at_jumpcloud: ByHand, jumpcloud: JumpCloudProvider) -> None:
    jumpcloud.groups_claim = "groups"
    jumpcloud.user = jumpcloud.people["grace"]
    assert at_jumpcloud.claims(at_jumpcloud.login())["groups"] == "Engineers"
    jumpcloud.user["groups"] = []
    assert "groups" not in at_jumpcloud.claims(at_jumpcloud.login())


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"state": "short"}, "invalid_state"),
        ({"state": ""}, "invalid_state"),
        ({"nonce": "short"}, "invalid_state"),
        ({"prompt": "select_account"}, "invalid_request"),
        ({"scope": "openid groups"}, "invalid_scope"),
    ],
)
def test_jumpcloud_refuses(at_jumpcloud: ByHand, asked: dict[str, str], error: str) -> None:
    callback = at_jumpcloud.callback(**asked)
    assert callback["error"] == error
    assert callback["error_description"].endswith(callback["error_hint"])


def test_jumpcloud_keeps_a_bad_redirect_to_itself(at_jumpcloud: ByHand) -> None:
    url = at_jumpcloud.authorization_url(redirect_uri=CALLBACK + "/")
    page = at_jumpcloud.browser.navigate(url, until="https://app.test")
    assert (page.status, urlsplit(page.url).path) == (400, "/oidc/error")


def test_jumpcloud_wants_one_client_authentication(at_jumpcloud: ByHand) -> None:
    code = at_jumpcloud.callback()["code"]
    secret = at_jumpcloud.provider.clients["app"].secret or ""
    assert at_jumpcloud.redeem(code, client_id="app", client_secret=secret).json()["error"] == "invalid_client"
    assert at_jumpcloud.redeem(code, client_id="app").status_code == 200


def test_jumpcloud_logout(at_jumpcloud: ByHand, jumpcloud: JumpCloudProvider) -> None:
    end, hint = jumpcloud.url("end_session"), at_jumpcloud.login()["id_token"]
    without = at_jumpcloud.browser.get(f"{end}?{urlencode({'post_logout_redirect_uri': SIGNED_OUT})}")
    assert (without.status, "invalid_request" in without.text) == (400, True)
    asked = {"id_token_hint": hint, "post_logout_redirect_uri": SIGNED_OUT, "state": "s"}
    assert at_jumpcloud.browser.get(f"{end}?{urlencode(asked | {'post_logout_redirect_uri': CALLBACK})}").status == 400
    assert at_jumpcloud.browser.get(f"{end}?{urlencode(asked)}").target == f"{SIGNED_OUT}?state=s"


def test_nanoidp_signs_people_in(nanoidp_provider: NanoIDP) -> None:
    claims = real_login(nanoidp_provider, visitor())
    assert (claims["sub"], claims["groups"]) == ("ada", ["engineers", "admins"])


def test_nanoidp_rotates_its_key(nanoidp_provider: NanoIDP) -> None:
    before = real_login(nanoidp_provider, visitor())["kid"]
    nanoidp_provider.rotate_keys()
    assert real_login(nanoidp_provider, visitor())["kid"] != before


def test_panva_signs_people_in(panva_provider: Panva) -> None:
    claims = real_login(panva_provider, visitor(), scope="openid profile email groups")
    assert (claims["sub"], claims["name"], claims["groups"]) == ("ada", "Ada Lovelace", ["engineers", "admins"])


def test_panva_asks_before_it_signs_out(panva_provider: Panva) -> None:
    browser = visitor()
    hint = str(real_login(panva_provider, browser)["id_token"])
    end = requests.get(panva_provider.issuer + DISCOVERY, timeout=LIMIT).json()["end_session_endpoint"]
    asked = {"id_token_hint": hint, "post_logout_redirect_uri": "https://app.test/", "state": "bye"}
    page = browser.navigate(f"{end}?{urlencode(asked)}")
    assert panva_provider.log_out(browser, page, until="https://app.test").target == "https://app.test/?state=bye"


def test_panva_comes_back_with_new_keys(tmp_path: Path) -> None:
    with panva(tmp_path) as provider:
        port = provider.server.port
        assert real_login(provider, visitor())["kid"] == "rsa-1"
    with panva(tmp_path, port=port, generation=2) as provider:
        assert real_login(provider, visitor())["kid"] == "rsa-2"


def real_login(provider: RealProvider, browser: Browser, scope: str = "openid profile email") -> dict[str, object]:
    """Sign in at a real provider; return userinfo's claims, the verified ID token and its `kid`."""
    document = requests.get(provider.issuer + DISCOVERY, timeout=LIMIT).json()
    assert document["issuer"] == provider.issuer
    asked = {"client_id": "app", "redirect_uri": CALLBACK, "response_type": "code", "scope": scope, "nonce": "n" * 8}
    asked |= {"state": "s" * 8, "code_challenge": s256(VERIFIER), "code_challenge_method": "S256"}
    form = browser.navigate(f"{document['authorization_endpoint']}?{urlencode(asked)}")
    assert "password" in form.forms[0].fields
    answer = provider.login(browser, form, until=CALLBACK)
    code = parse_qs(urlsplit(answer.target).query)["code"][0]
    data = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    auth = (provider.client_id, provider.client_secret)
    tokens = requests.post(document["token_endpoint"], data=data, auth=auth, timeout=LIMIT).json()
    keys.verify(tokens["id_token"], requests.get(document["jwks_uri"], timeout=LIMIT).json())
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    userinfo: dict[str, object] = requests.get(document["userinfo_endpoint"], headers=bearer, timeout=LIMIT).json()
    return userinfo | {"kid": keys.unverified_header(tokens["id_token"])["kid"], "id_token": tokens["id_token"]}


def test_a_server_is_started_and_stopped(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "{port}"]
    with running(argv, folder=tmp_path, cwd=tmp_path, ready_path="/") as server:
        assert requests.get(server.url, timeout=LIMIT).status_code == 200
        server.wait_for_output("GET / ")
    assert not server.alive
    assert not accepts(server.port)


def test_a_server_that_dies_says_why(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", "raise SystemExit('no port for me')"]
    with pytest.raises(ServerDiedError, match="no port for me"), running(argv, folder=tmp_path):
        pass


def test_a_server_that_will_not_stop_is_killed(tmp_path: Path) -> None:
    deaf = "import http.server as h, signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    deaf += "h.HTTPServer(('127.0.0.1', int(sys.argv[1])), h.SimpleHTTPRequestHandler).serve_forever()"
    with running([sys.executable, "-c", deaf, "{port}"], folder=tmp_path) as server:
        assert server.stop(limit=0.2) == -9
