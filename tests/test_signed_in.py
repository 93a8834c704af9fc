"""`oidc_gate.testing`: somebody is signed in for a test client, and everything but the provider is the real thing."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from oidc_gate import access_token_for, identity_of
from oidc_gate.asgi import OIDCGate as ASGIGate
from oidc_gate.stores import open_store
from oidc_gate.testing import local_provider, session_cookies, signed_in
from oidc_gate.wsgi import OIDCGate as WSGIGate
from tests import django_project
from tests import framework_apps as apps
from tests.apps import COOKIE_SECRET, echo
from tests.browser import Browser, World
from tests.documents import page
from tests.patience import LIMIT
from tests.redis_servers import RedisServers
from tests.rule_gates import CLIENT
from tests.servers import free_port

#: As its entry point has it loaded where the package is installed.
pytest_plugins = ["pytest_oidc_gate"]

OPEN: dict[str, Any] = CLIENT | {"cookie_secret": COOKIE_SECRET}
SETTINGS: dict[str, Any] = OPEN | {
    "allow_groups": ["Staff", "Finance"],
    "rules": [{"path": "/finance", "allow": {"groups": "Finance"}, "max_age": "10m"}],
}
#: More than a cookie has room for, and more than all of them have.
LONG, TOO_LONG = (" ".join(sha256(str(each).encode()).hexdigest() for each in range(count)) for count in (160, 600))
#: The browser of this machine, for what stands on the page.
CHROMIUM = 'executable_path="/usr/bin/chromium", args=["--no-sandbox"]'
#: What a project with another port writes.
REGISTERED = """
import pytest


@pytest.fixture(scope="session")
def oidc_redirect_uris():
    return [f"http://localhost:{{port}}/oauth2/callback" for port in (8000, {port})]
