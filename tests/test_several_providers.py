"""Several providers: the choice, the callbacks, what each may say of its own people, and how nobody gets another's."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from oidc_gate import Settings, SettingsError
from oidc_gate.command.on_paper import PaperGate
from oidc_gate.command.stored_sessions import StoredSessions
from oidc_gate.doctor import CHECKS, Case, examine
from tests.access_tokens import AUDIENCE, Program, access_token
from tests.answers import Answer
from tests.apps import COOKIE_SECRET
from tests.browser import Browser
from tests.conftest import StageFactory, fresh
from tests.patience import LIMIT
from tests.providers.core import json_response
from tests.providers.local import LocalProvider
from tests.stage import HTML, Stage, is_login, query, subject

Several = Callable[..., Stage]

CALLBACK = "/oauth2/callback/guests"


@pytest.fixture(scope="session")
def _served_others() -> Iterator[tuple[LocalProvider, LocalProvider]]:
    with LocalProvider() as guests, LocalProvider() as third:
        yield guests, third


@pytest.fixture
def guests(_served_others: tuple[LocalProvider, LocalProvider]) -> Iterator[LocalProvider]:
    """Serve a second provider. It has the same people as the first, by name, subject, address and groups."""
    for provider in fresh(_served_others[0]):
        provider.generations = [2]  # keys of its own
        yield provider


@pytest.fixture
def third(_served_others: tuple[LocalProvider, LocalProvider]) -> Iterator[LocalProvider]:
    for provider in fresh(_served_others[1]):
        provider.generations = [3]
        yield provider


def entry(provider: LocalProvider, auth_id: str = "guests", **more: Any) -> dict[str, Any]:
    """Return the table of a further provider, whose people may all pass unless `more` says otherwise."""
    named = {"allow_all": True} if not any(name.startswith("allow_") for name in more) else {}
    return provider.client_options() | {"auth_id": auth_id} | named | more


@pytest.fixture
def several(stage: StageFactory, guests: LocalProvider) -> Several:
    """Set stages with two providers: `several(title="Partners")`; the keywords are the gate's, `guest` the entry's."""

    def make(*others: dict[str, Any], guest: dict[str, Any] | None = None, **settings: Any) -> Stage:
        here = stage(**{"auth_id": "staff", "providers": [entry(guests, **(guest or {})), *others]} | settings)
        guests.clock = here.clock
        return here

    return make


def chosen(browser: Browser, page: Answer, auth_id: str) -> Answer:
    """Follow the link of a provider on the page with the choice."""
    links = [link for link in links_of(page) if f"auth_id={auth_id}" in link]
    assert len(links) == 1, page.text
    return browser.navigate(links[0])


def links_of(page: Answer) -> list[str]:
    parts = page.text.split('class="act" href="')[1:]
    return [part.partition('"')[0].replace("&amp;", "&") for part in parts]


def signed_in(here: Stage, auth_id: str, path: str = "/") -> Browser:
    """Return a browser that has signed in at this provider."""
    browser = here.browser()
    page = browser.navigate(f"/oauth2/login?auth_id={auth_id}&next={quote(path)}")
    assert page.status == 200, page
    assert page.json()["identity"]["provider"] == auth_id
    return browser


# The choice


def test_a_page_leads_to_the_choice_and_from_there_back_to_the_page(several: Several, guests: LocalProvider) -> None:
    here = several(guest={"title": "Partners <&> friends"}, title="Staff")
    browser = here.browser()
    sent_off = browser.get("/report?q=1%202&x=%26")
    assert sent_off.status == 302
    assert sent_off.location.startswith("/oauth2/login?next=/report%3Fq%3D1%25202%26x%3D%2526")
    assert not sent_off.header_list("set-cookie")
    page = browser.follow(sent_off)
    assert (page.status, page.header("content-type")) == (200, "text/html; charset=utf-8")
    assert "<bdi>Staff</bdi>" in page.text
    assert "<bdi>Partners &lt;&amp;&gt; friends</bdi>" in page.text
    assert "<script" not in page.text
    assert not page.header_list("set-cookie")
    assert page.header("cache-control") == "no-store"
    back = chosen(browser, page, "guests")
    assert (back.status, urlsplit(back.url).path, urlsplit(back.url).query) == (200, "/report", "q=1%202&x=%26")
    assert back.json()["identity"]["provider"] == "guests"
    assert back.json()["identity"]["issuer"] == guests.issuer


def test_a_provider_without_a_title_is_named_by_its_host(several: Several, guests: LocalProvider) -> None:
    page = several().browser().navigate("/")
    assert f"<bdi>{urlsplit(guests.issuer).netloc}</bdi>" in page.text


def test_the_provider_of_the_last_login_stands_first(several: Several) -> None:
    here = several()
    browser = here.browser()
    assert ["auth_id=staff" in link for link in links_of(browser.navigate("/"))] == [True, False]
    chosen(browser, browser.navigate("/"), "guests")
    browser.navigate("/oauth2/logout")
    assert ["auth_id=staff" in link for link in links_of(browser.navigate("/"))] == [False, True]
    name = next(name for name in browser.cookies.names() if name.endswith(".provider"))
    browser.cookies.set(name, "nobody")
    assert ["auth_id=staff" in link for link in links_of(browser.navigate("/"))] == [True, False]
    assert here.app.calls[-1].headers.get("cookie") is None  # it is kept from the app


def test_with_one_provider_there_is_no_choice_and_no_cookie_of_it(stage: StageFactory) -> None:
    browser = stage(auth_id="staff").signed_in()
    assert not [name for name in browser.cookies.names() if name.endswith(".provider")]


def test_a_choice_that_a_page_led_to_forces_no_new_sign_in(several: Several, guests: LocalProvider) -> None:
    here = several()
    browser = here.browser()
    page = browser.navigate("/report")
    for link in links_of(page):
        assert "prompt" not in query(browser.get(link).target)
    assert "prompt=login" in here.browser().get("/oauth2/login?auth_id=guests").target
    asked = here.browser().navigate("/oauth2/login")
    for link in links_of(asked):
        assert query(here.browser().get(link).target)["prompt"] == "login"


def test_head_gets_what_get_gets(several: Several, provider: LocalProvider) -> None:
    browser = several().browser()
    sent_off = browser.request("HEAD", "/report")
    choice = browser.request("HEAD", sent_off.target)
    assert (sent_off.status, choice.status, choice.body) == (302, 200, b"")
    begun = browser.request("HEAD", "/oauth2/login?auth_id=staff")
    assert is_login(begun, provider)


def test_signing_out_of_another_provider_is_refused_from_wherever_it_is_asked(
    several: Several, provider: LocalProvider
) -> None:
    browser = several().browser()
    assert browser.navigate("/oauth2/login?auth_id=staff&next=/").status == 200
    for initiator in ("https://elsewhere.test/", None):
        assert browser.navigate("/oauth2/logout?auth_id=guests", initiator=initiator).status == 400
    assert browser.fetch("/").status == 200


@pytest.mark.parametrize("auth_id", ["staff", "guests"])
def test_auth_id_skips_the_choice(
    several: Several, provider: LocalProvider, guests: LocalProvider, auth_id: str
) -> None:
    answer = several().browser().get(f"/oauth2/login?auth_id={auth_id}&next=/report")
    wanted, name = (provider, "callback") if auth_id == "staff" else (guests, "callback/guests")
    assert is_login(answer, wanted)
    assert urlsplit(query(answer.target)["redirect_uri"]).path == f"/oauth2/{name}"


def test_an_issuer_skips_the_choice_too(several: Several, guests: LocalProvider) -> None:
    here = several()
    assert is_login(here.browser().get(f"/oauth2/login?iss={quote(guests.issuer)}"), guests)
    both = here.browser().get(f"/oauth2/login?iss={quote(guests.issuer)}&auth_id=staff", headers=HTML)
    assert (both.status, "issuer_unknown" in both.text) == (400, True)
    for wrong, code in (("auth_id=nobody", "auth_id_unknown"), ("iss=https://evil.example", "issuer_unknown")):
        refused = here.browser().get(f"/oauth2/login?{wrong}", headers=HTML)
        assert (refused.status, code in refused.text) == (400, True)


def test_what_asks_for_no_page_is_told_to_sign_in_as_ever(several: Several) -> None:
    here = several()
    answer = here.browser().fetch("/data")
    assert (answer.status, answer.json()["error"]) == (401, "login_required")
    assert here.browser().fetch("/oauth2/login").status == 401


# Rules


STAFF_ONLY = {"name": "staff", "path": "/staff", "allow": {"provider": "staff"}}
GUESTS_ONLY = {"name": "guests", "path": "/lobby", "allow": {"all": [{"provider": "guests"}, {"groups": "engineers"}]}}


def test_a_rule_that_one_provider_can_satisfy_skips_the_choice(
    several: Several, provider: LocalProvider, guests: LocalProvider
) -> None:
    either = {"name": "either", "path": "/either", "allow": {"provider": ["staff", "guests"]}}
    other = {"name": "other", "path": "/other", "allow": {"not": {"provider": "staff"}}}
    here = several(rules=[STAFF_ONLY, GUESTS_ONLY, either, other])
    assert is_login(here.browser().get("/staff/x"), provider)
    assert is_login(here.browser().get("/lobby"), guests)
    assert is_login(here.browser().get("/other"), guests)
    for path in ("/either", "/elsewhere"):
        assert here.browser().get(path).location.startswith("/oauth2/login?next=")


@pytest.mark.parametrize("mount", ["", "/shop"])
def test_so_does_it_where_a_link_of_the_apps_own_leads_to_its_page(
    several: Several, provider: LocalProvider, guests: LocalProvider, mount: str
) -> None:
    """As a request for the page itself does; whoever has signed in at the other provider is led to the right one."""
    elsewhere = {"exact": "/plain", "host": "other.test", "allow": {"provider": "guests"}}
    browser = several(rules=[STAFF_ONLY, GUESTS_ONLY, elsewhere]).browser(root_path=mount)
    login = f"{mount}/oauth2/login"
    for _ in range(2):
        for name in ("next", "target_link_uri", "page=1&redirect_path"):
            for page in ("/staff", "/staff/x%2Fy?q=%26#part", "/%73taff"):
                assert is_login(browser.get(f"{login}?{name}={quote(mount + page)}"), provider), (name, page)
        assert is_login(browser.get(f"{login}?next={mount}/lobby"), guests)
        assert is_login(browser.get(f"{login}?next={mount}/staff&auth_id=guests"), guests)
        for page in ("", "/", "/elsewhere", "/STAFF", "/staff%5C", "/plain"):
            assert len(links_of(browser.get(f"{login}?next={quote(mount + page)}"))) == 2, page
        for page in (login, f"{login}?next=https://evil.example/staff"):
            assert len(links_of(browser.get(page))) == 2, page
        if mount:
            assert len(links_of(browser.get(f"{login}?next=/staff"))) == 2
        back = browser.navigate(f"{login}?next={mount}/lobby/")
        assert (back.status, back.json()["identity"]["provider"]) == (200, "guests")


@pytest.mark.parametrize("framework", ["fastapi", "falcon"])
def test_where_an_app_has_a_mount_of_its_own_a_link_leads_to_the_choice(
    provider: LocalProvider, guests: LocalProvider, framework: str
) -> None:
    """Rules go by another path there than stands in the address."""
    app: Any
    if framework == "fastapi":
        from fastapi import FastAPI

        with warnings.catch_warnings(action="ignore"):  # FastAPI wants the server to say it
            app, root, own = FastAPI(root_path="/api"), "", "/api"
    else:
        import falcon.asgi

        app, root, own = falcon.asgi.App(), "/shop", "/shop"
    rules = [GUESTS_ONLY, {"name": "rest", "path": "/", "allow": {"provider": "staff"}}]
    here = Stage("asgi", provider, app=app, auth_id="staff", providers=[entry(guests)], rules=rules)
    page = here.browser(root_path=root).get(f"{root}/oauth2/login?next={own}/lobby")
    assert (page.status, len(links_of(page))) == (200, 2)


def test_nor_does_another_site_lead_past_the_question_so(several: Several) -> None:
    browser = signed_in(several(rules=[STAFF_ONLY]), "guests")
    page = browser.get("/oauth2/login?next=/staff", initiator="https://evil.example/")
    assert (page.status, len(links_of(page))) == (200, 2)


def test_rules_by_provider(several: Several) -> None:
    here = several(rules=[STAFF_ONLY, GUESTS_ONLY])
    guest, staff = signed_in(here, "guests"), signed_in(here, "staff")
    assert (guest.get("/staff").status, guest.get("/lobby").status) == (403, 200)
    assert (staff.get("/staff").status, staff.get("/lobby").status) == (200, 403)


def test_a_step_up_goes_to_the_sessions_provider(several: Several, guests: LocalProvider) -> None:
    here = several(rules=[{"name": "strong", "path": "/pay", "allow": "signed-in", "acr": ["gold"]}])
    browser = signed_in(here, "guests")
    answer = browser.get("/pay")
    assert is_login(answer, guests)
    assert query(answer.target)["acr_values"] == "gold"
    choice = here.browser().navigate("/pay")
    asked = here.browser().get(next(link for link in links_of(choice) if "guests" in link))
    assert query(asked.target)["acr_values"] == "gold"
    assert "prompt" not in query(asked.target)
    assert is_login(browser.get(f"{browser.fetch('/pay').json()['login_url']}&next=/pay"), guests)


@pytest.mark.parametrize(
    "allow",
    [
        {"emails": "ann@example.com"},
        {"domains": "example.com"},
        {"groups": "Admins"},
        {"any": [{"provider": "staff"}, {"groups": "Admins"}]},
        {"not": {"all": [{"groups": "Contractors"}, {"claims": {"x": 1}}]}},
        {"all": [{"not": {"provider": "guests"}}, {"groups": "Admins"}]},
    ],
    ids=repr,
)
def test_a_rule_by_names_that_two_providers_may_both_use_stops_start_up(
    guests: LocalProvider, provider: LocalProvider, allow: dict[str, Any]
) -> None:
    with pytest.raises(SettingsError, match=r"rules: .*several providers.*name the one that is meant"):
        made(provider, entry(guests), rules=[{"name": "a", "path": "/a", "allow": allow}])
    if "provider" not in repr(allow):
        made(provider, rules=[{"name": "a", "path": "/a", "allow": allow}])


@pytest.mark.parametrize(
    "allow",
    [
        {"all": [{"provider": "staff"}, {"groups": "Admins"}]},
        {"all": [{"provider": "staff"}, {"not": {"groups": "Contractors"}}]},
        {"any": [{"all": [{"provider": "staff"}, {"emails": "a@x.test"}]}, {"provider": "guests"}]},
        {"claims": {"department": "r&d"}},
    ],
    ids=repr,
)
def test_a_rule_that_names_its_provider_is_taken(
    guests: LocalProvider, provider: LocalProvider, allow: dict[str, Any]
) -> None:
    settings = made(provider, entry(guests), rules=[{"name": "a", "path": "/a", "allow": allow}])
    assert [each.auth_id for each in settings.all_providers] == ["staff", "guests"]


def made(provider: LocalProvider, *entries: dict[str, Any], **more: Any) -> Settings:
    own = {"auth_id": "staff", "cookie_secret": COOKIE_SECRET, "providers": list(entries)} | more
    return Settings(**provider.gate_options(**own))


def test_expressions_that_read_who_it_is_stop_start_up_too(
    guests: LocalProvider, provider: LocalProvider, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(
        "on_http_request:\n"
        "  - actions: [{type: openid-connect, config: {issuer_url: 'https://id.example.com', client_id: a,"
        " client_secret: b}}]\n"
        "  - expressions: [\"!actions.ngrok.oidc.identity.email.endsWith('@example.com')\"]\n"
        "    actions: [{type: deny}]\n"
    )
    with pytest.raises(SettingsError, match="expression of the Traffic Policy"):
        Settings.from_traffic_policy(policy, cookie_secret=COOKIE_SECRET, providers=[entry(guests)])


# Who may pass, and what the app is told


def test_each_provider_has_lists_of_its_own(several: Several, guests: LocalProvider) -> None:
    """Whoever may pass by an address, a group or a subject at the first provider is nobody at the second."""
    guest = {"allow_emails": ["bob@partner.example"]}
    here = several(guest=guest, allow_domains=["example.com"], allow_groups=["admins"])
    assert signed_in_status(here, "staff") == 200
    assert signed_in_status(here, "guests") == 403  # the very claims that staff has
    guests.people["ada"] |= {"email": "bob@partner.example"}
    assert signed_in_status(here, "guests") == 200
    assert signed_in_status(here, "staff") == 200


def signed_in_status(here: Stage, auth_id: str) -> int:
    return here.browser().navigate(f"/oauth2/login?auth_id={auth_id}").status


@pytest.mark.parametrize("family", ["x-forwarded", {"remote-user": "email", "x-sub": "sub", "x-groups": "groups"}])
def test_what_the_app_is_told_of_another_providers_people_cannot_be_mistaken(
    several: Several, guests: LocalProvider, family: Any
) -> None:
    here = several(identity_headers=family)
    call = signed_in(here, "staff").get("/").json()
    told = {name: value for name, value in call["headers"].items() if name.startswith(("x-", "remote-"))}
    assert call["identity"]["username"] == "ada@example.com"
    other = signed_in(here, "guests").get("/").json()
    assert other["identity"]["username"] == "guests:ada@example.com"
    assert other["remote_user"] == ("guests:ada@example.com" if here.world == "wsgi" else None)
    assert other["identity"]["subject"] == "ada-1815"  # the identity says whose it is, and has it as it was said
    for name, value in told.items():
        said = other["headers"].get(name, "")
        assert all(each.startswith("guests:") for each in said.split(",")) or said == "", (name, said)
        assert said != value


def test_an_address_that_the_providers_own_lists_name_stands_as_it_is(several: Several, guests: LocalProvider) -> None:
    here = several(guest={"allow_domains": ["example.com"]}, identity_headers="x-forwarded")
    other = signed_in(here, "guests").get("/").json()
    assert other["identity"]["username"] == "ada@example.com"
    assert other["headers"]["x-forwarded-email"] == "ada@example.com"
    assert other["headers"]["x-forwarded-user"] == "guests:ada-1815"
    by_sub = several(guest={"allow_domains": ["example.com"]}, remote_user_claim="sub")
    assert signed_in(by_sub, "guests").get("/").json()["identity"]["username"] == "guests:ada-1815"


def test_a_claim_of_another_name_is_read_at_its_provider_alone(several: Several, guests: LocalProvider) -> None:
    guests.people["ada"] |= {"roles": "a;b", "groups": ["admins"]}
    here = several(guest={"groups_claim": "roles", "groups_separator": ";", "allow_groups": ["b"]})
    assert signed_in(here, "guests").get("/").json()["identity"]["groups"] == ["a", "b"]
    assert signed_in(here, "staff").get("/").json()["identity"]["groups"] == ["engineers", "admins"]


# Mix-up: an answer of one provider at another's callback (RFC 9700, 4.4)


def attempts(here: Stage, browser: Browser) -> dict[str, dict[str, str]]:
    """Begin a login at each provider, and return the parameters of each answer."""
    found = {}
    for auth_id in ("staff", "guests", "third"):
        answer = browser.get(f"/oauth2/login?auth_id={auth_id}&next=/report&page=1")
        found[auth_id] = query(browser.get(answer.target).target)
    return found


PLACES = {"staff": "/oauth2/callback", "guests": CALLBACK, "third": "/oauth2/callback/third"}


@pytest.mark.parametrize(("state_of", "path_of", "rest_of"), list(product(PLACES, PLACES, PLACES)))
def test_state_path_issuer_and_code_must_be_of_one_provider(
    several: Several, provider: LocalProvider, guests: LocalProvider, third: LocalProvider,
    state_of: str, path_of: str, rest_of: str,
) -> None:  # fmt: skip
    here = several(entry(third, "third"))
    third.clock = here.clock
    browser = here.browser()
    answers = attempts(here, browser)
    sent = answers[rest_of] | {"state": answers[state_of]["state"]}
    before = {each: len(each.requests) for each in (provider, guests, third)}
    answer = browser.get(PLACES[path_of] + "?" + "&".join(f"{name}={quote(value)}" for name, value in sent.items()))
    if state_of == path_of == rest_of:
        assert browser.follow(answer).status == 200
        return
    assert answer.status in (400, 403, 502), answer
    assert browser.fetch("/").status == 401
    if state_of != path_of:  # no code went to anybody
        assert {each: len(each.requests) for each in before} == before


@pytest.mark.parametrize("with_iss", [True, False], ids=["iss", "no iss"])
def test_a_code_of_one_provider_is_never_sent_to_another(
    several: Several, provider: LocalProvider, guests: LocalProvider, with_iss: bool
) -> None:
    """The guests' provider hands the browser a code of its own for the login that began at the first one."""
    here = several()
    browser = here.browser()
    begun = query(browser.get("/oauth2/login?auth_id=staff&next=/").target)
    iss = f"&iss={quote(guests.issuer)}" if with_iss else ""
    for path in ("/oauth2/callback", CALLBACK):
        answer = browser.get(f"{path}?code=stolen&state={quote(begun['state'])}{iss}", headers=HTML)
        assert answer.status >= 400
        assert not guests.calls("token")
        assert browser.fetch("/").status == 401


