"""What the gate reads of a scope: the headers that concern it, told apart by all names together."""

from __future__ import annotations

from itertools import product

import pytest

from oidc_gate.asgi.request import ABSENT, UNUSUAL, ASGIRequest, Headers
from oidc_gate.asgi.request import Layouts as LayoutsFor
from oidc_gate.reserved_headers import ReservedHeaders


def Layouts() -> LayoutsFor:  # noqa: N802
    return LayoutsFor(ReservedHeaders(["x-team"]))


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ((b"host", b"accept", b"cookie"), (0, 2)),
        ((b"cookie", b"host"), (1, 0)),
        ((b"Cookie", b"HOST"), (1, 0)),
        ((b"host",), (0, ABSENT)),
        ((b"cookie",), (ABSENT, 0)),
        ((), (ABSENT, ABSENT)),
        ((b"host", b"cookie", b"x-forwarded-for"), (0, 1)),
        ((b"host", b"host"), (UNUSUAL, UNUSUAL)),
        ((b"host", b"Host", b"cookie"), (UNUSUAL, UNUSUAL)),
        ((b"cookie", b"host", b"cookie"), (UNUSUAL, UNUSUAL)),
        ((b"host\ncookie", b"x"), (ABSENT, ABSENT)),
    ],
    ids=ascii,
)
def test_the_names_tell_where_the_headers_stand(names: tuple[bytes, ...], expected: tuple[int, int]) -> None:
    layouts = Layouts()
    for _ in range(2):
        host_at, cookie_at, dropped, dropped_with_cookie, lower, _ = layouts.of(list(names))
        assert (host_at, cookie_at) == expected
        assert (dropped, dropped_with_cookie) == ((), (cookie_at,) if cookie_at >= 0 else ())
        assert lower == [name.lower() for name in names]


@pytest.mark.parametrize(
    ("names", "dropped", "dropped_with_cookie"),
    [
        ((b"host", b"x-forwarded-user"), (1,), (1,)),
        ((b"host", b"X_Forwarded.User", b"cookie", b"accept", b"Remote-User"), (4, 1), (4, 2, 1)),
        ((b"NGROK-auth-user-id", b"cookie", b"X_team"), (2, 0), (2, 1, 0)),
        ((b"cf-acce\xdf-jwt-assertion", b"x-teams"), (0,), (0,)),
        ((b"cookie", b"oidc_claim_sub", b"cookie"), (1,), (1,)),
    ],
    ids=ascii,
)
def test_the_names_tell_what_is_kept_from_the_app(
    names: tuple[bytes, ...], dropped: tuple[int, ...], dropped_with_cookie: tuple[int, ...]
) -> None:
    layouts = Layouts()
    for _ in range(2):
        assert layouts.of(list(names))[2:4] == (dropped, dropped_with_cookie)
        assert layouts.of([b"host"])[2:4] == ((), ())


def test_requests_with_as_many_headers_are_told_apart_whatever_came_before() -> None:
    layouts = Layouts()
    expected = {
        (): (ABSENT, ABSENT),
        (b"host",): (0, ABSENT),
        (b"cookie",): (ABSENT, 0),
        (b"host", b"cookie"): (0, 1),
        (b"cookie", b"host"): (1, 0),
        (b"cookie", b"x-forwarded-user"): (ABSENT, 0),
        (b"cookie", b"cookie"): (UNUSUAL, UNUSUAL),
    }
    for before, after in product(expected, repeat=2):
        layouts.of(list(before))
        assert layouts.of(list(after))[:2] == expected[after]


def test_a_request_like_the_latest_is_not_looked_up_again() -> None:
    layouts = Layouts()
    layout = layouts.of([b"host", b"cookie"])
    layouts._known.clear()
    assert layouts.of([b"host", b"cookie"]) is layout
    assert layouts._known == {}


def test_names_are_remembered_only_so_far_and_told_apart_all_the_same() -> None:
    layouts = Layouts()
    for number in range(5000):
        assert layouts.of([b"host", b"x-%d" % number])[:2] == (0, ABSENT)
        assert len(layouts._known) <= 500
    layouts = Layouts()
    assert layouts.of([b"x" * 2000, b"host"])[:2] == (1, ABSENT)
    assert layouts.of([b"x" * 2000, b"X-Forwarded-User"])[2] == (1,)
    assert layouts.of([b"host", *[b"x"] * 100])[:2] == (0, ABSENT)
    assert len(layouts._latest) == len(layouts._known) == 0


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], ""),
        ([(b"x", b"1")], ""),
        ([(b"x", b"1"), (b"Accept", b"text/html")], "text/html"),
        ([(b"accept", b"a"), (b"x", b"1"), (b"ACCEPT", b"\xe9")], "a,\xe9"),
        ([(b"accept", b"a"), (b"host", b"h"), (b"host", b"h"), (b"accept", b"b")], "a,b"),
    ],
)
def test_a_header_is_found_in_any_case_and_several_are_joined(headers: Headers, expected: str) -> None:
    layout = Layouts().of([name for name, _ in headers])
    request = ASGIRequest({"type": "http", "path": "/", "headers": headers}, layout)
    assert request.header("accept") == expected
