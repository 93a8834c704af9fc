"""`oidc_gate.django`: whoever asks has a user of Django's, by issuer and subject, and nobody gets another's."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, nullcontext
from threading import Event
from typing import Any

import pytest

from oidc_gate import Identity
from oidc_gate.testing import session_cookies
from tests import django_project
from tests.browser import Browser, World
from tests.conftest import StageFactory
from tests.patience import LIMIT
from tests.providers.local import LocalProvider
from tests.stage import Stage

MIDDLEWARE = [
    *(f"django.contrib.{name}Middleware" for name in ("sessions.middleware.Session", "auth.middleware.Authentication")),
    "oidc_gate.django.OIDCMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
SETTINGS: dict[str, Any] = {"allow_groups": ["Staff", "Finance"], "public_paths": ["/open"]}


def database(ask: Callable[[], Any]) -> Any:
    """Ask the database in a thread of its own: Django refuses where an event loop runs."""

    def run() -> Any:
        from django.db import connection

        try:
            return ask()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()


@pytest.fixture(autouse=True)
def _empty() -> Iterator[None]:
    django_project.set_up()
    from django.contrib.auth.models import Group, User

    def clear() -> None:
        User.objects.all().delete()
        Group.objects.all().delete()

    database(clear)
    yield
    database(clear)


def patterns() -> list[Any]:
    from django.contrib import admin
    from django.http import JsonResponse
    from django.urls import path

    def told(user: Any) -> Any:
        groups = sorted(user.groups.values_list("name", flat=True)) if user.is_authenticated else []
        fields = ("email", "first_name", "last_name", "is_staff", "is_superuser")
        return {"user": user.get_username(), "groups": groups} | {name: getattr(user, name, "") for name in fields}

    async def later(request: Any) -> Any:
        user = await request.auser()
        again = await request.auser()
        return JsonResponse({"user": user.get_username(), "same": user is again and user == request.user})

    def credentials(request: Any) -> Any:
        from oidc_gate.django.backends import OIDCBackend

        backend = OIDCBackend()
        found = backend.authenticate(request), backend.authenticate(request, username="ann", password="x")
        return JsonResponse({"user": found[0] and found[0].get_username(), "by password": found[1]})

    def who(request: Any) -> Any:
        return JsonResponse(told(request.user))

    return [
        path("admin/", admin.site.urls),
        path("who", who),
        path("open", who),
        path("later", later),
        path("credentials", credentials),
    ]


@pytest.fixture
def project(stage: StageFactory, world: World) -> Iterator[Callable[..., Stage]]:
    """Set a stage with a Django project on it; the keywords are `OIDC_GATE`."""
    from django.test import override_settings

    made = []

    def make(also: dict[str, Any] | None = None, **users: Any) -> Stage:
        changed = override_settings(MIDDLEWARE=MIDDLEWARE, OIDC_GATE=users)
        changed.enable()
        made.append(changed)
        return stage(app=django_project.application(world, patterns), **(SETTINGS | (also or {})))

    yield make
    while made:
        made.pop().disable()


def person(here: Stage, at: str = "", **claims: Any) -> Browser:
    browser = here.browser()
    usual = {"sub": "ann", "email": "ann@example.com", "groups": ["Staff"]}
    for name, value in session_cookies(here.gate, usual | claims, url=browser.origin, provider=at).items():
        browser.cookies.set(name, value)
    return browser


def users() -> list[str]:
    from django.contrib.auth.models import User

    return sorted(database(lambda: list(User.objects.values_list("username", flat=True))))


def make_groups(*names: str) -> None:
    from django.contrib.auth.models import Group

    database(lambda: [Group.objects.create(name=name) for name in names])


def test_a_user_is_made_and_follows_the_provider(project: Callable[..., Stage]) -> None:
    make_groups("Finance", "Board", "staff")
    here = project(STAFF_GROUPS=["Staff"], SUPERUSER_GROUPS=["Root"])
    seen = (
        person(here, groups=["Staff", "Finance", "Unknown"], given_name="Ann", family_name="Lee").fetch("/who").json()
    )
    assert seen == {
        "user": "ann@example.com",
        "email": "ann@example.com",
        "first_name": "Ann",
        "last_name": "Lee",
        "groups": ["Finance"],
        "is_staff": True,
        "is_superuser": False,
    }
    seen = (
        person(here, groups=["Finance", "Board", "Root"], name="Ann B. Lee", email="new@example.com")
        .fetch("/who")
        .json()
    )
    assert seen == {
        "user": "ann@example.com",
        "email": "new@example.com",
        "first_name": "Ann B. Lee",
        "last_name": "",
        "groups": ["Board", "Finance"],
        "is_staff": False,
        "is_superuser": True,
    }
    assert person(here).fetch("/later").json() == {"user": "ann@example.com", "same": True}
    assert users() == ["ann@example.com"]


def test_without_settings_only_groups_that_there_are_follow(project: Callable[..., Stage]) -> None:
    make_groups("Staff")
    here = project()
    assert person(here).fetch("/who").json()["groups"] == ["Staff"]
    from django.contrib.auth.models import User

    database(lambda: User.objects.update(is_staff=True))
    seen = person(here, groups=["Finance"]).fetch("/who").json()
    assert (seen["groups"], seen["is_staff"]) == ([], True)
    left = project(GROUPS=False)
    assert person(left).fetch("/who").json()["groups"] == []


def test_nothing_is_written_while_nothing_changes(project: Callable[..., Stage], world: World) -> None:
    from django.db import connection
    from django.db.models.signals import post_save

    here = project(STAFF_GROUPS=["Staff"])
    ann = person(here)
    ann.fetch("/who")
    saved: list[Any] = []

    def note(sender: Any, **_: Any) -> None:
        saved.append(sender)

    post_save.connect(note)
    try:
        for _ in range(3):
            assert ann.fetch("/who").json()["user"] == "ann@example.com"
        assert saved == []
        person(here, groups=["Finance"]).fetch("/who")
        assert {model.__name__ for model in saved} == {"User", "Account"}
    finally:
        post_save.disconnect(note)
        connection.close()


def test_nobody_gets_the_user_of_another(project: Callable[..., Stage]) -> None:
    """A user is whoever the same issuer calls by the same subject: no name, no address, no letter case tells."""
    from django.contrib.auth.models import User

    database(lambda: User.objects.create_superuser("ann@example.com", "ann@example.com", "a password"))
    here = project()
    people = [
        {},
        {"sub": "Ann"},
        {"sub": "ann "},
        {"iss": "https://other.test"},
        {"iss": "https://provider.test/x", "sub": "ann"},
        {"sub": "ann@example.com"},
    ]
    seen = [person(here, **claims).fetch("/who").json() for claims in people]
    names = [each["user"] for each in seen]
    assert len(set(names)) == len(people)
    assert "ann@example.com" not in names
    assert not any(each["is_superuser"] for each in seen)
    assert [person(here, **claims).fetch("/who").json()["user"] for claims in people] == names
    assert len(users()) == len(people) + 1


def test_groups_of_another_provider_make_nobody_staff(project: Callable[..., Stage]) -> None:
    make_groups("Finance")
    with LocalProvider() as other:
        guests = {"providers": [other.client_options() | {"auth_id": "guests", "allow_all": True}]}
        for providers, at, expected in (
            ({}, "guests", (False, [])),
            ({}, "", (True, ["Finance"])),
            ({"PROVIDERS": ["guests"]}, "guests", (True, ["Finance"])),
            ({"PROVIDERS": ["guests"]}, "", (False, [])),
        ):
            here = project(guests, STAFF_GROUPS=["Staff"], **providers)
            seen = person(here, at=at, groups=["Staff", "Finance"]).fetch("/who").json()
            assert (seen["is_staff"], seen["groups"]) == expected
    assert len(users()) == 2


def test_an_address_that_is_not_verified_is_not_the_users(project: Callable[..., Stage]) -> None:
    here = project()
    seen = person(here, email_verified=False).fetch("/who").json()
    assert (seen["user"], seen["email"]) == ("ann", "")


def test_who_may_not_pass_is_nobody(project: Callable[..., Stage]) -> None:
    from django.contrib.auth.models import User

    here = project()
    eve = person(here, sub="eve", groups=["Visitors"])
    assert eve.fetch("/open").json()["user"] == ""
    assert users() == []
    ann = person(here)
    assert ann.fetch("/open").json()["user"] == "ann@example.com"
    database(lambda: User.objects.update(is_active=False))
    assert ann.fetch("/who").json()["user"] == ""
    assert person(here, sub="cy", iss=None).fetch("/who").json()["user"] == ""
    assert here.browser().fetch("/open").json()["user"] == ""


def test_a_user_who_was_here_before_is_linked(project: Callable[..., Stage]) -> None:
    """By hand, once: not by whoever comes later, and nobody's account becomes another's."""
    from django.contrib.auth.models import User

    from oidc_gate.django.users import link

    here = project(GROUPS=False)
    person(here, sub="bob", email="bob@example.com").fetch("/who")

    def linked() -> list[bool]:
        old = User.objects.create_user("old-ann", email="ann@example.com", is_staff=True)
        bob = User.objects.get(username="bob@example.com")
        people = [(old, "ann"), (old, "ann"), (bob, "ann"), (old, "bob")]
        return [link(user, here.provider.issuer, subject) for user, subject in people]

    assert database(linked) == [True, True, False, False]
    seen = person(here, given_name="Ann", family_name="Lee").fetch("/who").json()
    assert (seen["user"], seen["first_name"], seen["is_staff"]) == ("old-ann", "Ann", True)
    assert person(here, iss="https://other.test").fetch("/who").json()["user"] == "ann@example.com"
    assert users() == ["ann@example.com", "bob@example.com", "old-ann"]
    for issuer, subject in (("", "ann"), (here.provider.issuer, "")):
        with pytest.raises(ValueError, match="neither of them empty"):
            link(None, issuer, subject)


def test_djangos_own_login_counts_where_nobody_is_signed_in_alone(project: Callable[..., Stage]) -> None:
    here = project()
    local = django_project.session_of("local")
    ann, nobody = person(here), here.browser()
    for browser in (ann, nobody):
        browser.cookies.set("sessionid", local)
    from django.test import override_settings

    with override_settings(AUTHENTICATION_BACKENDS=["django.contrib.auth.backends.RemoteUserBackend"]):
        assert ann.fetch("/open").json()["user"] == "ann@example.com"
        assert nobody.fetch("/open").json()["user"] == "local"


def test_staff_use_the_admin(project: Callable[..., Stage]) -> None:
    here = project(STAFF_GROUPS=["Staff"], SUPERUSER_GROUPS=["Finance"])
    root = person(here, groups=["Staff", "Finance"])
    assert "Site administration" in root.get("/admin/").text
    listed = root.get("/admin/auth/user/")
    assert "ann@example.com" in listed.text
    form = root.get("/admin/auth/group/add/")
    (number,) = [at for at, each in enumerate(form.forms) if "name" in each.fields]
    assert root.follow(root.submit(form, number, name="Made in the admin")).status == 200
    assert person(here, sub="bob", groups=["Finance"]).get("/admin/").status == 302


def test_a_backend_that_takes_no_password(project: Callable[..., Stage]) -> None:
    from oidc_gate.django.backends import OIDCBackend

    here = project()
    assert person(here).fetch("/credentials").json() == {"user": "ann@example.com", "by password": None}
    assert OIDCBackend().authenticate(None) is None
    assert asyncio.run(OIDCBackend().aauthenticate(None, username="ann", password="x")) is None


@pytest.mark.parametrize("world", ["asgi"], indirect=True)
def test_a_consumer_of_channels_has_the_user(project: Callable[..., Stage], stage: StageFactory) -> None:
    from channels.generic.websocket import AsyncWebsocketConsumer
    from channels.routing import URLRouter
    from django.urls import path

    from oidc_gate.django.consumers import UserMiddleware

    seen = []

    class Talk(AsyncWebsocketConsumer):  # type: ignore[misc]
        async def connect(self) -> None:
            user = self.scope.get("user")
            seen.append(user.get_username() if hasattr(user, "get_username") else "none")
            await self.accept()

    project()
    here = stage(
        app=UserMiddleware(URLRouter([path("talk", Talk.as_asgi()), path("open", Talk.as_asgi())])), **SETTINGS
    )
    assert person(here).websocket("/talk").accepted
    here.browser().websocket("/open")
    person(here, sub="eve", groups=["Visitors"]).websocket("/open")
    assert seen == ["ann@example.com", "none", ""]


# What else can go wrong


def identity(**changed: Any) -> Identity:
    fields: dict[str, Any] = {
        "subject": "ann",
        "email": None,
        "name": None,
        "groups": (),
        "claims": {"sub": "ann"},
        "provider": "default",
        "issuer": "https://provider.test",
        "session_id": "s",
        "authenticated_at": 0.0,
        "expires_at": 1.0,
    }
    return Identity(**(fields | changed))


def test_two_processes_make_one_user() -> None:
    from oidc_gate.django.models import Account, account_key
    from oidc_gate.django.users import _new_account, user_of

    ann = identity()
    user = database(lambda: user_of(ann, "default"))
    late = database(lambda: _new_account(account_key(ann.issuer, ann.subject), ann))
    assert late.user == user
    assert users() == ["ann"]
    assert database(lambda: str(Account.objects.get())) == "ann at https://provider.test"


def meanwhile(happens: Callable[[], Any], *, times: int = 1) -> Callable[[Callable[[], Any]], Any]:
    """Return what does something, before whose first writes something else happens, in another process."""
    from django.db.models.signals import pre_save

    left = [times]

    def before(**_: Any) -> None:
        if left[0]:
            left[0] -= 1
            happens()

    def during(ask: Callable[[], Any]) -> Any:
        pre_save.connect(before)
        try:
            return database(ask)
        finally:
            pre_save.disconnect(before)

    return during


def test_two_processes_make_one_user_at_the_same_moment() -> None:
    from oidc_gate.django.users import user_of

    ann = identity()
    other: list[Any] = []
    user = meanwhile(lambda: other.append(database(lambda: user_of(ann, "default"))))(lambda: user_of(ann, "default"))
    assert [user] == other
    assert users() == ["ann"]


def test_somebody_else_gets_the_name_at_the_same_moment() -> None:
    from django.contrib.auth.models import User
    from django.db import IntegrityError

    from oidc_gate.django.users import user_of

    takes = meanwhile(lambda: database(lambda: User.objects.bulk_create([User(username="ann")])))
    user = takes(lambda: user_of(identity(), "default"))
    assert user.username.startswith("ann-")
    assert users() == ["ann", user.username]

    def refuses() -> None:
        raise IntegrityError("some constraint of the project's")

    with pytest.raises(IntegrityError):
        meanwhile(refuses, times=100)(lambda: user_of(identity(subject="bob"), "default"))


def test_sqlite_is_waited_for_while_another_process_writes() -> None:
    """It refuses at once where a transaction has read before it writes: with the first requests of somebody new."""
    from django.conf import settings
    from django.db import connection

    from oidc_gate.django.users import user_of

    began, tried = Event(), []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("INSERT"):
            tried.append(sql)
            began.set()
        return execute(sql, params, many, context)

    def first_visit() -> Any:
        with connection.execute_wrapper(note):
            return user_of(identity(), "default")

    with ThreadPoolExecutor(1) as pool, closing(sqlite3.connect(settings.DATABASES["default"]["NAME"])) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("INSERT INTO auth_group (name) VALUES ('meanwhile')")
        made = pool.submit(database, first_visit)
        assert began.wait(LIMIT)
        other.commit()
        assert made.result(LIMIT).username == "ann"
    assert [sql.partition(" (")[0] for sql in tried] == ['INSERT INTO "auth_user"', 'INSERT INTO "oidc_gate_account"']


def test_what_a_database_refuses_for_now_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import OperationalError, connection, transaction

    from oidc_gate.django import users as module
    from oidc_gate.django.users import user_of

    def visit(who: Identity, refused: int, *, inside: bool = False) -> Any:
        left = [refused]

        def refuse(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            if sql.startswith(("INSERT", "UPDATE")) and left[0]:
                left[0] -= 1
                raise OperationalError("deadlock detected")
            return execute(sql, params, many, context)

        def ask() -> Any:
            with connection.execute_wrapper(refuse), transaction.atomic() if inside else nullcontext():
                return user_of(who, "default")

        return database(ask)

    ann = identity()
    user = visit(ann, 3)
    assert visit(identity(name="Ann"), 3) == user
    assert users() == ["ann"]
    with pytest.raises(OperationalError):
        visit(identity(name="Ann Lee"), 1, inside=True)
    monkeypatch.setattr(module, "_PATIENCE", 0.0)
    with pytest.raises(OperationalError):
        visit(identity(name="Ann Lee"), 1)


def test_nothing_else_of_a_user_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """An administrator takes somebody out of use at the very moment at which they come with another name."""
    from django.contrib.auth.models import User

    from oidc_gate.django.users import user_of

    before = database(lambda: user_of(identity(), "default"))
    monkeypatch.setattr(User._meta.get_field("date_joined"), "auto_now", True)
    out_of_use = meanwhile(lambda: database(lambda: User.objects.update(is_active=False)))
    out_of_use(lambda: user_of(identity(name="Ann"), "default"))
    after = database(User.objects.get)
    assert (after.first_name, after.is_active) == ("Ann", False)
    assert after.date_joined > before.date_joined
    assert database(lambda: user_of(identity(name="Ann"), "default")) is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"STAFF": ["a"]},
            "OIDC_GATE: there is no STAFF. There are: GROUPS, STAFF_GROUPS, SUPERUSER_GROUPS, PROVIDERS.",
        ),
        ({"GROUPS": ["a"]}, "OIDC_GATE: GROUPS must be True or False."),
        ({"STAFF_GROUPS": "Staff"}, "OIDC_GATE: STAFF_GROUPS must be a list of texts."),
        ({"STAFF_GROUPS": [1]}, "OIDC_GATE: STAFF_GROUPS must be a list of texts."),
    ],
)
def test_a_mistake_in_the_projects_settings(given: dict[str, Any], said: str) -> None:
    from django.core.exceptions import ImproperlyConfigured
    from django.test import override_settings

    from oidc_gate.django.project import user_settings

    with override_settings(OIDC_GATE=given), pytest.raises(ImproperlyConfigured) as caught:
        user_settings()
    assert str(caught.value) == said


def test_the_middleware_wants_djangos_before_it() -> None:
    from django.core.exceptions import ImproperlyConfigured

    from oidc_gate.django import OIDCMiddleware

    with pytest.raises(ImproperlyConfigured, match="stands after"):
        OIDCMiddleware(lambda request: None)(object())


def test_the_migrations_make_the_models() -> None:
    from django.core.management import call_command

    database(lambda: call_command("makemigrations", "oidc_gate", check_changes=True, dry_run=True, verbosity=0))