def test_a_callback_of_the_first_providers_name_or_of_nobodys_is_none(several: Several) -> None:
    here = several()
    for name in ("staff", "nobody", "guests/x", ""):
        assert here.browser().get(f"/oauth2/callback/{name}").status == 404


# What becomes of sessions and logins


def test_a_second_provider_ends_no_session_and_no_login_under_way(
    stage: StageFactory, provider: LocalProvider, guests: LocalProvider
) -> None:
    here = stage(auth_id="staff")
    browser = here.signed_in()
    on_its_way = here.browser()
    left = on_its_way.get("/report")
    later = here.another_gate(providers=[entry(guests)])
    assert subject(here.moved(browser, later).get("/")) == "ada-1815"
    moved = here.moved(on_its_way, later)
    assert subject(moved.follow(moved.get(left.target))) == "ada-1815"


def test_taking_a_provider_away_or_giving_its_name_another_issuer_ends_its_sessions_alone(
    several: Several, guests: LocalProvider, third: LocalProvider
) -> None:
    here = several(entry(third, "third"))
    third.clock = here.clock
    people = {auth_id: signed_in(here, auth_id) for auth_id in ("staff", "guests", "third")}
    left = here.browser()
    begun = left.get("/oauth2/login?auth_id=guests&next=/")

    def who_is_in(*entries: dict[str, Any]) -> list[str]:
        gate = here.another_gate(providers=list(entries))
        return [name for name, browser in people.items() if here.moved(browser, gate).fetch("/").status == 200]

    assert who_is_in(entry(third, "third")) == ["staff", "third"]
    assert who_is_in() == ["staff"]
    assert who_is_in(entry(third, "guests")) == ["staff"]
    assert who_is_in(entry(guests, "guests") | {"client_id": "other"}) == ["staff"]
    assert who_is_in(entry(third, "third"), entry(guests)) == ["staff", "guests", "third"]
    gate = here.another_gate(providers=[entry(third, "guests")])
    moved = here.moved(left, gate)
    landed = moved.navigate(begun.target.replace("prompt=login", ""), headers=HTML)
    assert landed.status == 400
    assert moved.fetch("/").status == 401


