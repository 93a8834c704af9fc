"""Who is asking: the app's view, which cannot be changed, and the gate's own, which goes into a cookie and back."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import flask
import pytest
import werkzeug
from starlette.authentication import has_required_scope
from starlette.requests import HTTPConnection, Request
from starlette.websockets import WebSocket

from oidc_gate import Identity, identity_of
from oidc_gate.identity import IDENTITY_KEY, Anonymous, Session, is_verified, text_claim, unpacked

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


def session(claims: dict[str, Any] | None = None, **changes: Any) -> Session:
    whole = Session(
        session_id="session-id-1",
        issuer="https://id.example.com",
        claims=CLAIMS if claims is None else claims,
        created_at=1000.0,
        expires_at=2000.5,
        seen_at=1500.25,
        checked_at=1200.0,
        refresh_at=1800.0,
        tokens={"id_token": "a.b.c"},
        kept=["sub", "iss"],
    )
    return whole._replace(**changes)


ANN = session().identity("default", ("staff", "admins"))


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
    for name in ("update", "pop", "clear", "setdefault"):
        assert not hasattr(claims, name)
    with pytest.raises(AttributeError):
        claims.other = 1


def test_what_is_changed_inside_a_claim_is_changed_in_a_copy() -> None:
    ANN.claims["groups"].append("root")
    ANN.claims["address"]["lines"].clear()
    for value in ANN.claims.values():
        if isinstance(value, list):
            value.clear()
    assert ANN.claims["groups"] == ["staff", "admins"]
    assert ANN.claims["address"] == {"country": "DE", "lines": ["1 Road"]}


@pytest.mark.parametrize("wrong", [None, "", 7, True, ["a"], {"a": "b"}], ids=repr)
def test_a_claim_of_the_wrong_type_counts_as_absent(wrong: Any) -> None:
    found = session(CLAIMS | {"email": wrong, "name": wrong}).identity("default", ())
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
    assert session(claims).identity("default", ()).display_name == expected


def test_identities_compare_by_value_and_can_be_hashed_copied_and_pickled() -> None:
    other = session().identity("default", ("staff", "admins"))
    assert ANN == other != session().identity("default", ())
    assert hash(ANN) == hash(other)
    assert len({ANN, other}) == 1
    assert copy.deepcopy(ANN) == pickle.loads(pickle.dumps(ANN)) == ANN


def test_what_is_private_does_not_stand_in_the_text_of_an_identity_or_a_session() -> None:
    for text in (repr(ANN), str(ANN), repr(session()), str(session()), repr(ANN.claims)):
        assert "session-id-1" not in text
        assert "a.b.c" not in text
        assert "1 Road" not in text
    assert "ann-1" in repr(ANN)
    assert repr(session()) == "<session of 'ann-1'>"
    assert repr(ANN.claims).startswith("<claims: sub, iss, ")


def test_starlette_finds_in_it_what_it_expects_of_user_and_auth() -> None:
    assert (ANN.is_authenticated, ANN.display_name, ANN.identity) == (True, "Ann Example", "ann-1")
    assert ANN.scopes == ("authenticated", "staff", "admins")
    assert (Anonymous().is_authenticated, Anonymous().display_name, Anonymous().identity) == (False, "", "")
    request = Request({"type": "http", "headers": [], "user": ANN, "auth": ANN})
    assert has_required_scope(request, ["authenticated", "staff"])
    assert not has_required_scope(request, ["root"])
    nobody = Request({"type": "http", "headers": [], "user": Anonymous(), "auth": Anonymous()})
    assert not has_required_scope(nobody, ["authenticated"])


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
        *(
            {},
            {IDENTITY_KEY: None},
            {IDENTITY_KEY: "ann"},
            {IDENTITY_KEY: dataclasses.asdict(ANN)},
            None,
            7,
            "ann",
            object(),
        ),
        *(SimpleNamespace(environ=None), SimpleNamespace(environ={}, scope={}), {"HTTP_OIDC_GATE.IDENTITY": ANN}),
        *(Request({"type": "http", "headers": []}), werkzeug.Request({"SERVER_NAME": "x", "SERVER_PORT": "80"})),
    ],
    ids=lambda value: type(value).__name__,
)
def test_nobody_is_found_where_nobody_is(carrier: Any) -> None:
    assert identity_of(carrier) is None


# The gate's view


@pytest.mark.parametrize(
    "whole",
    [
        pytest.param(session(), id="as usual"),
        pytest.param(session(expires_at=float("inf")), id="without an end"),
        pytest.param(session({"sub": "ünï \ud83d \u2028"}), id="any text"),
        pytest.param(session({"sub": "x", "groups": [f"group number {number}" for number in range(400)]}), id="long"),
        pytest.param(session(tokens={}, kept=[]), id="no tokens"),
    ],
)
def test_a_session_goes_to_bytes_and_back(whole: Session) -> None:
    packed = whole.to_bytes()
    for spaces in (b"", b" ", b"  "):
        assert Session.from_text(unpacked(packed + spaces)) == whole


def test_a_long_session_is_packed_tighter() -> None:
    whole = session({"sub": "x", "groups": [f"group number {number}" for number in range(400)]})
    assert len(whole.to_bytes()) < len(unpacked(whole.to_bytes())) / 3
    assert session().to_bytes().startswith(b"[")


@pytest.mark.parametrize("row", ["[]", '["session-id-1"]', json.dumps([*session(), "one more"])])
def test_a_session_that_another_version_kept_is_none(row: str) -> None:
    assert Session.from_text(row) is None


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
