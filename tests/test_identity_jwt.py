"""`identity_jwt`: the app checks by a signature who asks, with a library of its own and the keys that the gate has."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import jwt
import pytest

from oidc_gate.proxy import gated_proxy, read_upstream
from tests.access_tokens import TAKING, Program, access_token
from tests.answers import Answer
from tests.apps import COOKIE_SECRET
from tests.conftest import StageFactory
from tests.documents import page
from tests.providers.local import LocalProvider
from tests.proxied import open_settings, serving
from tests.stage import Stage

NAME = "x-oidc-gate-jwt"
BASE = "https://app.test"
ON: dict[str, Any] = {"identity_jwt": True, "base_url": BASE}


def key_set(here: Stage, gate: Any = None) -> list[dict[str, str]]:
    """Return the keys that a gate tells of, to anybody."""
    answer = here.browser(gate).fetch("/oauth2/jwks")
    assert (answer.status, answer.header("content-type")) == (200, "application/json")
    assert answer.header("cache-control") == "public, max-age=300"
    return list(answer.json()["keys"])


def token_in(answer: Answer) -> str:
    return str(answer.json()["headers"][NAME])


def checked(here: Stage, token: str, gate: Any = None, **options: Any) -> dict[str, Any]:
    """Return the claims, checked as an app would check them, but for the time, which stands still here."""
    keys = jwt.PyJWKSet.from_dict({"keys": key_set(here, gate)})
    key = keys[jwt.get_unverified_header(token)["kid"]]
    without_times: Any = {"verify_exp": False, "verify_iat": False, "require": ["exp", "iat", "aud", "sub"]}
    claims: dict[str, Any] = jwt.decode(
        token, key, algorithms=["ES256"], audience="app", issuer=options.get("issuer", BASE), options=without_times
    )
    assert claims["iat"] <= here.clock.now < claims["exp"]
    return claims


def test_the_app_is_told_who_asks_in_a_way_that_it_can_check(stage: StageFactory) -> None:
    here = stage(**ON)
    browser = here.signed_in()
    token = token_in(browser.fetch("/"))
    claims = checked(here, token)
    assert jwt.get_unverified_header(token)["typ"] == "JWT"
    assert (claims["iss"], claims["aud"], claims["sub"]) == (BASE, "app", "ada-1815")
    assert (claims["email"], claims["name"]) == ("ada@example.com", "Ada Lovelace")
    assert claims["groups"] == list(here.app.calls[-1].identity["groups"])  # type: ignore[index]
    assert claims["provider"] == "default"
    assert claims["exp"] - claims["iat"] == 300


def test_it_is_renewed_in_time_and_is_the_same_until_then(stage: StageFactory) -> None:
    here = stage(**ON, idle_session_timeout="12h")
    browser = here.signed_in()
    tokens = []
    for _ in range(40):
        tokens.append(token_in(browser.fetch("/")))
        checked(here, tokens[-1])
        here.clock.advance(20)
    assert 5 <= len(set(tokens)) <= 14  # a session that is kept anew, once a minute, signs anew
    here.clock.advance(-3600)
    checked(here, token_in(browser.fetch("/")))


def test_it_is_good_no_longer_than_the_session(stage: StageFactory) -> None:
    here = stage(**ON, max_session_duration="200s")
    browser = here.signed_in()
    claims = checked(here, token_in(browser.fetch("/")))
    assert claims["exp"] - claims["iat"] == 200


def test_a_client_cannot_send_one(stage: StageFactory) -> None:
    for options in (ON, {}):
        here = stage(**options, public_paths="/open")
        for name in ("X-Oidc-Gate-Jwt", "X_Oidc_Gate_Jwt", "x-oidc_gate-jwt"):
            answer = here.browser().fetch("/open", headers={name: "evil"})
            assert answer.status == 200
            assert "evil" not in answer.text
    here = stage(**ON)
    answer = here.signed_in().fetch("/", headers={"X-Oidc-Gate-Jwt": "evil"})
    assert "evil" not in answer.text
    checked(here, token_in(answer))


def test_all_processes_with_the_same_secret_sign_with_the_same_key(stage: StageFactory) -> None:
    here = stage(**ON)
    other = here.another_gate()
    assert key_set(here) == key_set(here, other)
    assert set(key_set(here)[0]) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    checked(here, token_in(here.signed_in().fetch("/")), other)
    other_name = here.another_gate(auth_id="other")
    assert key_set(here, other_name) != key_set(here)


def test_with_a_new_secret_the_keys_of_the_old_ones_are_told_too(stage: StageFactory) -> None:
    old, new = "the-old-secret-0123456789-abcdefgh", "the-new-secret-0123456789-abcdefgh"
    here = stage(**ON, cookie_secret=[old])
    browser = here.signed_in()
    before = token_in(browser.fetch("/"))
    rotated = here.another_gate(cookie_secret=[new, old])
    newest, oldest = key_set(here, rotated)
    assert [oldest] == key_set(here)
    checked(here, before, rotated)
    after = token_in(here.moved(browser, rotated).fetch("/"))
    assert jwt.get_unverified_header(after)["kid"] == newest["kid"]
    checked(here, after, rotated)


def test_an_address_that_is_not_verified_is_left_out(stage: StageFactory, provider: LocalProvider) -> None:
    provider.people["ada"]["email_verified"] = False
    here = stage(**ON)
    assert "email" not in checked(here, token_in(here.signed_in().fetch("/")))


def test_what_the_provider_says_of_the_sign_in_is_told(stage: StageFactory, provider: LocalProvider) -> None:
    provider.people["ada"] |= {"acr": "phr", "amr": ["hwk"]}
    here = stage(**ON)
    claims = checked(here, token_in(here.signed_in().fetch("/")))
    assert (claims["acr"], claims["amr"]) == ("phr", ["hwk"])


def test_it_stands_behind_the_other_headers(stage: StageFactory) -> None:
    here = stage(**ON, identity_headers="x-forwarded")
    browser = here.signed_in()
    browser.fetch("/")
    seen = here.app.calls[-1].headers
    assert (seen["x-forwarded-user"], checked(here, seen[NAME])["sub"]) == ("ada-1815", "ada-1815")


def test_a_program_is_told_with_its_scopes(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(**ON, **TAKING)
    claims = checked(here, token_in(Program(here).ask("/", access_token(provider))))
    assert (claims["sub"], claims["scope"]) == ("robot", "api:read api:write")


def test_without_an_address_of_its_own_the_gate_names_no_issuer(stage: StageFactory) -> None:
    here = stage(identity_jwt=True)
    assert "iss" not in checked(here, token_in(here.signed_in().fetch("/")), issuer=None)
    assert any(
        "identity_jwt is true without base_url" in said for said in here.gate._gate._components.settings.warnings()
    )


def test_it_is_never_printed(stage: StageFactory) -> None:
    here = stage(**ON)
    here.signed_in()
    (opened,) = here.gate._gate._components.sessions._recent.all()
    assert repr(opened.forward.request_headers) == "<1 headers>"


def test_who_does_not_use_it_pays_nothing(stage: StageFactory) -> None:
    here = stage()
    assert here.browser().fetch("/oauth2/jwks").status == 404
    here.signed_in()
    assert NAME not in here.app.calls[-1].headers
    program = (
        "import sys; from oidc_gate.asgi import OIDCGate\n"
        "async def app(scope, receive, send): ...\n"
        f"OIDCGate(app, issuer_url='https://i.test', client_id='c', client_secret='s',"
        f" cookie_secret='{COOKIE_SECRET}')\n"
        "print('oidc_gate.signing' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout == "False\n"


def test_people_of_another_provider_are_told_apart(stage: StageFactory) -> None:
    """As in the other headers: with the provider's name in front, and an address only where a list names it."""
    with LocalProvider() as guests:
        entry = guests.client_options() | {"auth_id": "guests", "allow_groups": ["engineers"]}
        here = stage(**ON, auth_id="staff", providers=[entry])
        guests.clock = here.clock
        browser = here.browser()
        token = token_in(browser.navigate("/oauth2/login?auth_id=guests&next=/"))
    claims = checked(here, token)
    assert (claims["sub"], claims["provider"], "email" in claims) == ("guests:ada-1815", "guests", False)
    assert all(group.startswith("guests:") for group in claims["groups"])