def test_signing_in_at_another_provider_ends_the_session_that_was(several: Several, store_url: str) -> None:
    here = several(session_store=store_url, session_cache_seconds=0)
    browser = signed_in(here, "staff")
    thief = browser.copy()
    browser.navigate("/oauth2/login?auth_id=guests")
    assert browser.get("/").json()["identity"]["provider"] == "guests"
    assert thief.fetch("/").status == 401


# Logout


def test_logout_goes_to_the_sessions_provider(several: Several, provider: LocalProvider, guests: LocalProvider) -> None:
    here = several(guest={"provider_logout": True})
    guest, staff = signed_in(here, "guests"), signed_in(here, "staff")
    sent_off = guest.get("/oauth2/logout")
    assert sent_off.target.startswith(guests.url("end_session"))
    assert query(sent_off.target)["client_id"] == "app"
    assert guest.follow(sent_off).status == 200
    assert staff.get("/oauth2/logout").status == 200


def test_logout_for_another_provider_than_the_sessions_is_refused(several: Several) -> None:
    here = several()
    guest = signed_in(here, "guests")
    for auth_id in ("staff", "nobody"):
        refused = guest.get(f"/oauth2/logout?auth_id={auth_id}", headers=HTML)
        assert (refused.status, "auth_id_unknown" in refused.text) == (400, True)
    assert guest.fetch("/").status == 200
    assert guest.get("/oauth2/logout?auth_id=guests").status == 200
    assert guest.fetch("/").status == 401
    assert here.browser().get("/oauth2/logout?auth_id=staff").status == 200  # nobody is signed in


