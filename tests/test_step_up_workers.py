"""What a view asks of a sign-in counts in every worker, be it one that has never run that view.

The one worker is a process of its own, which has; the other is this one. Each test asks for a kind of its own, which no
test before it can have made known here.
"""

from __future__ import annotations

import gc
import html
import re

import pytest

from oidc_gate.access import CheckedRule
from tests.another_worker import Asked, answers
from tests.answers import Answer
from tests.asking_apps import asking_app
from tests.browser import Browser, World
from tests.conftest import StageFactory
from tests.providers.local import LocalProvider
from tests.stage import Stage
from tests.test_step_up import link_of, unmet

frameworks = pytest.mark.parametrize(
    ("world", "name"),
    [("wsgi", "flask"), ("asgi", "starlette"), ("wsgi", "django"), ("asgi", "django")],
    indirect=["world"],
)


@pytest.fixture
def kind(request: pytest.FixtureRequest, provider: LocalProvider) -> str:
    """Return a kind of signing in that only this test asks for, in this world and framework."""
    made = re.sub(r"\W", "-", request.node.name)
    provider.usual_acr, provider.acrs = "pwd", (made, "dull")
    return made


@pytest.fixture
def name(world: World) -> str:
    """Return a framework of this world."""
    return "flask" if world == "wsgi" else "starlette"


def asked_for(provider: LocalProvider) -> list[str | None]:
    """Return `acr_values` of each login, oldest first."""
    return [call.params.get("acr_values") for call in provider.calls("authorize")]


def come_back(here: Stage, browser: Browser, away: Answer) -> Answer:
    """Return what a browser sees that another worker has sent to the provider, and that comes back to this one."""
    assert away.status == 302
    twin = here.moved(browser, here.gate)
    for cookie in away.header_list("Set-Cookie"):
        twin.cookies.receive(away.url, cookie)
    return twin.navigate(away.target)


@frameworks
def test_what_a_script_is_told_leads_to_that_sign_in(
    stage: StageFactory, provider: LocalProvider, world: World, name: str, kind: str
) -> None:
    here = stage(app=asking_app(name, world))
    browser = here.signed_in()
    (told,) = answers(here, name, browser, Asked("fetch", f"/asked/{kind}"))
    assert (told.status, told.json()["error"]) == (401, "insufficient_user_authentication")
    page = browser.navigate(f"{told.json()['login_url']}&next=/asked/{kind}")
    assert (page.status, page.text) == (200, f"ada-1815 {kind}")
    assert asked_for(provider) == [None, kind]


@frameworks
def test_a_page_that_asks_in_vain_asks_once(
    stage: StageFactory, provider: LocalProvider, world: World, name: str, kind: str
) -> None:
    here = stage(app=asking_app(name, world))
    browser = here.signed_in()
    in_vain, met = answers(here, name, browser, *[Asked("get", f"/asked/{kind}")] * 2)
    with provider.fault("other_claims", acr="pwd"):
        text = unmet(come_back(here, browser, in_vain))
    assert f"of the kind {kind}" in text
    assert "the kind pwd" in text
    assert asked_for(provider) == [None, kind]
    assert come_back(here, browser, met).text == f"ada-1815 {kind}"
    assert asked_for(provider) == [None, kind, kind]


def test_a_form_is_sent_after_that_sign_in(
    stage: StageFactory, provider: LocalProvider, world: World, name: str, kind: str
) -> None:
    here = stage(app=asking_app(name, world))
    browser = here.signed_in()
    (kept,) = answers(here, name, browser, Asked("post", f"/asked/{kind}", {"a": "b"}))
    assert kept.status == 401
    assert browser.navigate(html.unescape(link_of(kept))).status == 200
    assert asked_for(provider) == [None, kind]
    sent = browser.submit(kept)
    assert (sent.status, sent.text) == (200, f"ada-1815 {kind}")


def test_another_person_is_refused_in_every_worker(
    stage: StageFactory, provider: LocalProvider, world: World, name: str, kind: str
) -> None:
    here = stage(app=asking_app(name, world))
    browser = here.signed_in()
    script, page = answers(here, name, browser, Asked("fetch", f"/asked/{kind}"), Asked("get", f"/asked/{kind}"))
    provider.user = provider.people["grace"]
    login_url = here.moved(browser, here.gate).navigate(f"{script.json()['login_url']}&next=/asked/{kind}")
    for seen in (login_url, come_back(here, browser, page)):
        assert (seen.status, "step_up_other_person" in seen.text) == (403, True)


def test_an_old_login_url_opens_nothing_that_a_view_asks_more_for(
    stage: StageFactory, provider: LocalProvider, world: World, name: str, kind: str
) -> None:
    here = stage(app=asking_app(name, world))
    browser = here.signed_in()
    dull = browser.fetch("/asked/dull").json()["login_url"]
    page = browser.navigate(f"{dull}&next=/asked/{kind}")
    assert (page.status, page.text) == (200, f"ada-1815 {kind}")
    assert asked_for(provider) == [None, "dull", kind]


def test_what_views_ask_is_not_remembered(stage: StageFactory, world: World, name: str) -> None:
    here = stage(app=asking_app(name, world))
    browser = here.signed_in()

    def rules_after(number: int) -> int:
        for each in range(number):
            assert browser.fetch(f"/asked/{world}-{number}-{each}").status == 401
        browser.trail.clear()
        gc.collect()
        return sum(type(each) is CheckedRule for each in gc.get_objects())  # a lazy object is not to be woken

    few = rules_after(10)
    assert rules_after(30) <= few
