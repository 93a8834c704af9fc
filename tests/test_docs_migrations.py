"""docs/from-flask-oidc.md and docs/from-mozilla-django-oidc.md, done: the apps afterwards do what the pages say."""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from oidc_gate.testing import session_cookies
from oidc_gate.wsgi import OIDCGate
from tests import django_project
from tests.access_tokens import access_token
from tests.apps import COOKIE_SECRET
from tests.asgi_driver import GATES
from tests.browser import Browser
from tests.documents import ROOT
from tests.providers.local import LocalProvider
from tests.test_django_users import database, patterns
from tests.test_reload import toml

PAGES = {name: (ROOT / "docs" / f"from-{name}.md").read_text("utf-8") for name in ("flask-oidc", "mozilla-django-oidc")}


def file(page: str, name: str) -> str:
    """Return the block whose first line is a comment that begins with this file's name."""
    blocks = re.findall(r"^```\w+\n(# .*?)^```$", PAGES[page], re.MULTILINE | re.DOTALL)
    (found,) = [text for text in blocks if re.match(rf"# {re.escape(name)}[:,]? ?.*\n", text)]
    return str(found)


def run(page: str, name: str, **defined: Any) -> dict[str, Any]:
    defined["__name__"] = name
    exec(compile(file(page, name), name, "exec"), defined)
    return defined


@pytest.fixture
def configured(provider: LocalProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Have the settings of a page be those of the gate that is made next, as a client of the tests' provider."""

    def configure(page: str) -> None:
        own = tomllib.loads(file(page, "gate.toml"))
        provider.add_client("app", auth_method=own["client_auth_method"])
        secret_files = [own.pop(f"{name}_secret_file") for name in ("client", "cookie")]
        assert secret_files == ["/run/secrets/client_secret", "/run/secrets/cookie_secret"]
        here = provider.gate_options(cookie_secret=COOKIE_SECRET)
        rules = own.pop("rules", [])
        tables = "".join(f"[[rules]]\n{toml(rule)}" for rule in rules)
        (tmp_path / "gate.toml").write_text(toml(own | here, tables))
        monkeypatch.setenv("OIDC_GATE_CONFIG", str(tmp_path / "gate.toml"))

    return configure


def browser_at(gate: Any) -> Browser:
    GATES.append(gate)
    return Browser(gate, "wsgi", origin="https://app.example.com")


# Flask-OIDC

ROWS = re.findall(r"^\| (.+?) \| `GET (\S+)` \| (\d+) \|$", PAGES["flask-oidc"], re.MULTILINE)


def test_the_flask_app_does_what_the_table_says(provider: LocalProvider, configured: Callable[[str], None]) -> None:
    configured("flask-oidc")
    gate = run("flask-oidc", "after.py")["app"].wsgi_app
    ada = browser_at(gate)
    assert ada.navigate("/profile").text == "Hello Ada Lovelace"
    assert len(ROWS) == 7
    for who, path, status in ROWS:
        browser = ada if who == "Ada" else browser_at(gate)
        if "token" in who:
            scope = "reports:read" if who.startswith("a token with ") else "openid"
            token = access_token(provider, aud="https://app.example.com/api", scope=scope)
            answer = browser.get(path, headers={"Authorization": f"Bearer {token}"})
        else:
            answer = browser.get(path, navigate=True) if who == "nobody" else browser.fetch(path)
        assert answer.status == int(status), (who, path, answer)


def test_all_that_is_demanded_of_a_token_is_written_as_the_page_says() -> None:
    from oidc_gate.flask import require

    (text,) = re.findall(r"for all of them `(.*?)` \|", PAGES["flask-oidc"])
    assert eval(text, {"require": require}) is not None


# mozilla-django-oidc


@pytest.fixture
def project() -> Iterator[dict[str, Any]]:
    """Set the project's settings to those of the page."""
    django_project.set_up()
    from django.contrib.auth.models import User
    from django.test import override_settings

    settings = run("mozilla-django-oidc", "settings.py")
    names = ("MIDDLEWARE", "AUTHENTICATION_BACKENDS", "LOGIN_URL", "OIDC_GATE")
    with override_settings(**{name: settings[name] for name in names}):
        yield settings
    database(User.objects.all().delete)


def linked(
    provider: LocalProvider, folder: Path, people: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run the page's script with this list of people: address and subject."""
    with (folder / "people.csv").open("w", newline="") as file_:
        csv.writer(file_).writerows([("email", "sub"), *people])
    monkeypatch.chdir(folder)
    script = file("mozilla-django-oidc", "link_people.py").replace("https://id.example.com", provider.issuer)
    database(lambda: exec(compile(script, "link_people.py", "exec"), {}))


def test_users_of_before_are_kept_and_others_are_new(
    provider: LocalProvider,
    project: dict[str, Any],
    configured: Callable[[str], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from django.contrib.auth.models import Group, User

    def users_of_before() -> None:
        old = User.objects.create_user("uZpSTtJBVHmFJfv0RhMmwAeHXYo", email="ada@example.com", is_staff=True)
        old.groups.add(Group.objects.get_or_create(name="Editors")[0])
        for number in range(2):
            User.objects.create_user(f"twin-{number}", email="twin@example.com")

    database(users_of_before)
    people = [("ADA@example.com", "ada-1815"), ("nobody@example.com", "n"), ("twin@example.com", "t")]
    linked(provider, tmp_path, people, monkeypatch)
    assert capsys.readouterr().out == "nobody@example.com: 0 users\ntwin@example.com: 2 users\n"
    linked(provider, tmp_path, [("twin-0@example.com", "x"), ("ada@example.com", "ada-1815")], monkeypatch)
    assert capsys.readouterr().out == "twin-0@example.com: 0 users\n"

    configured("mozilla-django-oidc")
    django_project.application("wsgi", patterns)
    gate = run("mozilla-django-oidc", "wsgi.py")["application"]
    ada = browser_at(gate)
    seen = ada.navigate("/who").json()
    assert (seen["user"], seen["groups"], seen["is_staff"]) == ("uZpSTtJBVHmFJfv0RhMmwAeHXYo", ["Editors"], True)
    assert (seen["first_name"], seen["email"]) == ("Ada Lovelace", "ada@example.com")
    grace = browser_at(gate)
    for name, value in session_cookies(gate, sub="grace", email="ada@example.com", url=grace.origin).items():
        grace.cookies.set(name, value)
    assert grace.fetch("/who").json()["user"] == "ada@example.com"
    assert browser_at(gate).get("/about").status == 404, "the project answers"
    assert browser_at(gate).fetch("/who").status == 401


def test_a_site_that_is_open_but_for_what_the_project_guards(provider: LocalProvider) -> None:
    (text,) = re.findall(r"^```toml\n(\[\[rules\]\]\n.*?)^```$", PAGES["mozilla-django-oidc"], re.MULTILINE | re.DOTALL)
    settings = provider.gate_options(cookie_secret=COOKIE_SECRET, **tomllib.loads(text))
    assert browser_at(OIDCGate(open_site, **settings)).navigate("/any/page").text == "open"


def open_site(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"open"]