def test_a_logout_token_ends_the_sessions_of_its_own_provider_alone(
    several: Several, provider: LocalProvider, guests: LocalProvider, store_url: str
) -> None:
    """Both call her `ada-1815`, and one could even guess the other's `sid`."""
    here = several(session_store=store_url, session_cache_seconds=0)
    guest, staff = signed_in(here, "guests"), signed_in(here, "staff")
    sid = staff.get("/").json()["identity"]["claims"]["sid"]
    for token in (guests.make_logout_token(sub="ada-1815", sid=sid), guests.make_logout_token(sub=None, sid=sid)):
        posted(here, token)
        assert staff.fetch("/").status == 200
    assert posted(here, guests.make_logout_token(sub="ada-1815", sid=None)) == 200
    assert (guest.fetch("/").status, staff.fetch("/").status) == (401, 200)
    forged = guests.make_logout_token(sub="ada-1815", sid=None, iss=provider.issuer)
    assert posted(here, forged) == 400
    assert staff.fetch("/").status == 200
    assert posted(here, provider.make_logout_token(sub="ada-1815", sid=None)) == 200
    assert staff.fetch("/").status == 401


def posted(here: Stage, token: str) -> int:
    answer = here.browser().post("/oauth2/backchannel-logout", form={"logout_token": token}, navigate=False)
    return answer.status


