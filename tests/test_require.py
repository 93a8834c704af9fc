"""`require` of all frameworks: it speaks the language of rules, and answers as a rule does, by the gate itself."""

from __future__ import annotations

import json
import pickle
import re
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Annotated, Any, Protocol, TypedDict, get_type_hints

import pytest

from oidc_gate import SettingsError
from oidc_gate.testing import session_cookies
from tests import django_project, requiring_apps
from tests.access_tokens import TAKING, Program, access_token
from tests.answers import Answer
from tests.browser import Browser, World
from tests.conftest import StageFactory
from tests.documents import page
from tests.providers.local import LocalProvider
from tests.requiring_apps import DEMANDS, rules
from tests.stage import Stage, is_login
from tests.test_django_users import MIDDLEWARE
from tests.test_kept_forms import is_lost, kept, sign_in

FRAMEWORKS = [
    ("wsgi", "flask_app"),
    ("asgi", "starlette_app"),
    ("asgi", "fastapi_app"),
    ("asgi", "flask_in_asgiref"),
    ("asgi", "flask_in_a2wsgi"),
    ("wsgi", "starlette_in_a2wsgi"),
    ("wsgi", "django"),
    ("asgi", "django"),
]
#: Who may come at all, and where nobody needs to.
DOOR: dict[str, Any] = {"allow_groups": ["Staff", "Finance", "Board"], "public_paths": ["/open"]}
HTMX = {"HX-Request": "true", "Accept": "*/*", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
GRPC = {"Content-Type": "application/grpc-web+proto", "Accept": "*/*", "Sec-Fetch-Mode": "cors"}

frameworks = pytest.mark.parametrize(("world", "name"), FRAMEWORKS, indirect=["world"])


def app_of(name: str, world: World) -> Any:
    if name == "django":
        return django_project.application(world, requiring_apps.django_views)
    return getattr(requiring_apps, name)()


def person(here: Stage, at: str = "", **claims: Any) -> Browser:
    """Return a browser in which somebody with these claims is signed in, who signed in this moment."""
    browser = here.browser()
    usual = {"sub": "ann", "email": "ann@example.com", "acr": "pwd"}
    for name, value in session_cookies(here.gate, usual | claims, url=browser.origin, provider=at).items():
        browser.cookies.set(name, value)
    return browser


KINDS: dict[str, Callable[[Browser, str], Answer]] = {
    "page": lambda browser, path: browser.get(path),
    "script": lambda browser, path: browser.fetch(path),
    "form": lambda browser, path: browser.post(path, form={"a": "b"}),
    "frame": lambda browser, path: browser.get(path, headers={"Sec-Fetch-Dest": "iframe"}),
    "htmx": lambda browser, path: browser.fetch(path, headers=HTMX),
    "grpc-web": lambda browser, path: browser.fetch(path, headers=GRPC),
}


def told(answer: Answer) -> tuple[int, dict[str, list[str]], str]:
    """Return an answer without what differs from time to time: references, states, seals."""
    headers: dict[str, list[str]] = {}
    for name, value in sorted(answer.headers):
        if name.lower() not in ("content-length", "vary", "location", "set-cookie"):
            headers.setdefault(name.lower(), []).append(re.sub(r"step_up=[\w-]+", "step_up=n", value))
    where = re.sub(r"(state|nonce|code_challenge)=[^&]+", r"\1=…", answer.target) if answer.target else ""
    body = re.sub(r"step_up=[\w-]+", "step_up=n", answer.text)
    return answer.status, headers | {"location": [where]}, re.sub(r"\b[0-9a-f]{10}\b", "reference", body)


@frameworks
def test_it_answers_as_a_rule_does(stage: StageFactory, name: str, world: World) -> None:
    door = DOOR | {"keep_posts": False}  # what is kept differs each time
    coded, ruled = stage(app=app_of(name, world), **door, audit=True), stage(rules=rules(), **door)
    now = int(coded.clock())
    people: list[dict[str, Any]] = [
        {"groups": ["Finance"], "auth_time": now},
        {"groups": ["Staff"], "auth_time": now - 601, "acr": "mfa"},
        {"groups": ["Board"], "auth_time": None, "email_verified": False},
    ]
    outcomes = set()
    for claims in people:
        for path in DEMANDS:
            for kind, ask in KINDS.items():
                if kind != "page" and path in ("/several", "/anybody", "/machines", "/both"):
                    continue
                if kind == "form" and path == "/strong" and name.startswith("starlette"):
                    continue  # its route takes no form
                by_code, by_rule = ask(person(coded, **claims), path), ask(person(ruled, **claims), path)
                if by_rule.status == 200 and kind != "grpc-web":
                    assert (by_code.status, by_code.text) == (200, "ann"), (path, kind, by_code)
                elif by_rule.text[:1] != "{" or "subject" not in by_rule.text:
                    assert told(by_code) == told(by_rule), (path, kind)
                outcomes.add(by_rule.status)
    assert outcomes == {200, 302, 401, 403}


@frameworks
def test_on_a_place_for_anyone_it_lets_those_in_whom_a_rule_would(stage: StageFactory, name: str, world: World) -> None:
    """There the gate tells the app of everybody who is signed in, of those too whom its lists do not let in."""
    public = ["/open", "/anybody", "/finance"]
    here = stage(app=app_of(name, world), **(DOOR | {"public_paths": public}))
    nobody, ann = here.browser(), person(here, groups=["Finance"])
    eve = person(here, sub="eve", groups=["Visitors"])
    assert [nobody.fetch("/open").text, ann.fetch("/open").text, eve.fetch("/open").text] == ["nobody", "ann", "eve"]
    assert [each.fetch("/anybody").status for each in (nobody, ann, eve)] == [401, 200, 403]
    assert [each.fetch("/finance").status for each in (nobody, ann, eve)] == [401, 200, 403]
    assert nobody.fetch("/finance").json() == {"error": "login_required", "login_url": "/oauth2/login"}
    sent = nobody.get("/finance")
    assert is_login(sent, here.provider)
    assert sent.header_list("set-cookie")
    assert nobody.follow(sent).status == 403  # ada, who is of no such group
    for forged in ("Oidc-Gate.Identity", "Oidc_Gate_Gate", "X-Forwarded-User", "X-Forwarded-Groups"):
        assert here.browser().fetch("/finance", headers={forged: "Finance"}).status == 401


MULTIPART = "multipart/form-data; boundary=x"
PARTS = b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\nlong work\r\n--x--\r\n'


def ann_at(here: Stage) -> Browser:
    here.provider.user = {"sub": "ann", "email": "ann@example.com", "email_verified": True, "groups": ["Staff"]}
    return here.signed_in("/open")


def send(browser: Browser, path: str = "/taken", kind: str = MULTIPART, body: bytes = PARTS) -> Answer:
    return browser.post(path, body=body, content_type=kind)


@frameworks
def test_a_form_is_kept_for_a_newer_sign_in(stage: StageFactory, name: str, world: World) -> None:
    """As a rule's is: docs/kept-forms.md."""
    here = stage(app=app_of(name, world))
    browser = ann_at(here)
    assert send(browser).text == "ann long work"
    here.clock.advance(700)
    paths = ["/taken", "/taken-in-time"] if name == "django" else ["/taken"]
    asked = [send(browser, path) for path in paths]
    asked += [send(browser, kind="application/x-www-form-urlencoded", body=b"text=long+work")]
    sign_in(browser, asked[0])
    for each in asked:
        assert kept(each)
        assert browser.submit(each).text == "ann long work"


@frameworks
def test_a_form_is_kept_where_nobody_has_to_be_signed_in(stage: StageFactory, name: str, world: World) -> None:
    here = stage(app=app_of(name, world), public_paths=["/taken"])
    browser = ann_at(here)
    here.clock.advance(3601)
    page = send(browser)
    assert kept(page)
    sign_in(browser, page)
    again = browser.submit(page)  # the provider still knew her, and a newer sign-in is wanted
    assert kept(again)
    sign_in(browser, again)
    assert browser.submit(again).text == "ann long work"
    assert is_lost(send(here.browser())), "nobody ever was signed in"


@frameworks
def test_a_form_that_the_app_has_read_is_not_kept(
    stage: StageFactory, name: str, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    here = stage(app=app_of(name, world), public_paths=["/read"], audit=True)
    browser = ann_at(here)
    assert send(browser, "/read").text == "ann long work"
    here.clock.advance(3601)
    caplog.clear()
    assert is_lost(send(browser, "/read"))
    told_of = [record for record in caplog.records if record.name == "oidc_gate.audit"]
    assert len(told_of) == 1, [record.getMessage() for record in caplog.records]


@frameworks
def test_a_form_that_is_too_large_to_keep_is_refused(stage: StageFactory, name: str, world: World) -> None:
    here = stage(app=app_of(name, world))
    browser = ann_at(here)
    here.clock.advance(700)
    page = send(browser, kind="application/x-www-form-urlencoded", body=b"text=" + b"x" * 2**20)
    assert (page.status, page.forms) == (413, [])


@frameworks
def test_nobody_passes_where_no_gate_stands_in_front(name: str, world: World) -> None:
    browser = Browser(app_of(name, world), world)
    for headers in ({}, {"Oidc-Gate.Gate": "x", "X-Forwarded-User": "ann", "Remote-User": "ann"}):
        if name in ("starlette_app", "fastapi_app"):  # they answer, and hand the error on
            with pytest.raises(RuntimeError, match="No oidc_gate stands in front"):
                browser.fetch("/finance", headers=headers)
        else:
            assert browser.fetch("/finance", headers=headers).status == 500


@frameworks
def test_a_part_of_an_app_is_guarded_as_a_whole(stage: StageFactory, name: str, world: World) -> None:
    here = stage(app=app_of(name, world), **DOOR)
    paths = {"flask_app": ["/part"], "starlette_app": ["/part", "/mounted/part"]}.get(name, ["/part"])
    for path in paths:
        assert person(here, groups=["Finance"]).fetch(path).status == 200
        assert person(here, groups=["Staff"]).fetch(path).status == 403


@pytest.fixture
def _levels(provider: LocalProvider) -> None:
    provider.usual_acr, provider.acrs = "pwd", ("mfa", "phr")


@pytest.mark.usefixtures("_levels")
@frameworks
def test_a_person_steps_up_and_comes_back(stage: StageFactory, name: str, world: World) -> None:
    here = stage(app=app_of(name, world))
    ada = here.browser()
    assert ada.navigate("/open").status == 200
    assert ada.fetch("/strong").status == 401
    page = ada.navigate("/strong")
    assert (page.status, page.text) == (200, "ada-1815")
    here.provider.acrs = ()
    unmet = here.browser().navigate("/strong")
    assert unmet.status == 403
    assert "phr or mfa" in unmet.text
    login_url = here.signed_in("/open").fetch("/strong").json()["login_url"]
    here.provider.acrs = ("mfa", "phr")
    assert here.signed_in("/open").navigate(f"{login_url}&next=/strong").status == 200


@pytest.mark.parametrize(("world", "name"), [("wsgi", "flask_app"), ("asgi", "starlette_app")], indirect=["world"])
def test_with_several_providers_each_has_its_own_lists(stage: StageFactory, name: str, world: World) -> None:
    with LocalProvider() as other:
        guests = other.client_options() | {"auth_id": "guests", "allow_groups": ["Guests"]}
        here = stage(app=app_of(name, world), **(DOOR | {"public_paths": list(DEMANDS)}), providers=[guests])
        assert person(here, groups=["Finance"]).fetch("/anybody").status == 200
        assert person(here, groups=["Guests"]).fetch("/anybody").status == 403
        assert person(here, groups=["Guests"], at="guests").fetch("/anybody").status == 200
        assert person(here, groups=["Finance"], at="guests").fetch("/anybody").status == 403
        assert person(here, groups=["Finance"]).fetch("/both").status == 200
        assert person(here, groups=["Finance", "Guests"], at="guests").fetch("/both").status == 403
        assert is_login(here.browser().get("/both"), here.provider)
        try:
            assert person(here, groups=["Finance"]).fetch("/finance").status == 500
        except SettingsError as error:
            assert "require: goes by groups, and there are several providers" in str(error)  # noqa: PT017
        sent = person(here, groups=["Guests"], at="guests").get("/strong")
        assert "callback%2Fguests" in sent.target
        assert here.browser().get("/anybody").target.startswith("https://app.test/oauth2/login?next=/anybody")


@pytest.mark.parametrize(("world", "name"), [("wsgi", "flask_app"), ("asgi", "fastapi_app")], indirect=["world"])
def test_a_program_gets_what_its_token_lacks(
    stage: StageFactory, provider: LocalProvider, name: str, world: World
) -> None:
    coded, ruled = stage(app=app_of(name, world), **TAKING), stage(rules=rules(), **TAKING)
    good, poor = access_token(provider, scope="api:admin"), access_token(provider, scope="api:read")
    assert Program(coded).ask("/machines", good).status == 200
    for path in ("/machines", "/strong", "/finance"):
        assert told(Program(coded).ask(path, poor)) == told(Program(ruled).ask(path, poor))
    challenge = Program(coded).ask("/machines", poor).header("www-authenticate")
    assert 'error="insufficient_scope"' in challenge
    assert 'scope="api:admin"' in challenge
    if name == "fastapi_app":
        both = access_token(provider, scope="api:admin api:read")
        asked = [
            Program(coded).ask(path, each).status for path in ("/one-scope", "/two-scopes") for each in (both, poor)
        ]
        assert asked == [200, 200, 200, 403]


def test_the_provider_need_not_be_known_yet(stage: StageFactory, world: World) -> None:
    names = ("flask_app", "starlette_in_a2wsgi") if world == "wsgi" else ("starlette_app", "flask_in_asgiref")
    for name in names:
        here = stage(app=app_of(name, world), public_paths=["/finance"])
        assert is_login(here.browser().get("/finance"), here.provider)
    here.provider.stop()
    for name in names:
        down = Stage(world, here.provider, app=app_of(name, world), public_paths=["/finance"])
        assert down.browser().get("/finance").status == 503


@pytest.mark.parametrize("world", ["asgi"], indirect=True)
@pytest.mark.parametrize("name", ["starlette_app", "fastapi_app"])
def test_a_websocket_is_refused_before_it_is_accepted(stage: StageFactory, name: str, world: World) -> None:
    here = stage(app=app_of(name, world), **DOOR)
    assert person(here, groups=["Finance"]).websocket("/talk").accepted
    assert not person(here, groups=["Staff"]).websocket("/talk").accepted
    if name == "starlette_app":
        assert person(here, groups=["Finance"]).websocket("/talk-in-class").accepted
        assert not person(here, groups=["Staff"]).websocket("/talk-in-class").accepted


# Frameworks' own ways


def test_an_apps_own_page_for_403_stands(stage: StageFactory, world: World) -> None:
    app: Any = app_of("flask_app" if world == "wsgi" else "fastapi_app", world)
    if world == "wsgi":
        app.errorhandler(403)(lambda error: ("our own page", 403))
    else:
        from starlette.responses import PlainTextResponse

        async def own_page(request: Any, error: Any) -> Any:
            assert error.reply.status == 403
            return PlainTextResponse("our own page", 403)

        app.add_exception_handler(403, own_page)
    here = stage(app=app, **DOOR)
    answer = person(here, groups=["Staff"]).fetch("/finance")
    assert (answer.status, answer.text) == (403, "our own page")


@pytest.mark.parametrize("world", ["asgi"], indirect=True)
@pytest.mark.parametrize("name", ["starlette_app", "fastapi_app"])
def test_a_handler_for_refusals_has_its_say_and_one_for_all_statuses_has_not(
    stage: StageFactory, name: str, world: World
) -> None:
    from starlette.exceptions import HTTPException
    from starlette.responses import PlainTextResponse

    from oidc_gate.starlette import RefusedError

    async def own_page(request: Any, error: Any) -> Any:
        return PlainTextResponse("our own page", error.status_code)

    app = app_of(name, world)
    app.add_exception_handler(HTTPException, own_page)
    here = stage(app=app, **(DOOR | {"public_paths": ["/finance"]}))
    refused = person(here, groups=["Staff"]).fetch("/finance")
    assert (refused.status, refused.json()["error"]) == (403, "not_allowed")
    assert is_login(here.browser().get("/finance"), here.provider)
    assert person(here, groups=["Staff"]).get("/nowhere").text == "our own page"
    app = app_of(name, world)
    app.add_exception_handler(RefusedError, own_page)
    refused = person(stage(app=app, **DOOR), groups=["Staff"]).fetch("/finance")
    assert (refused.status, refused.text) == (403, "our own page")


@pytest.mark.parametrize("world", ["asgi"], indirect=True)
@pytest.mark.parametrize("takes_tokens", [False, True])
def test_the_description_of_an_api_tells_how_to_come_in(stage: StageFactory, takes_tokens: bool, world: World) -> None:
    here = stage(app=app_of("fastapi_app", world), **(TAKING if takes_tokens else {}))
    ada = here.signed_in("/docs")
    described = ada.fetch("/openapi.json").json()
    schemes = described["components"]["securitySchemes"]
    assert schemes["login"] == {
        "type": "apiKey",
        "in": "cookie",
        "name": here.session_name,
        "description": "Sign in with the browser, at /oauth2/login; its cookie goes along by itself.",
    }
    if takes_tokens:
        assert schemes["token"]["openIdConnectUrl"] == f"{here.provider.issuer}/.well-known/openid-configuration"
        assert described["paths"]["/machines"]["get"]["security"] == [{"login": []}, {"token": ["api:admin"]}]
    else:
        assert schemes.keys() == {"login"}
        assert described["paths"]["/anybody"]["get"]["security"] == [{"login": []}]
    assert "security" not in described["paths"]["/open"]["get"]
    assert app_of("fastapi_app", world).openapi()["components"]["securitySchemes"]["login"]["name"] == "oidc_gate"


# What cannot be demanded


@pytest.mark.parametrize(
    ("demands", "said"),
    [
        ({"group": "Finance"}, "require: group is nothing that can be asked for. There are: emails, domains, groups"),
        ({"path": "/x"}, "require: path is nothing that can be asked for"),
        ({"groups": "A", "allow": {"emails": "a@b.c"}}, "require: takes either conditions or allow"),
        ({"allow": "anyone"}, "require: anyone needs no gate"),
        ({"allow": "nobody"}, "require: nobody needs no gate"),
        ({"groups": []}, r"require: allow.groups is an empty list"),
        ({"groups": None}, "require: groups is None, and nothing would be asked for in its place; give it a value"),
        ({"groups": "A", "max_age": None}, "require: max_age is None"),
        ({"allow": None}, "require: allow is None"),
        ({"help": None, "name": None, "groups": None}, "require: groups is None"),
        ({"group": "A"}, "require: group is nothing that can be asked for"),
        ({"max_age": 0}, "require: max_age must be at least 1 second"),
        ({"acr": "two words"}, "require: acr: 'two words' must be printable"),
    ],
)
def test_a_mistake_is_found_as_the_app_is_loaded(demands: dict[str, Any], said: str) -> None:
    from oidc_gate.flask import require

    with pytest.raises(SettingsError) as caught:
        require(**demands)
    assert str(caught.value).startswith(said)


def test_scopes_with_a_star_are_no_scopes_that_a_login_can_ask_for() -> None:
    from oidc_gate.fastapi import require

    token = require(scopes=["api:*", "admin"]).__signature__.parameters["_token"]
    assert token.default.scopes == ["admin"]


def test_it_takes_what_a_rule_takes() -> None:
    from oidc_gate.flask import require

    assert repr(require(groups="A", claims={"department": "B"})) == "<require all of (group A; claim department B)>"
    assert repr(require(allow={"not": {"groups": "A"}}, help=None, name=None)).startswith("<require not")


def takes_nothing() -> None:
    """Take nothing."""


def takes_others(item: int, within: Annotated[str, "query"]) -> None:
    """Take what FastAPI makes of a request."""


@pytest.mark.parametrize("endpoint", [takes_nothing, takes_others])
def test_an_endpoint_without_a_request_is_refused_as_the_app_is_loaded(endpoint: Any) -> None:
    from oidc_gate.starlette import require

    with pytest.raises(SettingsError) as caught:
        require()(endpoint)
    assert str(caught.value) == (
        f"require: {endpoint.__name__} takes no request; give it a parameter for that, like request: Request, or"
        " websocket: WebSocket. In FastAPI Depends(require(…)), of oidc_gate.fastapi, needs none."
    )


def endpoints_that_may_take_a_request() -> list[Any]:
    from functools import partial, wraps

    from starlette.requests import HTTPConnection, Request
    from starlette.websockets import WebSocket

    class Own(Request):
        """A request of an app's own."""

    class Like(Protocol):
        url: Any

    class Body(TypedDict):
        name: str

    def own_name(item: int, connection: Own) -> None: ...
    def websocket(talk: WebSocket) -> None: ...
    def either(connection: HTTPConnection) -> None: ...
    def mapping(scope: Mapping[str, Any]) -> None: ...
    def plain_mapping(scope: Mapping) -> None: ...  # type: ignore[type-arg]
    def protocol(like: Like) -> None: ...
    def untyped(anything) -> None: ...  # type: ignore[no-untyped-def]
    def any_type(anything: Any) -> None: ...
    def wrongly_typed(request: dict) -> None: ...  # type: ignore[type-arg]
    def not_there(item: Later) -> None: ...  # type: ignore[name-defined]  # noqa: F821
    def all_sent(*args: int) -> None: ...
    def body_first(body: Body, connection: Own) -> None: ...

    typed = (own_name, websocket, either, mapping, plain_mapping, protocol, any_type, wrongly_typed, all_sent)
    for each in (*typed, body_first):
        each.__annotations__ = get_type_hints(each, localns=locals())

    @wraps(takes_others)
    def wrapped(request: Any) -> None: ...

    return [
        *(own_name, websocket, either, mapping, plain_mapping, protocol, untyped, any_type, wrongly_typed, not_there),
        *(all_sent, body_first, wrapped, partial(own_name, 1), print),
    ]


def test_an_endpoint_that_may_take_a_request_is_not_refused() -> None:
    import asyncio

    from oidc_gate.starlette import require

    for endpoint in endpoints_that_may_take_a_request():
        guarded = require()(endpoint)
        with pytest.raises(TypeError, match="this endpoint is given no request; give it a parameter for that"):
            asyncio.run(guarded(1))


@pytest.mark.parametrize(
    ("framework", "instead"),
    [
        ("flask", "write decorators = [require(…)] in it"),
        ("django", 'write @method_decorator(require(…), name="dispatch") above it'),
        ("starlette", "write @require(…) above its methods, as get, post or on_connect"),
    ],
)
def test_a_class_is_refused_as_the_app_is_loaded(framework: str, instead: str) -> None:
    django_project.set_up()
    require = import_module(f"oidc_gate.{framework}").require

    class Page:
        """A class of views, in any of them."""

    with pytest.raises(SettingsError) as caught:
        require()(Page)
    assert str(caught.value) == f"require: Page is a class; {instead}."


def test_what_is_handed_over_shows_nothing(stage: StageFactory, world: World) -> None:
    seen: list[Any] = []

    def wsgi(environ: Any, start_response: Any) -> list[bytes]:
        seen.append(environ["oidc_gate.gate"])
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b""]

    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["oidc_gate.gate"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    here = stage(app=wsgi if world == "wsgi" else asgi)
    here.signed_in()
    assert repr(seen[-1]) == "<the gate in front>"
    assert json.dumps({"gate": seen[-1]}, default=repr) == '{"gate": "<the gate in front>"}'
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(seen[-1])


# docs/frameworks.md


def example(name: str) -> dict[str, Any]:
    """Return what an example of the page defines."""
    defined: dict[str, Any] = {"__name__": name}
    exec(compile(page("docs/frameworks.md").titled(name), name, "exec"), defined)
    return defined


@pytest.mark.parametrize(
    ("world", "name"),
    [("wsgi", "flask_app.py"), ("asgi", "starlette_app.py"), ("asgi", "fastapi_app.py"), ("wsgi", "urls.py")],
    indirect=["world"],
)
def test_the_examples_of_the_page_do_what_it_says(stage: StageFactory, name: str, world: World) -> None:
    django_project.set_up()
    defined = example(name)
    app = defined.get("app") or django_project.application(world, lambda: defined["urlpatterns"])
    here = stage(app=app, public_paths=["/hello"])
    now = here.clock()
    answer = person(here, groups=["Finance"], name="Ann", auth_time=now).fetch("/payroll")
    assert answer.text.strip('"') == "Payroll, for Ann"
    assert person(here, groups=["Finance"], auth_time=now - 601).fetch("/payroll").status == 401
    assert person(here, groups=["Sales"], auth_time=now).fetch("/payroll").status == 403
    if name == "flask_app.py":
        assert [person(here, groups=[each]).fetch("/admin/").status for each in ("Ops", "Sales")] == [200, 403]
    if name == "fastapi_app.py":
        assert [person(here).fetch("/me").json(), here.browser().fetch("/hello").json()] == ["ann", "Hello, stranger"]


def test_the_examples_settings_are_those_that_the_tests_of_users_have() -> None:
    django_project.set_up()
    from django.utils.module_loading import import_string

    defined = example("settings.py")
    assert set(MIDDLEWARE[:3]) == set(defined["MIDDLEWARE"])
    assert defined["OIDC_GATE"].keys() == {"STAFF_GROUPS", "SUPERUSER_GROUPS"}
    for name in (*defined["MIDDLEWARE"], *defined["AUTHENTICATION_BACKENDS"]):
        assert import_string(name)
