"""Who is asking, as the app sees it: a view that cannot be changed."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
from collections.abc import Callable, Mapping
from types import MappingProxyType, SimpleNamespace
from typing import Any

import fastapi.encoders
import flask
import pytest
import werkzeug
from starlette.authentication import has_required_scope
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, Request
from starlette.websockets import WebSocket

from oidc_gate import Identity, identity_of
from oidc_gate.asgi.user import NO_AUTH, NOBODY, RequestUser, auth_of
from oidc_gate.identity import IDENTITY_KEY, ReadOnlyClaims, is_verified, text_claim, username
from oidc_gate.sessions.session import Session

CLAIMS: dict[str, Any] = {
    "sub": "ann-1",
    "iss": "https://id.example.com",
    "email": "ann@example.com",
    "name": "Ann Example",
    "groups": ["staff", "admins"],
    "address": {"country": "DE", "lines": ["1 Road"]},
    "email_verified": True,
    "age": 42,
    "nothing": None,
}


def identity(claims: dict[str, Any], groups: tuple[str, ...] = ()) -> Identity:
    session = Session("session-id-1", claims, 1000.0, 2000.5, 1500.25, 1200.0, 1800.0, {"id_token": "a.b.c"}, [])
    return session.identity("default", groups, username(claims, "email"))


ANN = identity(CLAIMS, ("staff", "admins"))


# The app's view


def test_an_identity_says_who_it_is() -> None:
    assert dataclasses.asdict(ANN) | {"claims": None} == {
        "subject": "ann-1",
        "email": "ann@example.com",
        "name": "Ann Example",
        "groups": ("staff", "admins"),
        "claims": None,
        "provider": "default",
        "issuer": "https://id.example.com",
        "session_id": "session-id-1",
        "authenticated_at": 1000.0,
        "expires_at": 2000.5,
        "username": "ann@example.com",
        "scopes": (),
    }
    assert dict(ANN.claims) == CLAIMS


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Identity)])
def test_an_identity_cannot_be_changed(name: str) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(ANN, name, "x")
    with pytest.raises(dataclasses.FrozenInstanceError):
        delattr(ANN, name)
    with pytest.raises((AttributeError, TypeError)):
        ANN.other = "x"  # type: ignore[attr-defined]


def test_claims_can_be_read_like_a_dict() -> None:
    claims = ANN.claims
    assert isinstance(claims, Mapping)
    assert (claims["sub"], claims.get("missing"), claims.get("missing", 7)) == ("ann-1", None, 7)
    assert ("email" in claims, "missing" in claims) == (True, False)
    assert list(claims) == list(CLAIMS)
    assert len(claims) == len(CLAIMS)
    assert claims == CLAIMS
    assert json.dumps(dict(claims)) == json.dumps(CLAIMS)
    assert claims["address"] == {"country": "DE", "lines": ["1 Road"]}
    with pytest.raises(KeyError):
        claims["missing"]


def test_claims_cannot_be_changed() -> None:
    claims: Any = ANN.claims
    with pytest.raises(TypeError):
        claims["sub"] = "eve"
    with pytest.raises(TypeError):
        del claims["sub"]
    with pytest.raises(TypeError):
        claims |= {"sub": "eve"}
    for name in ("update", "pop", "popitem", "clear", "setdefault"):
        assert not hasattr(claims, name)
    type(claims).__init__(claims, {"sub": "eve"})
    with pytest.raises(AttributeError):
        claims.other = 1
    assert ANN.claims == CLAIMS


def test_what_is_changed_inside_a_claim_is_changed_in_a_copy() -> None:
    ANN.claims["groups"].append("root")
    ANN.claims["address"]["lines"].clear()
    for value in ANN.claims.values():
        if isinstance(value, list):
            value.clear()
    assert ANN.claims["groups"] == ["staff", "admins"]
    assert ANN.claims["address"] == {"country": "DE", "lines": ["1 Road"]}


def test_what_is_changed_in_a_plain_dict_of_the_claims_changes_no_claim() -> None:
    claims: Any = ANN.claims
    for made in (dict(claims), {**claims}, claims.copy(), claims | {}, {} | claims, copy.deepcopy(claims).copy()):
        assert type(made) is dict
        assert made == CLAIMS
        made["groups"].append("root")
        made["sub"] = "eve"
    for value in [*claims.values(), *[value for name, value in claims.items() if name]]:
        if isinstance(value, list):
            value.append("root")
    for value in (claims.get("groups"), claims.get("address"), claims.get("missing", {})):
        value.clear()
    assert ANN.claims == CLAIMS


def test_claims_are_written_as_json_by_all_that_writes_json() -> None:
    with flask.Flask(__name__).app_context():
        answer = flask.jsonify(ANN.claims, {"claims": ANN.claims})
        assert answer.get_json() == [CLAIMS, {"claims": CLAIMS}]
    assert json.loads(json.dumps(ANN.claims, indent=1)) == CLAIMS
    assert json.dumps(ReadOnlyClaims()) == "{}"
    assert fastapi.encoders.jsonable_encoder(ANN)["claims"] == CLAIMS
    assert type(pickle.loads(pickle.dumps(ANN.claims))) is type(copy.deepcopy(ANN.claims)) is ReadOnlyClaims


@pytest.mark.parametrize("wrong", [None, "", 7, True, ["a"], {"a": "b"}], ids=repr)
def test_a_claim_of_the_wrong_type_counts_as_absent(wrong: Any) -> None:
    found = identity(CLAIMS | {"email": wrong, "name": wrong})
    assert (found.email, found.name) == (None, None)
    assert text_claim({"x": wrong}, "x") is None
    assert text_claim({}, "x") is None
    assert text_claim({"x": "y"}, "x") == "y"


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"sub": "1", "name": "Ann", "email": "a@b"}, "Ann"),
        ({"sub": "1", "email": "a@b"}, "a@b"),
        ({"sub": "1"}, "1"),
    ],
)
def test_a_person_is_shown_by_the_best_name_there_is(claims: dict[str, Any], expected: str) -> None:
    assert identity({"iss": "x"} | claims).display_name == expected


def test_identities_compare_by_value_and_can_be_hashed_copied_and_pickled() -> None:
    other = identity(CLAIMS, ("staff", "admins"))
    assert ANN == other != identity(CLAIMS)
    assert hash(ANN) == hash(other)
    assert len({ANN, other}) == 1
    assert copy.deepcopy(ANN) == pickle.loads(pickle.dumps(ANN)) == ANN


def test_what_is_private_does_not_stand_in_the_text_of_an_identity() -> None:
    for text in (repr(ANN), str(ANN), repr(ANN.claims)):
        assert "session-id-1" not in text
        assert "a.b.c" not in text
        assert "1 Road" not in text
    assert "ann-1" in repr(ANN)
    assert repr(ANN.claims).startswith("<claims: sub, iss, ")


def test_starlette_finds_in_it_what_it_expects_of_user_and_auth() -> None:
    assert (ANN.is_authenticated, ANN.display_name, ANN.identity) == (True, "Ann Example", "ann-1")
    assert (NOBODY.is_authenticated, NOBODY.display_name, NOBODY.identity, NOBODY.username) == (False, "", "", "")
    request = Request({"type": "http", "headers": [], "user": ANN, "auth": auth_of(ANN)})
    assert list(request.auth.scopes) == ["authenticated", "staff", "admins"]
    assert has_required_scope(request, ["authenticated", "staff"])
    assert not has_required_scope(request, ["root"])
    nobody = Request({"type": "http", "headers": [], "user": NOBODY, "auth": NO_AUTH})
    assert not has_required_scope(nobody, ["authenticated"])


def test_the_scopes_of_an_access_token_are_none_of_a_persons_rights() -> None:
    token = dataclasses.replace(ANN, groups=(), scopes=("admins",))
    assert token.scopes == ("admins",)
    assert auth_of(token).scopes == ("authenticated",)


# A user whom the app may put another in the place of


def test_a_user_is_the_identity_until_another_is_put_into_it() -> None:
    user, stands_for = RequestUser(ANN), isinstance
    assert stands_for(user, Identity)
    assert user == ANN == user
    assert (hash(user), repr(user), str(user), dir(user)) == (hash(ANN), repr(ANN), str(ANN), dir(ANN))
    assert bool(user)
    assert (user.email, user.is_authenticated, user.scopes) == ("ann@example.com", True, ())
    assert {type(copy.deepcopy(user)), type(pickle.loads(pickle.dumps(user)))} == {Identity}
    with pytest.raises(dataclasses.FrozenInstanceError):
        user.email = "eve@example.com"
    with pytest.raises(dataclasses.FrozenInstanceError):
        del user.email

    other = SimpleNamespace(is_authenticated=False, seen=1, gone=1)
    user._wrapped = other
    user.seen = 2
    del user.gone
    assert other == SimpleNamespace(is_authenticated=False, seen=2) == user
    assert (user.is_authenticated, stands_for(user, Identity), user._wrapped is other) == (False, False, True)
    assert not hasattr(user, "email")
    assert RequestUser(ANN).is_authenticated


# Read when it is asked for


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda who: who.subject, id="a field"),
        pytest.param(lambda who: who.display_name, id="what follows from fields"),
        pytest.param(lambda who: who.scopes, id="its scopes"),
        pytest.param(lambda who: auth_of(who).scopes, id="what Starlette asks for"),
        pytest.param(dataclasses.asdict, id="all of it"),
        pytest.param(repr, id="as text"),
        pytest.param(hash, id="its hash"),
        pytest.param(lambda who: who == ANN, id="whether it is another"),
        pytest.param(lambda who: pickle.loads(pickle.dumps(who)), id="pickled"),
        pytest.param(copy.deepcopy, id="copied"),
        pytest.param(lambda who: dataclasses.replace(who, name="Bob"), id="replaced"),
    ],
)
def test_an_identity_is_read_once_when_anything_in_it_is_asked_for(ask: Callable[[Identity], Any]) -> None:
    reads = []

    def read() -> Identity:
        reads.append(1)
        return ANN

    who = Identity.unread(read)
    assert isinstance(who, Identity)
    assert reads == []
    assert ask(who) == ask(ANN)
    assert reads == [1]
    assert who == ANN
    assert reads == [1]


def test_an_identity_has_no_other_names_whether_it_is_read_or_not() -> None:
    who = Identity.unread(lambda: ANN)
    for each in (who, ANN):
        for name in ("role", "_read_it", "__wrapped__"):
            assert not hasattr(each, name)
        with pytest.raises(AttributeError, match="'Identity' object has no attribute 'role'"):
            each.role  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(dataclasses.FrozenInstanceError):
        who.subject = "eve"  # type: ignore[misc]


# Where it is found

ENVIRON: dict[str, Any] = {
    "REQUEST_METHOD": "GET", "SERVER_NAME": "app.test", "SERVER_PORT": "80", "wsgi.url_scheme": "http",
    IDENTITY_KEY: ANN,
}  # fmt: skip
HTTP: dict[str, Any] = {"type": "http", "method": "GET", "path": "/", "headers": [], IDENTITY_KEY: ANN}
WEBSOCKET: dict[str, Any] = {"type": "websocket", "path": "/", "headers": [], IDENTITY_KEY: ANN}


async def _unused(*_: Any) -> Any:
    raise AssertionError


@pytest.mark.parametrize(
    "carrier",
    [
        pytest.param(ENVIRON, id="a WSGI environ"),
        pytest.param(HTTP, id="an ASGI scope"),
        pytest.param(WEBSOCKET, id="the scope of a WebSocket"),
        pytest.param(werkzeug.Request(ENVIRON), id="a werkzeug request"),
        pytest.param(flask.Request(ENVIRON), id="a Flask request"),
        pytest.param(Request(HTTP), id="a Starlette request"),
        pytest.param(HTTPConnection(HTTP), id="a Starlette connection"),
        pytest.param(WebSocket(WEBSOCKET, _unused, _unused), id="a Starlette WebSocket"),
        pytest.param(SimpleNamespace(META=ENVIRON), id="a Django request"),
    ],
)
def test_the_identity_is_found_in_whatever_an_app_holds_of_its_request(carrier: Any) -> None:
    assert identity_of(carrier) is ANN


def test_the_identity_is_found_through_flasks_own_proxy() -> None:
    with flask.Flask(__name__).test_request_context("/", environ_base={IDENTITY_KEY: ANN}):
        assert identity_of(flask.request) is ANN


@pytest.mark.parametrize(
    "carrier",
    [
        *({}, {IDENTITY_KEY: None}, {IDENTITY_KEY: "ann"}, {IDENTITY_KEY: dataclasses.asdict(ANN)}),
        *({"asgi.scope": {}}, {"asgi.scope": None}, {"wsgi_environ": {IDENTITY_KEY: None}}),
        *({IDENTITY_KEY: None, "asgi.scope": HTTP}, {"type": "http", IDENTITY_KEY: None, "wsgi_environ": ENVIRON}),
        *(SimpleNamespace(environ={}, scope={}), {"HTTP_OIDC_GATE.IDENTITY": ANN}, SimpleNamespace(request={})),
        *(Request({"type": "http", "headers": []}), werkzeug.Request({"SERVER_NAME": "x", "SERVER_PORT": "80"})),
    ],
    ids=lambda value: type(value).__name__,
)
def test_nobody_is_found_where_nobody_is(carrier: Any) -> None:
    assert identity_of(carrier) is None


@pytest.mark.parametrize(
    "thing",
    [
        *(None, 7, "ann", b"", [], object(), SimpleNamespace(environ=None), SimpleNamespace(request=None)),
        *(Headers({"oidc_gate": "x"}), MappingProxyType({}), werkzeug.datastructures.Headers(), ANN, identity_of),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_carries_no_request_is_an_error(thing: Any) -> None:
    with pytest.raises(TypeError, match=f"identity_of takes a request.* a {type(thing).__name__} carries none"):
        identity_of(thing)


@pytest.mark.parametrize(
    "carrier",
    [
        {"asgi.scope": HTTP},
        {"type": "http", "wsgi_environ": ENVIRON},
        {"wsgi.version": (1, 0), "asgi.scope": {"type": "http", "wsgi_environ": ENVIRON}},
        SimpleNamespace(env=ENVIRON),
        SimpleNamespace(request=SimpleNamespace(environ=None, META=ENVIRON)),
        SimpleNamespace(request_context=SimpleNamespace(request=Request(HTTP))),
        MappingProxyType(HTTP),
    ],
    ids=["a2wsgi", "a2wsgi, the other way", "both", "Falcon", "a request in it", "MCP", "a proxy of a dict"],
)
def test_the_identity_is_found_where_another_carries_it(carrier: Any) -> None:
    assert identity_of(carrier) is ANN


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({}, True),
        ({"email_verified": True}, True),
        ({"email_verified": "true"}, True),
        ({"email_verified": False}, False),
        ({"email_verified": "false"}, False),
        ({"email_verified": None}, False),
        ({"email_verified": 1}, False),
    ],
    ids=repr,
)
def test_an_address_is_verified_unless_the_provider_says_otherwise(claims: dict[str, Any], expected: bool) -> None:
    assert is_verified(claims) is expected


# What REMOTE_USER has


@pytest.mark.parametrize(
    ("claim", "claims", "expected"),
    [
        ("email", {}, "ann@example.com"),
        ("email", {"email_verified": False}, "ann-1"),
        ("email", {"email": "ann"}, "ann-1"),
        ("email", {"email": None}, "ann-1"),
        ("email", {"email": None, "sub": "bob@example.com"}, "bob%40example.com"),
        ("email", {"email_verified": False, "sub": "bob@example.com"}, "bob%40example.com"),
        ("email", {"email": "a%40b@c"}, "a%2540b@c"),
        ("sub", {"sub": "bob@example.com"}, "bob@example.com"),
        ("sub", {"sub": "\xfcn\xef 1"}, "\xfcn\xef 1"),
        ("sub", {"sub": "a\n"}, "a%0A"),
        ("upn", {"sub": "bob@example.com"}, "bob%40example.com"),
        ("upn", {"upn": "ann@corp.example"}, "ann@corp.example"),
        ("preferred_username", {"preferred_username": "ann"}, "ann"),
        ("preferred_username", {"preferred_username": 7}, "ann-1"),
    ],
)
def test_a_username_is_the_chosen_claim_else_the_subject(claim: str, claims: dict[str, Any], expected: str) -> None:
    assert username(CLAIMS | claims, claim) == expected


def test_an_identity_that_an_app_makes_has_its_subject_for_a_username() -> None:
    fields = {field.name: getattr(ANN, field.name) for field in dataclasses.fields(ANN)}
    assert Identity(**fields).username == "ann@example.com"
    del fields["username"], fields["scopes"]
    assert (Identity(**fields).username, Identity(**fields).scopes) == ("ann-1", ())