def test_the_same_name_of_a_logout_token_counts_once_for_each_provider(
    several: Several, provider: LocalProvider, guests: LocalProvider, store_url: str
) -> None:
    here = several(session_store=store_url)
    signed_in(here, "guests"), signed_in(here, "staff")
    assert posted(here, guests.make_logout_token(sub="ada-1815", sid=None, jti="one")) == 200
    assert posted(here, provider.make_logout_token(sub="ada-1815", sid=None, jti="one")) == 200
    assert posted(here, provider.make_logout_token(sub="ada-1815", sid=None, jti="one")) == 400


def test_front_channel_logout_needs_the_issuer(
    several: Several, provider: LocalProvider, guests: LocalProvider, store_url: str
) -> None:
    here = several(session_store=store_url, session_cache_seconds=0)
    staff = signed_in(here, "staff")
    sid = staff.get("/").json()["identity"]["claims"]["sid"]
    for asked in (f"sid={sid}", f"sid={sid}&iss={quote('https://evil.example')}", f"iss={quote(provider.issuer)}"):
        assert here.browser().get(f"/oauth2/frontchannel-logout?{asked}").status == 400
    assert here.browser().get(f"/oauth2/frontchannel-logout?sid={sid}&iss={quote(guests.issuer)}").status == 200
    assert staff.fetch("/").status == 200
    assert here.browser().get(f"/oauth2/frontchannel-logout?sid={sid}&iss={quote(provider.issuer)}").status == 200
    assert staff.fetch("/").status == 401


