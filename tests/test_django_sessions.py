"""`oidc_gate.django`: what an app keeps in Django's session is of one person, though the session is the browser's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from oidc_gate.testing import session_cookies
from tests import django_project
from tests.browser import Browser, World
from tests.conftest import StageFactory
from tests.stage import Stage
from tests.test_django_users import MIDDLEWARE, SETTINGS, _empty, person

__all__ = ["_empty"]  # a fixture

KINDS = ["signed_cookies", "db"]
Project = Callable[..., Stage]


def patterns() -> list[Any]:
    from django.http import JsonResponse
    from django.middleware.csrf import get_token
    from django.urls import path

    def put(request: Any, note: str) -> Any:
        request.session["note"] = note
        return JsonResponse({})

    def read(request: Any) -> Any:
        return JsonResponse({"note": request.session.get("note")})

    async def put_later(request: Any, note: str) -> Any:
        await request.session.aset("note", note)
        return JsonResponse({})

    async def read_later(request: Any) -> Any:
        return JsonResponse({"note": await request.session.aget("note")})

    def end(request: Any) -> Any:
        request.session.flush()
        return JsonResponse({})

    def form(request: Any) -> Any:
        return JsonResponse({"token": get_token(request)})

    return [
        path("put/<note>", put),
        path("read", read),
        path("later/put/<note>", put_later),
        path("later/read", read_later),
        path("end", end),
        path("form", form),
        path("open", read),
        path("open/put/<note>", put),
    ]


@pytest.fixture(params=KINDS)
def project(request: pytest.FixtureRequest, stage: StageFactory, world: World) -> Iterator[Project]:
    from django.test import override_settings

    made = []

    def make(middleware: list[str] | None = None, **settings: Any) -> Stage:
        django_project.set_up()
        engine = f"django.contrib.sessions.backends.{request.param}"
        changed = override_settings(
            MIDDLEWARE=middleware or MIDDLEWARE, OIDC_GATE={}, SESSION_ENGINE=engine, **settings
        )
        changed.enable()
        made.append(changed)
        return stage(app=django_project.application(world, patterns), **SETTINGS)

    yield make
    while made:
        made.pop().disable()


def becomes(here: Stage, browser: Browser, sub: str) -> None:
    """Sign another person in, in the same browser."""
    claims = {"sub": sub, "email": f"{sub}@example.com", "groups": ["Staff"]}
    for name, value in session_cookies(here.gate, claims, url=browser.origin).items():
        browser.cookies.set(name, value)


def note(browser: Browser, path: str = "/read") -> Any:
    return browser.fetch(path).json()["note"]


@pytest.mark.parametrize("way", ["", "/later"])
def test_the_next_person_in_a_browser_finds_nothing_of_the_one_before(project: Project, way: str) -> None:
    here = project()
    browser = person(here)
    assert browser.fetch(f"{way}/put/mine").status == 200
    assert note(browser, f"{way}/read") == "mine"
    taken = browser.cookies.get("sessionid")
    becomes(here, browser, "bob")
    assert note(browser, f"{way}/read") is None
    browser.fetch(f"{way}/put/his")
    assert note(browser, f"{way}/read") == "his"
    assert browser.cookies.get("sessionid") != taken
    becomes(here, browser, "ann")
    assert note(browser, f"{way}/read") is None
    browser.cookies.set("sessionid", str(taken))
    assert note(browser, f"{way}/read") == "mine", "it is still theirs"


def test_the_key_of_a_session_that_somebody_planted_shows_nothing(project: Project) -> None:
    """A neighbour has a session of nobody's, and gives its key to another person's browser."""
    here = project()
    neighbour = here.browser()
    neighbour.fetch("/open/put/bait")
    planted = str(neighbour.cookies.get("sessionid"))
    ann = person(here)
    ann.cookies.set("sessionid", planted)
    assert note(ann) == "bait", "what nobody has put there is kept, as Django keeps it over a login"
    ann.fetch("/put/secret")
    bob = person(here, sub="bob")
    for key in {planted, str(ann.cookies.get("sessionid"))}:
        bob.cookies.set("sessionid", key)
        assert note(bob) in (None, "bait")


def test_where_nothing_is_kept_nothing_is_written(project: Project) -> None:
    here = project()
    ann = person(here)
    assert note(ann) is None
    assert "sessionid" not in ann.cookies.names()
    ann.fetch("/put/mine")
    ann.fetch("/end")
    assert "sessionid" not in ann.cookies.names()


def test_a_session_that_was_read_before_is_another_one_too(project: Project) -> None:
    """With CSRF_USE_SESSIONS Django's own middleware has read it; the token is made anew then."""
    csrf = "django.middleware.csrf.CsrfViewMiddleware"
    here = project([MIDDLEWARE[0], csrf, *MIDDLEWARE[1:]], CSRF_USE_SESSIONS=True)
    browser = person(here)
    browser.fetch("/put/mine")
    first = browser.fetch("/form").json()["token"]
    becomes(here, browser, "bob")
    assert note(browser) is None
    token = browser.fetch("/form").json()["token"]
    headers = {"X-CSRFToken": token, "Referer": "https://app.test/"}
    assert browser.fetch("/put/his", "POST", headers=headers).status == 200
    assert browser.fetch("/put/his", "POST", headers=headers | {"X-CSRFToken": first}).status == 403