"""
Ask = Callable[[str], tuple[int, Any]]
LOOP = asyncio.new_event_loop()


class Client(NamedTuple):
    """A test client, and how it asks: `ask(path)` returns the status, and the JSON of an answer that has some."""

    client: Any
    ask: Ask


def told(status: int, text: str) -> tuple[int, Any]:
    return status, json.loads(text) if text.startswith("{") else None


def of_httpx(client: Any) -> Client:
    def ask(path: str) -> tuple[int, Any]:
        answer = client.get(path, headers={"Accept": "application/json"})
        return told(answer.status_code, answer.text)

    return Client(client, ask)


def awaited(client: Any, get: Callable[[str], Coroutine[Any, Any, tuple[int, str]]]) -> Client:
    return Client(client, lambda path: told(*LOOP.run_until_complete(get(path))))


def flask() -> Client:
    app: Any = apps.flask_app()
    app.wsgi_app = WSGIGate(app.wsgi_app, **SETTINGS)
    return of_werkzeug(app.test_client())


def werkzeug() -> Client:
    from werkzeug.test import Client as WerkzeugClient

    return of_werkzeug(WerkzeugClient(WSGIGate(apps.flask_app(), **SETTINGS)))


def of_werkzeug(client: Any) -> Client:
    def ask(path: str) -> tuple[int, Any]:
        answer = client.get(path, headers={"Accept": "application/json"})
        return told(answer.status_code, answer.text)

    return Client(client, ask)


#: What `WSGI_APPLICATION` and `ASGI_APPLICATION` name.
PROJECT: dict[str, Any] = {}


def __getattr__(name: str) -> Any:
    if name in PROJECT:
        return PROJECT[name]
    raise AttributeError(name)


def project(gate: Any, name: str, world: World) -> None:
    """Put a gate in front of the Django project, where its settings say that its application is."""
    application = django_project.application(world)
    from django.conf import settings

    PROJECT[name] = gate(application, **SETTINGS)
    setattr(settings, name.upper(), f"{__name__}.{name}")


def django() -> Client:
    project(WSGIGate, "wsgi_application", "wsgi")
    from django.test import Client as DjangoClient

    client = DjangoClient()

    def ask(path: str) -> tuple[int, Any]:
        answer = client.get(path, headers={"accept": "application/json"})
        return told(answer.status_code, answer.content.decode())

    return Client(client, ask)


def async_django() -> Client:
    project(ASGIGate, "asgi_application", "asgi")
    from django.test import AsyncClient

    client = AsyncClient()

    async def get(path: str) -> tuple[int, str]:
        answer = await client.get(path, headers={"accept": "application/json"})
        return answer.status_code, answer.content.decode()

    return awaited(client, get)


def starlette() -> Client:
    from starlette.testclient import TestClient

    app: Any = apps.starlette_app()
    app.add_middleware(ASGIGate, **SETTINGS)
    return of_httpx(TestClient(app))


def fastapi() -> Client:
    from fastapi.testclient import TestClient

    return of_httpx(TestClient(ASGIGate(apps.fastapi_app(), **SETTINGS)))


def litestar() -> Client:
    from litestar.testing import TestClient

    gate: Any = ASGIGate(apps.litestar_app(), **SETTINGS)
    return of_httpx(TestClient(gate))


def quart() -> Client:
    app: Any = apps.quart_app()
    app.asgi_app = ASGIGate(app.asgi_app, **SETTINGS)
    client = app.test_client()

    async def get(path: str) -> tuple[int, str]:
        answer = await client.get(path, headers={"Accept": "application/json"})
        return answer.status_code, await answer.get_data(as_text=True)

    return awaited(client, get)


def httpx_wsgi() -> Client:
    import httpx

    gate: Any = WSGIGate(apps.flask_app(), **SETTINGS)
    return of_httpx(httpx.Client(transport=httpx.WSGITransport(gate), base_url="https://app.test"))


def httpx_asgi() -> Client:
    import httpx

    gate: Any = ASGIGate(apps.starlette_app(), **SETTINGS)
    client = httpx.AsyncClient(transport=httpx.ASGITransport(gate), base_url="https://app.test")

    async def get(path: str) -> tuple[int, str]:
        answer = await client.get(path)
        return answer.status_code, answer.text

    return awaited(client, get)


CLIENTS = [
    *(flask, werkzeug, django, async_django, starlette, fastapi, litestar, quart),
    *(httpx_wsgi, httpx_asgi),
]


@pytest.fixture
def known(request: pytest.FixtureRequest) -> Iterator[Client]:
    """Make a test client of each kind."""
    made: Client = request.param()
    yield made
    if hasattr(made.client, "aclose"):
        LOOP.run_until_complete(made.client.aclose())
    elif hasattr(made.client, "close") and made.client.__module__ != "litestar.testing.client.sync_client":
        made.client.close()


@pytest.fixture(scope="module", autouse=True)
def _loop_ends() -> Iterator[None]:
    yield
    LOOP.close()


@pytest.mark.parametrize("known", CLIENTS, indirect=True, ids=lambda make: make.__name__)
def test_somebody_is_signed_in_and_all_else_is_real(known: Client) -> None:
    client, ask = known
    assert signed_in(client, sub="ann", groups=["Staff", "Finance"]) is client
    for _ in range(3):  # the slow way through the gate, and the short one
        status, body = ask("/page")
        assert (status, body.get("subject") or body["identity"]) == (200, "ann")
    assert ask("/finance")[0] == 200
    signed_in(client, sub="bob", groups=["Staff"])
    assert ask("/finance")[0] == 403
    signed_in(client, sub="eve", groups=["Visitors"])
    assert ask("/page")[0] == 403
    signed_in(client, groups=["Finance"], auth_time=1)
    status, body = ask("/finance")
    assert (status, body["error"]) == (401, "insufficient_user_authentication")
    assert ask("/oauth2/userinfo")[1]["sub"] == "test-user"
    assert ask("/oauth2/logout")[0] == 200
    assert ask("/page")[0] == 401


def httpx_of(gate: Any, url: str = "https://app.test") -> Client:
    import httpx

    return of_httpx(httpx.Client(transport=httpx.WSGITransport(gate), base_url=url))


@pytest.mark.parametrize("store", ["cookie", "sqlite", "redis"])
def test_it_works_with_every_store(store: str, tmp_path: Path, redis_server: RedisServers) -> None:
    url = {"cookie": "cookie", "sqlite": f"sqlite:///{tmp_path}/sessions.db", "redis": redis_server.url}[store]
    gate = WSGIGate(apps.flask_app(), **SETTINGS, session_store=url)
    client, ask = httpx_of(gate)
    signed_in(client, sub="ann", groups=["Staff"], told=LONG)
    assert ask("/page")[1]["subject"] == "ann"
    assert len(client.cookies) == (1 if store != "cookie" else 3)
    signed_in(client, sub="bob", groups=["Staff"])
    assert ask("/page")[1]["subject"] == "bob"
    assert len(client.cookies) == 1
    if store != "cookie":
        opened = open_store(url, 5.0)
        assert len(list(opened.records())) == 2
    client.close()


@pytest.fixture
def stored(tmp_path: Path) -> Any:
    """Make a gate whose app answers with what it is told of who asks."""

    def app(environ: Any, start_response: Any) -> list[bytes]:
        who = identity_of(environ)
        start_response("200 OK", [])
        return [json.dumps({"claims": who and who.claims, "token": access_token_for(environ)}).encode()]

    more = {
        "session_store": f"sqlite:///{tmp_path}/sessions.db",
        "access_token_for_app": True,
        "session_claims": ["email", "gate"],
    }
    return WSGIGate(app, **(OPEN | more))


def test_claims_are_those_that_the_test_gives_and_no_others(stored: Any) -> None:
    client, ask = httpx_of(stored)
    signed_in(client, {"https://example.com/roles": ["a"], "gate": "North"}, email="ann@example.com", auth_time=None)
    told = {"iss": "https://provider.test", "sub": "test-user", "gate": "North", "email": "ann@example.com"}
    assert ask("/")[1]["claims"] == told
    client.close()


def test_an_app_gets_the_access_token_that_the_test_gives(stored: Any) -> None:
    client, ask = httpx_of(stored)
    assert ask("/")[0] == 401
    signed_in(client, access_token="a token")
    assert ask("/")[1]["token"] == "a token"
    signed_in(client)
    assert ask("/")[1]["token"] is None
    client.close()


def test_a_session_of_requests_and_any_other_client_gets_the_cookie(tmp_path: Path) -> None:
    import requests

    older = [COOKIE_SECRET, "another-secret-for-tests-that-was-the-one-before-9876543210"]
    gate = ASGIGate(echo("asgi"), **(OPEN | {"cookie_secret": older}))
    with requests.Session() as session:
        with pytest.raises(LookupError, match="No gate was found"):
            signed_in(session, url="http://127.0.0.1:8000")
        signed_in(session, gate=gate, url="http://127.0.0.1:8000")
        cookie: Any = next(iter(session.cookies))
        assert (cookie.domain, cookie.secure) == ("127.0.0.1", False)
    (name,) = session_cookies(gate, sub="ann")
    (secure_name,) = session_cookies(gate, url="https://app.test", sub="ann")
    assert (name, secure_name) == (cookie.name, f"__Host-{cookie.name}")


def test_an_app_behind_a_proxy_is_asked_over_http_all_the_same() -> None:
    client, ask = httpx_of(
        WSGIGate(apps.flask_app(), **OPEN, base_url="https://app.test"),
        "http://app.test",
    )
    assert ask("/page")[0] == 401
    signed_in(client)
    assert ask("/page")[1]["subject"] == "test-user"
    client.close()


def test_flask_with_a_name_of_its_own_and_a_cookie_for_the_whole_domain() -> None:
    app: Any = apps.flask_app()
    app.config.update(SERVER_NAME="app.example.com", PREFERRED_URL_SCHEME="https")
    app.wsgi_app = WSGIGate(app.wsgi_app, **SETTINGS, auth_cookie_domain="example.com")
    client, ask = of_werkzeug(app.test_client())
    signed_in(client, groups=["Staff"])
    assert ask("/page")[1]["subject"] == "test-user"
    assert client.get_cookie(next(iter(session_cookies(app, url="https://app.example.com"))), "example.com").domain


def test_with_several_providers_one_is_named() -> None:
    guests = CLIENT | {"issuer_url": "https://guests.test", "auth_id": "guests", "allow_all": True}
    gate = WSGIGate(apps.flask_app(), **(SETTINGS | {"providers": [guests], "rules": None}))
    client, ask = httpx_of(gate)
    signed_in(client, provider="guests")
    assert ask("/oauth2/userinfo")[1]["issuer"] == "https://guests.test"
    signed_in(client, provider="default", groups=["Staff"])
    assert ask("/oauth2/userinfo")[1]["issuer"] == "https://provider.test"
    with pytest.raises(ValueError, match=r"there is no gests\. There are: default, guests"):
        signed_in(client, provider="gests")
    client.close()


# What cannot be done


def without_a_gate() -> list[Any]:
    django_project.set_up()
    from django.conf import settings
    from django.test import Client as DjangoClient
    from starlette.testclient import TestClient

    settings.WSGI_APPLICATION = None
    return [
        apps.flask_app().test_client(),  # type: ignore[attr-defined]
        TestClient(apps.starlette_app()),
        DjangoClient(),
        httpx_of(apps.flask_app()).client,
    ]


def apps_behind_a_gate() -> list[Any]:
    """Return apps, the gate of their world, and what makes a client that asks an app, or the gate."""
    from starlette.testclient import TestClient
    from werkzeug.test import Client as WerkzeugClient

    return [
        (apps.flask_app(), WSGIGate, WerkzeugClient),
        (apps.flask_app(), WSGIGate, lambda asked: httpx_of(asked).client),
        (apps.starlette_app(), ASGIGate, TestClient),
    ]


def test_a_client_without_a_gate_in_front_is_told_so() -> None:
    clients = without_a_gate()
    from django.conf import settings
    from django.test import Client as DjangoClient

    for client in clients:
        with pytest.raises(LookupError, match=r"No gate was found in front .* signed_in\(client, gate=") as caught:
            signed_in(client)
        assert type(client).__name__ in str(caught.value)
    for app, gate_class, make in apps_behind_a_gate():
        gate = gate_class(app, **OPEN)
        with pytest.raises(LookupError, match=r"asks the app behind the gate, and would pass by the gate\. Give it"):
            signed_in(make(app), gate=gate)
        ask_through = make(gate)
        assert signed_in(ask_through, gate=gate) is ask_through
    settings.WSGI_APPLICATION = "nowhere.app"
    signed_in(DjangoClient(), gate=WSGIGate(echo("wsgi"), **OPEN))
    settings.WSGI_APPLICATION = None
    round_and_round: Any = apps.flask_app()
    round_and_round.app = round_and_round
    with pytest.raises(LookupError, match="No gate was found"):
        session_cookies(round_and_round)


def test_what_cannot_be_is_said() -> None:
    import httpx

    gate = WSGIGate(echo("wsgi"), **OPEN, auth_cookie_domain="example.com")
    client, _ = httpx_of(gate)
    urls = ("app.test", "localhost:80", "ftp://app.test", "http:///x")
    wrongs: list[tuple[dict[str, Any], str]] = [
        ({"sub": ""}, "sub must be a text"),
        ({"sub": None}, "sub must be a text"),
        ({"seen": {1, 2}}, "what JSON can say"),
        ({"weight": float("nan")}, "what JSON can say"),
        ({"long": TOO_LONG}, "the claims fill"),
        ({"access_token": "a token"}, "access_token_for_app"),
        ({}, "does not go to https://app.test"),
        *(({"url": url}, f"whole, like http://localhost: '{url}' is not") for url in urls),
    ]
    for wrong, match in wrongs:
        with pytest.raises(ValueError, match=match):
            signed_in(client, **wrong)
    with pytest.raises(ValueError, match="no base URL"):
        signed_in(httpx_of(gate, "").client)
    with pytest.raises(TypeError, match=r"does not know a builtins\.object"):
        signed_in(object())
    with pytest.raises(ValueError, match=r"whole, like http://localhost: 'app\.test' is not"):
        session_cookies(gate, url="app.test")
    for given in ("ann", "", ["ann"]):
        said = f'Claims are keywords, like sub="ann", or a mapping, like {{"sub": "ann"}}, and not {given!r}.'
        for sign_in in (lambda given=given: signed_in(client, given), lambda given=given: session_cookies(gate, given)):
            with pytest.raises(TypeError) as caught:
                sign_in()
            assert str(caught.value) == said
    with pytest.raises(TypeError, match="gate is the OIDCGate in front of the app, and not a Flask"):
        signed_in(client, gate=apps.flask_app())  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"Client is a client for the gate of oidc_gate\.wsgi"):
        signed_in(django().client, gate=ASGIGate(echo("asgi"), **OPEN))
    assert httpx.__name__


def test_djangos_client_keeps_what_it_has_of_a_handler() -> None:
    client, ask = django()
    signed_in(signed_in(client, groups=["Staff"]), groups=["Staff"])
    assert client.handler.enforce_csrf_checks is False
    assert ask("/oauth2/health") == (200, {"status": "ok"})
    awaiting, _ = async_django()
    signed_in(awaiting, groups=["Staff"])
    assert awaiting.handler.enforce_csrf_checks is False
    posted = LOOP.run_until_complete(awaiting.post("/oauth2/backchannel-logout", {"logout_token": "none"}))
    assert (posted.status_code, posted.asgi_request.path) == (400, "/oauth2/backchannel-logout")


# From end to end, and pytest's plugin

PLUGIN = """
import sys