# Asking again


def test_each_session_is_rechecked_at_its_own_provider(
    several: Several, provider: LocalProvider, guests: LocalProvider
) -> None:
    here = several(guest={"userinfo_refresh_interval": "5m", "allow_groups": ["engineers"]})
    guest, staff = signed_in(here, "guests"), signed_in(here, "staff")
    guests.people["ada"]["groups"] = []
    here.clock.advance(301)
    assert (guest.fetch("/").status, staff.fetch("/").status) == (403, 200)
    assert not provider.calls("userinfo")


def test_tokens_are_renewed_at_the_sessions_provider(
    several: Several, provider: LocalProvider, guests: LocalProvider, store_url: str
) -> None:
    here = several(
        guest={"scopes": "openid profile email offline_access"}, session_store=store_url, session_cache_seconds=0
    )
    guest = signed_in(here, "guests")
    before = len(guests.calls("token"))
    here.clock.advance(3599)
    assert guest.fetch("/").status == 200
    assert len(guests.calls("token")) == before + 1
    assert not provider.calls("token")


# Programs


def test_an_access_token_is_its_providers_by_its_issuer(
    several: Several, provider: LocalProvider, guests: LocalProvider
) -> None:
    guest = {"allow_emails": ["bob@partner.example"]}
    here = several(bearer_audience=AUDIENCE, guest=guest, allow_domains=["example.com"])
    program = Program(here)
    mail: dict[str, Any] = {"email": "ada@example.com", "email_verified": True}
    answer = program.ask("/", access_token(provider, **mail))
    assert (answer.status, answer.json()["identity"]["provider"]) == (200, "staff")
    assert program.ask("/", access_token(provider, **mail)).status == 200
    assert program.ask("/", access_token(guests, **mail)).status == 403  # by its own lists
    bob = access_token(guests, email="bob@partner.example", email_verified=True)
    for _ in range(3):
        answer = program.ask("/", bob)
        assert (answer.status, answer.json()["identity"]["provider"]) == (200, "guests")
    assert program.ask("/", access_token(guests, iss=provider.issuer, **mail)).status == 401
    assert program.ask("/", access_token(provider, iss=guests.issuer, **mail)).status == 401
    assert program.ask("/", "not.a.token").status == 401
    document = here.browser().fetch("/.well-known/oauth-protected-resource").json()
    assert document["authorization_servers"] == [provider.issuer, guests.issuer]


