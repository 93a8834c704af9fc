"""Who is signed in at the gate, and may not see a view of Django's: refused, and not sent to sign in again for ever."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests import django_project
from tests.browser import World
from tests.conftest import StageFactory
from tests.providers.local import LocalProvider
from tests.stage import Stage, is_login
from tests.test_django_users import MIDDLEWARE, SETTINGS, _empty, database, person

__all__ = ["_empty"]  # a fixture

#: Views that Django's own ways of asking guard, for whom nobody here has what they ask.
GUARDED = [
    "/permission",
    "/permission-in-time",
    "/staff",
    "/anonymous-alone?a=b%20c&d",
    "/with-a-login-of-its-own",
    "/whole-address",
    "/by-path?page=2",
    "/other-name",
]


def patterns() -> list[Any]:
    from django.contrib.auth.decorators import login_required, permission_required, user_passes_test
    from django.contrib.auth.mixins import LoginRequiredMixin, PermissionRequiredMixin
    from django.contrib.auth.views import redirect_to_login
    from django.http import HttpResponse
    from django.shortcuts import redirect
    from django.urls import path
    from django.views import View

    def view(request: Any) -> Any:
        return HttpResponse("seen")

    async def view_in_time(request: Any) -> Any:
        return HttpResponse("seen")

    class Page(LoginRequiredMixin, View):  # type: ignore[misc]
        def get(self, request: Any) -> Any:
            return view(request)

    class Permitted(PermissionRequiredMixin, Page):  # type: ignore[misc]
        permission_required = "auth.view_group"

    def by_path(request: Any) -> Any:  # as flat pages do
        return view(request) if request.user.is_superuser else redirect_to_login(request.path)

    def other_page(request: Any) -> Any:
        return redirect("/oauth2/login?next=/page" if request.user.is_authenticated else "/page")

    def renewing(request: Any) -> Any:
        return redirect("/oauth2/login?next=/renewing")

    def elsewhere(request: Any) -> Any:
        return redirect(f"/terms?user={request.user.pk}&next=/elsewhere")

    def home(request: Any) -> Any:
        return redirect(f"/oauth2/login?auth_id=default&next=/partner&user={request.user.pk}")

    def broken(request: Any) -> Any:
        answer = redirect(f"/{request.user.pk}?next=/broken")
        answer["Location"] = "//[?next=/broken"
        return answer

    staff = user_passes_test(lambda user: user.is_staff)
    asks = permission_required("auth.view_group")
    own = permission_required("auth.view_group", login_url="/oauth2/login")
    whole = permission_required("auth.view_group", login_url="https://other.test/oauth2/login")
    other_name = user_passes_test(lambda user: user.is_staff, redirect_field_name="back")
    return [
        path("permission", asks(view)),
        path("permission-in-time", asks(view_in_time)),
        path("staff", staff(view)),
        path("anonymous-alone", user_passes_test(lambda user: user.is_anonymous)(view)),
        path("with-a-login-of-its-own", own(view)),
        path("whole-address", whole(view)),
        path("by-path", by_path),
        path("other-name", other_name(view)),
        path("page", login_required(view)),
        path("page-in-time", login_required(view_in_time)),
        path("class", Page.as_view()),
        path("permitted", Permitted.as_view()),
        path("open/page", login_required(view)),
        path("plain", view),
        path("other-page", other_page),
        path("renewing", renewing),
        path("elsewhere", elsewhere),
        path("", home),
        path("broken", broken),
    ]


@pytest.fixture
def project(stage: StageFactory, world: World) -> Iterator[Callable[..., Stage]]:
    """Set a stage with a project on it, whose login is the gate's; `also` are middleware behind the gate's."""
    from django.test import override_settings

    made = []

    def make(*also: str, login: str = "/oauth2/login", **settings: Any) -> Stage:
        changed = override_settings(MIDDLEWARE=[*MIDDLEWARE, *also], LOGIN_URL=login)
        changed.enable()
        made.append(changed)
        return stage(app=django_project.application(world, patterns), **(SETTINGS | settings))

    yield make
    while made:
        made.pop().disable()


def deactivate() -> None:
    from django.contrib.auth.models import User

    database(lambda: User.objects.update(is_active=False))


@pytest.mark.parametrize("page", GUARDED)
def test_who_lacks_what_a_view_asks_is_refused(
    project: Callable[..., Stage], page: str, caplog: pytest.LogCaptureFixture
) -> None:
    here = project()
    ann = person(here)
    shown = ann.get(page)
    assert (shown.status, shown.location) == (403, "")
    assert "You are signed in as ann@example.com, who may use this app, but not this part of it." in shown.text
    assert "Sign in as someone else" in shown.text
    assert "reason=rule rule='Django' condition='view_lets_in()'" in caplog.text
    script = ann.fetch(page)
    assert (script.status, script.json()["error"]) == (403, "not_allowed")
    assert ann.get("/page").text == "seen"


@pytest.mark.parametrize("page", ["/page", "/page-in-time", "/class", "/permitted"])
def test_who_is_not_active_is_refused(
    project: Callable[..., Stage], page: str, caplog: pytest.LogCaptureFixture
) -> None:
    here = project()
    ann = person(here)
    assert ann.get("/page").status == 200
    deactivate()
    shown = ann.get(page)
    assert shown.status == 403
    assert "You are signed in as ann@example.com" in shown.text
    assert "You have no active account in this app. Ask whoever runs it." in shown.text
    assert "rule='Django' condition='user_is_active()'" in caplog.text


def test_who_is_not_active_is_refused_where_all_views_want_a_login(project: Callable[..., Stage]) -> None:
    here = project("django.contrib.auth.middleware.LoginRequiredMiddleware")
    ann = person(here)
    assert ann.get("/plain").status == 200
    deactivate()
    assert ann.get("/plain").status == 403


def test_who_is_on_no_list_is_refused_at_a_public_path(project: Callable[..., Stage]) -> None:
    here = project()
    eve = person(here, sub="eve", email="eve@example.com", groups=["Visitors"])
    shown = eve.get("/open/page")
    assert shown.status == 403
    assert "You are signed in as eve@example.com, who is not on this app&#x27;s list." in shown.text
    assert "active account" not in shown.text
    nobody = here.browser()
    answer = nobody.get("/open/page")
    assert (answer.status, answer.location) == (302, "/oauth2/login?next=/open/page")


def test_somebody_who_is_not_signed_in_signs_in_and_comes_back(
    project: Callable[..., Stage], provider: LocalProvider
) -> None:
    provider.people["ada"] |= {"groups": ["Staff"]}
    here = project()
    ada = here.browser()
    page = ada.navigate("/open/page")
    assert (page.status, page.text) == (200, "seen")


def test_the_login_stands_where_the_settings_have_it(project: Callable[..., Stage]) -> None:
    here = project(login="/gate/login", path_prefix="/gate")
    assert person(here).get("/permission").status == 403


@pytest.mark.parametrize(
    ("page", "to"),
    [
        ("/other-page", "/oauth2/login?next=/page"),
        ("/renewing", "/oauth2/login?next=/renewing"),
        ("/elsewhere", "/terms?user="),
        ("/", "/oauth2/login?auth_id=default&next=/partner"),
        ("/broken", "//[?next=/broken"),
    ],
)
def test_where_an_app_sends_people_itself_they_go(project: Callable[..., Stage], page: str, to: str) -> None:
    here = project()
    ann = person(here)
    answer = ann.get(page)
    assert answer.status == 302
    assert answer.location.startswith(to)
    if page == "/other-page":
        assert is_login(ann.get(to), here.provider)


def test_djangos_own_login_stays_what_it_is(project: Callable[..., Stage]) -> None:
    """At its form somebody else can sign in."""
    here = project(login="/accounts/login/")
    assert person(here).get("/permission").location == "/accounts/login/?next=/permission"