def test_without_sessions_there_is_nothing_to_do(stage: StageFactory, world: World) -> None:
    from oidc_gate.django.own_sessions import bind, mark

    request: Any = SimpleNamespace()
    bind(request, None)  # type: ignore[arg-type]
    mark(request, None)  # type: ignore[arg-type]
    assert vars(request) == {}


def test_an_older_django_has_no_way_on_the_loop() -> None:
    from oidc_gate.django.own_sessions import bind

    class Session:
        modified = False
        _session_key: str | None = "key"

        def __init__(self) -> None:
            self._session_cache = {"_oidc_gate_person": "another"}

        def load(self) -> dict[str, Any]:
            return {"_oidc_gate_person": "another"}

    class Asked:
        session = Session()

    django_project.set_up()
    request = Asked()
    ann: Any = SimpleNamespace(issuer="https://issuer.test", subject="ann")
    bind(request, ann)
    assert (request.session.load(), request.session._session_key, request.session._session_cache) == ({}, None, {})
    assert not hasattr(request.session, "aload")


# Django's cache

CACHING = [
    "django.middleware.cache.UpdateCacheMiddleware",
    *MIDDLEWARE[:3],
    "django.middleware.cache.FetchFromCacheMiddleware",
]
WAYS = ["user", "auser", "identity", "finance", "outside", "vary"]


def cached_patterns() -> list[Any]:
    from django.http import HttpResponse
    from django.urls import path
    from django.views.decorators.cache import cache_page
    from django.views.decorators.vary import vary_on_cookie

    from oidc_gate.django import current_identity, require

    def user(request: Any) -> Any:
        return HttpResponse(f"user {request.user.get_username()}")

    async def auser(request: Any) -> Any:
        return HttpResponse(f"user {(await request.auser()).get_username()}")

    def identity(request: Any) -> Any:
        found = current_identity(request)
        return HttpResponse(f"user {found and found.email}")

    def plain(request: Any) -> Any:
        COUNTED.append(request)
        return HttpResponse("for all")

    staff = require(groups="Finance")
    return [
        path("user", user),
        path("open/user", user),
        path("auser", auser),
        path("identity", identity),
        path("finance", staff(plain)),
        path("outside", cache_page(60)(staff(plain))),
        path("vary", cache_page(60)(vary_on_cookie(user))),
        path("plain", plain),
    ]


COUNTED: list[Any] = []


@pytest.fixture
def cached(stage: StageFactory, world: World) -> Iterator[Stage]:
    from django.core.cache import cache
    from django.test import override_settings

    django_project.set_up()
    caches = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    with override_settings(MIDDLEWARE=CACHING, OIDC_GATE={}, CACHES=caches):
        cache.clear()
        COUNTED.clear()
        yield stage(app=django_project.application(world, cached_patterns), **SETTINGS)


@pytest.mark.parametrize("way", WAYS)
def test_djangos_cache_gives_nobody_what_is_anothers(cached: Stage, way: str) -> None:
    """It goes by cookies, of which the app sees none of the gate's."""
    ann = person(cached, sub="ann", email="ann@example.com", groups=["Staff", "Finance"])
    bob = person(cached, sub="bob", email="bob@example.com", groups=["Staff"])
    is_personal = way in ("user", "auser", "identity", "vary")
    for _ in range(2):
        first, second = ann.fetch(f"/{way}"), bob.fetch(f"/{way}")
        assert first.text == ("user ann@example.com" if is_personal else "for all")
        assert (second.status, second.text) == (200, "user bob@example.com") if is_personal else second.status == 403


def test_djangos_cache_gives_nobodys_page_to_nobody_else(cached: Stage) -> None:
    assert cached.browser().fetch("/open/user").text == "user "
    assert person(cached).fetch("/open/user").text == "user ann@example.com"
    assert cached.browser().fetch("/open/user").text == "user "


def test_a_client_cannot_be_somebody_else_to_djangos_cache(cached: Stage) -> None:
    """By the cookie that stands for a person: it is the last one, whatever is sent before it."""
    from oidc_gate.django.project import account_key

    ann, bob = person(cached), person(cached, sub="bob", email="bob@example.com")
    assert ann.fetch("/open/user").text == "user ann@example.com"
    name = f"oidc_gate_person={account_key(cached.provider.issuer, 'ann')}"
    assert cached.browser().fetch("/open/user", headers={"Cookie": name}).text == "user "
    bob.cookies.set(*name.split("="))
    assert bob.fetch("/open/user").text == "user bob@example.com"


def test_djangos_cache_keeps_what_is_the_same_for_all(cached: Stage) -> None:
    for sub in ("ann", "bob", "cy"):
        assert person(cached, sub=sub).fetch("/plain").text == "for all"
    assert len(COUNTED) == 1