def test_by_introspection_the_first_provider_alone_is_asked_and_named(
    several: Several, provider: LocalProvider, guests: LocalProvider, caplog: pytest.LogCaptureFixture
) -> None:
    """Programs get their tokens where the document says: of another provider they would all be refused."""
    for each in (provider, guests):
        each.offers = {"introspect"}
    here = several(bearer_audience=AUDIENCE, bearer_tokens="introspection")
    document = here.browser().fetch("/.well-known/oauth-protected-resource").json()
    assert document["authorization_servers"] == [provider.issuer]
    program, advice = (
        Program(here),
        "its iss is that of 'guests', and by introspection the first provider alone is asked",
    )
    for token, is_told in (("opaque", False), (access_token(provider), False), (access_token(guests), True)):
        for _ in range(2):
            caplog.clear()
            assert program.ask("/", token).status == 401
            assert (advice in caplog.text, "token_inactive" in caplog.text) == (is_told, True)
    assert (len(provider.calls("introspect")), len(guests.calls("introspect"))) == (3, 0)
    provider.answer["introspect"] = lambda _: json_response({"active": True, "sub": "robot", "aud": "other"})
    here.clock.advance(5)
    assert program.ask("/", access_token(guests)).status == 401
    assert "audience_mismatch" in caplog.text


def test_what_is_no_jwt_is_asked_about_at_the_first_provider_and_all_are_named(
    several: Several, provider: LocalProvider, guests: LocalProvider
) -> None:
    provider.offers = {"introspect"}
    here = several(bearer_audience=AUDIENCE, bearer_tokens="auto")
    document = here.browser().fetch("/.well-known/oauth-protected-resource").json()
    assert document["authorization_servers"] == [provider.issuer, guests.issuer]
    assert Program(here).ask("/", "opaque").status == 401
    assert Program(here).ask("/", access_token(guests)).status == 200


# Settings


FAULTY = {
    "no auth_id": ({"auth_id": None}, "auth_id is missing"),
    "the first one's": ({"auth_id": "staff"}, "auth_id is that of another provider"),
    "of the gate": ({"cookie_secret": "x" * 40}, "cookie_secret is no setting of one provider"),
    "unknown": ({"isuer_url": "x"}, "isuer_url is no setting of one provider. Did you mean issuer_url?"),
    "nobody said": ({"allow_all": None}, "it is not said who of its people may pass"),
    "false": ({"allow_all": False}, "it is not said who of its people may pass"),
    "no truth value": ({"allow_all": "perhaps"}, "allow_all must be"),
    "both": ({"allow_groups": ["a"]}, "allow_all is true beside allow_groups"),
    "no client": ({"client_id": None}, "client_id is missing"),
    "wrong value": ({"http_timeout": "soon"}, "http_timeout"),
    "outage": ({"provider_outage_grace": "1h"}, "provider_outage_grace is no setting of one provider"),
    "gate's, in its table": ({"idle_session_timeout": "1h"}, "stands above the first"),
}