def test_nobody_is_named_as_somebody_of_another_provider(stage: StageFactory, provider: LocalProvider) -> None:
    provider.people["ada"] |= {"name": "guests:ada", "groups": ["guests:engineers"]}
    with LocalProvider() as guests:
        entry = guests.client_options() | {"auth_id": "guests", "allow_all": True}
        here = stage(**ON, auth_id="staff", providers=[entry])
        browser = here.browser()
        claims = checked(here, token_in(browser.navigate("/oauth2/login?auth_id=staff&next=/")))
    assert (claims["name"], claims["groups"]) == ("guests%3Aada", ["guests%3Aengineers"])


def test_the_program_in_the_documents_checks_it() -> None:
    (shown,) = page("docs/any-app.md").blocks("python")
    options: dict[str, Any] = {
        "identity_jwt": True,
        "base_url": "https://app.example.com",
        "client_id": "the-client-id",
    }
    upstream = read_upstream("127.0.0.1:9")
    assert upstream is not None
    gate = gated_proxy(upstream, open_settings(**options, rules=None))
    signer: Any = gate._gate._components.identity_keys
    signed, _ = signer.__self__.jwt({"sub": "ada"}, float("inf"))
    with serving(gate) as port:
        found: dict[str, Any] = {}
        exec(shown.text.replace(":8000/", f":{port}/"), found)
        assert found["who_asks"]({"x-oidc-gate-jwt": signed})["sub"] == "ada"
        head, claims, signature = signed.split(".")
        for wrong in (f"{head}.{claims}.{signature[::-1]}", f"{head}.{claims[:-2]}xx.{signature}"):
            with pytest.raises(jwt.PyJWTError):
                found["who_asks"]({"x-oidc-gate-jwt": wrong})
