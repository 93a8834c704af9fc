"""What a request costs where a process knows many browsers, and where a browser is no usual one.

Each row is over the bare app with the same requests: those of 20,000 browsers are never in the processor's cache.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from itertools import count, cycle
from typing import Any

from benchmarks.canned_provider import CannedProvider
from benchmarks.gated import Gated, gated
from benchmarks.measuring import Effort, Variant, measure, say
from benchmarks.report import Row
from benchmarks.traffic import Cookie, World, cookie_header

__all__ = ["rows"]

#: Enough for all of them: 32, the default, holds about 8,000 with cookies as these have.
_MEMORY_MB = 128
_GROUPS, _LARGE = 500, 15_000
_MORE_HEADERS = 50

Make = Callable[[], Any]


def rows(provider: CannedProvider, effort: Effort) -> list[Row]:
    """Measure both worlds."""
    return [row for world in ("WSGI", "ASGI") for row in _world(world, provider, effort)]


def _world(world: World, provider: CannedProvider, effort: Effort) -> list[Row]:
    say(f"many browsers, {world}")
    gate = gated(world, provider, session_cache_mb=_MEMORY_MB)
    cookie = gate.sign_in(provider)
    kinds = {
        **{f"seen before, {many:,} browsers in turn": _in_turn(gate, cookie, many) for many in effort.browsers},
        f"seen before, {_GROUPS} groups": _with_groups(gate, cookie, [f"g{number}" for number in range(_GROUPS)]),
        f"seen before, {_LARGE // 1000} KB of session cookies": _large(world, provider),
        "seen before, the app changes a cookie with each answer": _changing(gate, cookie),
        f"seen before, {_MORE_HEADERS} more headers": _with_more_headers(gate, cookie),
    }
    variants = []
    for name, (its_gate, make) in kinds.items():
        for _ in range(3 * effort.browsers[-1]):  # each is known before anything is measured, from its third request on
            its_gate.serve(its_gate.app)(make())
        variants.append(Variant(name, make, its_gate.serve(its_gate.app)))
        variants.append(Variant(f"bare: {name}", make, its_gate.serve(its_gate.hello)))
    times = measure(variants, effort)
    limits = {"WSGI": (2.0, 2.5, 3.0, 2.5, 4.0, 3.0, 2.5), "ASGI": (3.0, 3.5, 4.0, 3.5, 5.0, 4.5, 5.0)}[world]
    return [
        Row(world, name, times.added(name, f"bare: {name}"), limit=most)
        for name, most in zip(kinds, limits, strict=True)
    ]


def _in_turn(gate: Gated, cookie: Cookie, many: int) -> tuple[Gated, Make]:
    name, session = cookie[0], gate.session(cookie)
    makers = []
    for number in range(many):
        claims = {**session.claims, "sub": f"person-{number}"}
        another = session._replace(session_id=secrets.token_urlsafe(18), claims=claims)
        makers.append(gate.request(cookie_header((name, gate.sealed(another, name)))))
    turn = cycle(makers)
    return gate, lambda: next(turn)()


def _with_groups(gate: Gated, cookie: Cookie, groups: list[str]) -> tuple[Gated, Make]:
    name, session = cookie[0], gate.session(cookie)
    text = gate.sealed(session._replace(claims={**session.claims, "groups": groups}), name)
    return gate, gate.request(cookie_header((name, text)))


def _large(world: World, provider: CannedProvider) -> tuple[Gated, Make]:
    """Return the requests of somebody whose claims no compression makes small."""
    gate = gated(world, provider)
    name, text = gate.sign_in(provider)
    session = gate.session((name, text))
    claims = {**session.claims, "noise": secrets.token_urlsafe(_LARGE * 9 // 16)}
    text = gate.sealed(session._replace(claims=claims), name)
    set_cookies = gate.app._gate._components.secure_cookies.set_session(text, "", 3600.0)
    pairs = [value.partition(";")[0].partition("=") for _, value in set_cookies]
    return gate, gate.request(cookie_header(*((key, part) for key, _, part in pairs)))


def _changing(gate: Gated, cookie: Cookie) -> tuple[Gated, Make]:
    numbers = count()

    def make() -> Any:
        return gate.request(cookie_header(cookie, ("session", f"{next(numbers):064}")))()

    return gate, make


def _with_more_headers(gate: Gated, cookie: Cookie) -> tuple[Gated, Make]:
    usual = gate.request(cookie_header(cookie))

    def make() -> Any:
        request = usual()
        for number in range(_MORE_HEADERS):
            if gate.world == "WSGI":
                request[f"HTTP_X_MORE_{number}"] = f"value {number}"
            else:
                request["headers"].append((b"x-more-%d" % number, b"value %d" % number))
        return request

    return gate, make