@pytest.mark.parametrize(("changes", "said"), FAULTY.values(), ids=FAULTY)
def test_what_is_wrong_with_a_table_is_said_with_its_number(
    provider: LocalProvider, guests: LocalProvider, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(SettingsError) as raised:
        made(provider, entry(guests) | changes)
    assert said in str(raised.value)
    assert str(raised.value).startswith("providers: no. 1")


@pytest.mark.parametrize("value", ["guests", {"auth_id": "x"}, ["guests"], 3, [{"auth_id": "x"}] * 21], ids=repr)
def test_what_is_no_list_of_tables_is_refused(provider: LocalProvider, value: Any) -> None:
    with pytest.raises(SettingsError, match=r"^providers "):
        made(provider, providers=value)


def test_one_issuer_stands_there_once(provider: LocalProvider, guests: LocalProvider) -> None:
    with pytest.raises(SettingsError, match="issuer_url is that of the provider staff"):
        made(provider, entry(provider, "again"))
    with pytest.raises(SettingsError, match=r"no\. 2 .again.: issuer_url is that of the provider guests"):
        made(provider, entry(guests), entry(guests, "again") | {"issuer_url": guests.issuer + "/"})


def test_a_file_holds_tables_with_files_of_their_own(
    provider: LocalProvider, guests: LocalProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "guest-secret").write_text("from-a-file\n")
    (tmp_path / "gate.toml").write_text(
        f'issuer_url = "{provider.issuer}"\nclient_id = "app"\nclient_secret = "s"\ncookie_secret = "{COOKIE_SECRET}"\n'
        f'[[providers]]\nauth_id = "guests"\nissuer_url = "{guests.issuer}"\nclient_id = "app"\n'
        'client_secret_file = "guest-secret"\nallow_all = true\n'
    )
    monkeypatch.chdir(tmp_path)
    found = Settings.from_file("gate.toml")
    assert [each.client_secret for each in found.all_providers] == ["s", "from-a-file"]
    assert found.files(tmp_path) == [tmp_path / "gate.toml", tmp_path / "guest-secret"]
    assert "from-a-file" not in repr(found)
    assert "not-to-be-shown" not in repr(made(provider, entry(guests) | {"client_secret": "not-to-be-shown"}))
    (tmp_path / "guest-secret").write_text("another\n")
    monkeypatch.chdir("/")
    assert found.read_again(tmp_path, []).all_providers[1].client_secret == "another"


def test_files_of_providers_whose_place_others_take_need_not_be_here(
    provider: LocalProvider, guests: LocalProvider, tmp_path: Path
) -> None:
    file = tmp_path / "gate.toml"
    file.write_text(
        '[[providers]]\nauth_id = "gone"\nissuer_url = "https://gone.example"\nclient_id = "app"\nallow_all = true\n'
        'client_secret_file = "/run/secrets/nope"\nca_bundle = "/run/secrets/nope.pem"\n'
    )
    found = Settings.from_file(file, **provider.gate_options(cookie_secret=COOKIE_SECRET, providers=[entry(guests)]))
    assert [each.auth_id for each in found.all_providers] == ["default", "guests"]
    assert found.files(tmp_path) == [file]
    own = {"auth_id": "guests", "issuer_url": guests.issuer, "client_id": "app", "allow_all": True}
    (tmp_path / "secret").write_text("from-a-file")
    later = found.with_options(providers=[own | {"client_secret_file": str(tmp_path / "secret")}])
    assert later.all_providers[1].client_secret == "from-a-file"
    assert later.files(tmp_path) == [file, tmp_path / "secret"]
    assert later.with_options(providers=[entry(guests)]).files(tmp_path) == [file]


def test_a_wrong_value_is_refused_when_it_is_read_again_too(provider: LocalProvider, tmp_path: Path) -> None:
    (tmp_path / "gate.toml").write_text(
        f'issuer_url = "{provider.issuer}"\nclient_id = "app"\nclient_secret = "s"\ncookie_secret = "{COOKIE_SECRET}"\n'
    )
    found = Settings.from_file(tmp_path / "gate.toml")
    (tmp_path / "gate.toml").write_text((tmp_path / "gate.toml").read_text() + 'providers = "guests"\n')
    with pytest.raises(SettingsError, match=r"^providers stand in a file"):
        found.read_again(tmp_path, [])


def test_warnings_name_the_provider_they_are_about(provider: LocalProvider, guests: LocalProvider) -> None:
    found = made(provider, entry(guests, allow_groups=["a*"]), allow_emails=["a@example.com"]).warnings()
    assert [each for each in found if each.startswith("guests: allow_groups: a*")]
    assert not [each for each in found if "every user of the provider" in each]


def test_explain_judges_somebody_by_the_lists_of_the_provider_that_iss_names(
    several: Several, guests: LocalProvider
) -> None:
    here = several(guest={"allow_emails": ["bob@partner.example"]}, allow_domains=["example.com"])
    gate = PaperGate(here.gate._gate._components.settings, here.clock)
    claims = {"sub": "x", "email": "ada@example.com"}
    assert gate.person(claims).allowed
    assert gate.person(claims | {"iss": "https://elsewhere.example"}).allowed
    assert not gate.person(claims | {"iss": guests.issuer}).allowed
    assert gate.person(claims | {"iss": guests.issuer, "email": "bob@partner.example"}).allowed


def test_doctor_examines_each_provider(
    provider: LocalProvider, guests: LocalProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    callback = "https://app.test/oauth2/callback"
    provider.add_client("app", redirect_uris=(callback,))
    guests.add_client("app", redirect_uris=(f"{callback}/guests",))
    own = {"auth_id": "staff", "cookie_secret": COOKIE_SECRET, "base_url": "https://app.test"}
    first = Settings(**provider.gate_options(**own, providers=[entry(guests)]))
    cases = [Case(first), Case(first.all_providers[1], callback="callback/guests")]
    report = examine(cases[0], CHECKS, "title", LIMIT, others=cases[1:])
    of_guests = [each for each in report.examined if each.finding.found.startswith("guests: ")]
    assert {each.check.id[0] for each in of_guests} == {"N", "P", "C"}
    found = {each.check.id: each.finding.status for each in of_guests}
    assert (found["P11"], found["P7"]) == ("ok", "ok")
    guests.add_client("app", redirect_uris=(callback,))
    others = [Case(first.all_providers[1], callback="callback/guests")]
    again = examine(Case(first), CHECKS, "title", LIMIT, others=others)
    wrong = [each for each in again.examined if each.finding.status == "fail"]
    assert [(each.check.id, each.finding.found.startswith("guests: ")) for each in wrong] == [("P11", True)]


def test_sessions_of_a_person_are_ended_at_all_providers(several: Several, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'sessions.db'}"
    here = several(session_store=url, session_cache_seconds=0)
    guest, staff = signed_in(here, "guests"), signed_in(here, "staff")
    assert StoredSessions(here.gate._gate._components.settings).revoke_user("ada-1815") == 2
    assert (guest.fetch("/").status, staff.fetch("/").status) == (401, 401)
