"""What the gate keeps of a login: what is written down is read again, whole or in part."""

from __future__ import annotations

from typing import Any

import pytest

from oidc_gate.sessions.session import FORMAT, Session, pack_head, read_head

CLAIMS: dict[str, Any] = {
    "sub": "ann-1",
    "iss": "https://id.example.com",
    "email": "ann@example.com",
    "groups": ["staff", "admins"],
    "address": {"country": "DE"},
}
MANY = [f"group number {number}" for number in range(400)]


def session(claims: dict[str, Any] | None = None, **changes: Any) -> Session:
    whole = Session(
        session_id="session-id-1",
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


@pytest.mark.parametrize(
    "whole",
    [
        pytest.param(session(), id="as usual"),
        pytest.param(session(expires_at=float("inf")), id="without an end"),
        pytest.param(session(seen_at=1763912231.1234567), id="a time as clocks give it"),
        pytest.param(session({"sub": "ünï \ud83d \u2028"}), id="any text"),
        pytest.param(session({"sub": "\n", "email": "\r\n\x00"}), id="any control character"),
        pytest.param(session({"sub": "x", "groups": MANY}), id="long"),
        pytest.param(session(tokens={}, kept=[]), id="no tokens"),
        pytest.param(session(access_ends_at=1300.5), id="an access token that ends"),
    ],
)
def test_a_session_is_written_down_and_read_again(whole: Session) -> None:
    head, rest = whole.parts()
    for spaces in (b"", b" ", b"  "):
        assert read_head(pack_head(head) + spaces) == head
        assert Session.read(head, rest + spaces) == whole


def test_what_is_written_down_has_the_form_of_this_format() -> None:
    whole = session({"sub": "ünï-1"}, tokens={}, kept=[])
    head, rest = whole.parts()
    times = "408f400000000000 409f420000000000 4097710000000000 4092c00000000000 409c200000000000"  # see `session`
    sizes = f"{len(rest):08x} 0000000c 00000011"
    assert pack_head(head).hex() == bytes.fromhex(times + sizes).hex() + "session-id-1ünï-1".encode().hex()
    assert rest == '[{"sub":"ünï-1"},{},[],null]'.encode()
    assert whole._replace(access_ends_at=1300.5).parts()[1] == '[{"sub":"ünï-1"},{},[],1300.5]'.encode()
    of_another = whole._replace(provider_key="0123456789ab")
    assert pack_head(of_another.parts()[0]) == pack_head(head) + b"0123456789ab"
    assert read_head(pack_head(of_another.parts()[0]) + b"  ")[-1] == "0123456789ab"
    assert FORMAT == 6, "who changes the form raises the number"


@pytest.mark.parametrize(
    ("claims", "user"),
    [
        ({"email": "ann@example.com"}, "ann@example.com"),
        ({"email": "ann@example.com", "email_verified": True}, "ann@example.com"),
        ({"email": "ann@example.com", "email_verified": "true"}, "ann@example.com"),
        ({"email": "ann@example.com", "email_verified": False}, "ünï-1"),
        ({"email": ["ann@example.com"]}, "ünï-1"),
        ({"email": ""}, "ünï-1"),
        ({}, "ünï-1"),
    ],
    ids=repr,
)
def test_the_head_says_what_a_request_is_judged_by(claims: dict[str, Any], user: str) -> None:
    head, rest = session({"sub": "ünï-1"} | claims).parts()
    assert head == ("session-id-1", 1000.0, 2000.5, 1500.25, 1200.0, 1800.0, user, len(rest), "")


def test_a_long_session_is_packed_tighter_and_says_how_long_it_is() -> None:
    (*_, size, _), rest = session({"sub": "x", "groups": MANY}).parts()
    assert len(rest) < size / 3
    assert session().parts()[1].startswith(b"[")


def test_what_is_private_does_not_stand_in_the_text_of_a_session() -> None:
    for text in (repr(session()), str(session())):
        assert text == "<session of 'ann-1'>"