HEAVY = [name for name in sys.modules if name.partition(".")[0] in ("oidc_gate", "authlib", "werkzeug", "asgiref")]

def test_nothing_is_loaded_until_a_fixture_is_used():
    assert HEAVY == []

def test_somebody_is_signed_in(oidc_signed_in):
    from flask import Flask, request
    from oidc_gate import identity_of
    from oidc_gate.wsgi import OIDCGate

    app = Flask("app")
    app.get("/")(lambda: identity_of(request).subject)
    app.wsgi_app = OIDCGate(
        app.wsgi_app,
        issuer_url="https://provider.test",
        client_id="a",
        client_secret="b",
        cookie_secret="hkRfmXTMYNmtjqLkXAbkzKJ2Ay5OZhpd"
    )
    assert oidc_signed_in(app.test_client(), sub="ann").get("/").text == "ann"
"""


def test_the_examples_of_the_page_on_tests_run(tmp_path: Path) -> None:
    """The port is a free one, and the browser the machine's, with as much time as it takes."""
    port = free_port()
    for shown in page("docs/testing.md").blocks("python"):
        text = shown.text
        if shown.title == "test_in_a_browser.py":
            text = text.replace("8000", str(port)).replace("launch()", f"launch({CHROMIUM})")
            text = text.replace(".new_page()", f".new_page(); page.set_default_timeout({1000 * LIMIT})")
        (tmp_path / shown.title).write_text(text)
    with (tmp_path / "conftest.py").open("a") as more:
        more.write(REGISTERED.format(port=port))
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "pytest_oidc_gate", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert "6 passed" in done.stdout, done.stdout + done.stderr


def test_the_plugin_loads_nothing_until_it_is_used(tmp_path: Path) -> None:
    (tmp_path / "test_app.py").write_text(PLUGIN)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "pytest_oidc_gate", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_somebody_signs_in_at_the_provider_for_tests(oidc_provider: Any) -> None:
    assert {person.username for person in oidc_provider.people} == {"ada", "grace", "eve"}
    gate = WSGIGate(apps.flask_app(), **oidc_provider.settings)
    browser = Browser(gate, "wsgi", origin="http://localhost:8000")
    form = browser.navigate("/page")
    answer = browser.follow(browser.submit(form, username="ada", password="engine"))
    assert (answer.json()["subject"], answer.json()["remote_user"]) == ("ada", "ada@example.com")


def test_the_provider_for_tests_wants_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oidc_gate.testing.end_to_end.find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match="oidc-gate\\[demo\\]"), local_provider():
        pass
