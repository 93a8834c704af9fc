"""The rows that are taken in process: what the gate adds to a request of the bare app, beside what others add."""

from __future__ import annotations

import random
import string
from collections.abc import Callable
from typing import Any

from benchmarks import baselines
from benchmarks.canned_provider import CannedProvider
from benchmarks.gated import Gated, gated
from benchmarks.measuring import BATCH, Effort, Times, Variant, measure, say
from benchmarks.report import Row
from benchmarks.traffic import Cookie, World, cookie_header

__all__ = ["rows"]

BARE = "bare app"
SEEN, FIRST = "valid session, seen before", "valid session, first seen by this process"
DENIED, REDIRECT = "no session: 401", "no session: redirect with the signed attempt"
BASELINE = {"WSGI": "itsdangerous + parse_cookie", "ASGI": "Starlette SessionMiddleware"}
FLASK, AUTHLIB = "Flask's own session", "Authlib authorize_redirect, whole request"
HUGE = "garbage, 64 KB"
STUFFED = "no session: redirect, 8 KB of forged login cookies"

#: Where version, key id and nonce of a sealed text end: up to there it is true in the forgeries below.
_HEAD = 24
_BASE64 = string.ascii_letters + string.digits + "+/"


def rows(provider: CannedProvider, effort: Effort) -> list[Row]:
    """Measure both worlds."""
    return [row for world in ("WSGI", "ASGI") for row in _world(world, provider, effort)]


def _world(world: World, provider: CannedProvider, effort: Effort) -> list[Row]:
    say(f"in process, {world}")
    gate = gated(world, provider)
    cookie = gate.sign_in(provider)
    forged = forgeries(cookie)
    variants = [
        Variant(BARE, gate.request(cookie_header(cookie)), gate.serve(gate.hello)),
        *_of_gate(gate, cookie, forged),
        *_others(gate, cookie, provider),
    ]
    times = measure(variants, effort)
    return [*_limits(world, times), *_bad_cookies(world, times, list(forged))]


def _of_gate(gate: Gated, cookie: Cookie, forged: dict[str, Cookie]) -> list[Variant]:
    serve = gate.serve(gate.app)
    name, session = cookie[0], gate.session(cookie)

    unseen: list[str] = []

    def first_seen() -> Any:
        if not unseen:  # many at a time: sealing just before each request would leave it a cold processor cache
            unseen.extend(gate.sealed(session, name) for _ in range(100 * BATCH))
        return gate.request(cookie_header((name, unseen.pop())))()

    variants = [
        Variant(SEEN, gate.request(cookie_header(cookie)), serve),
        Variant(FIRST, first_seen, serve),
        Variant(DENIED, gate.request(cookie_header()), serve),
        Variant(REDIRECT, gate.request(cookie_header(), page=True), serve),
        Variant(STUFFED, gate.request(_login_cookies(name), page=True), serve),
        *(Variant(kind, gate.request(cookie_header(bad)), serve) for kind, bad in forged.items()),
    ]
    expected = {SEEN: 200, FIRST: 200, REDIRECT: 302, STUFFED: 302}
    for variant in variants:
        status = gate.ask(gate.app, variant.make()).status
        assert status == expected.get(variant.name, 401), (variant.name, status)
    return variants


def _others(gate: Gated, cookie: Cookie, provider: CannedProvider) -> list[Variant]:
    claims = gate.session(cookie).claims
    if gate.world == "ASGI":
        return [_baseline(gate, BASELINE["ASGI"], *baselines.starlette_session(claims))]
    login = baselines.authlib_login(provider.issuer)
    make = gate.request(cookie_header(), page=True)
    assert gate.ask(login, make()).status == 302
    return [
        _baseline(gate, BASELINE["WSGI"], *baselines.itsdangerous_session(claims)),
        _baseline(gate, FLASK, *baselines.flask_session(claims)),
        Variant(AUTHLIB, make, gate.serve(login)),
    ]


def _baseline(gate: Gated, name: str, app: Any, cookie: Cookie) -> Variant:
    make: Callable[[], Any] = gate.request(cookie_header(cookie))
    assert gate.ask(app, make()).status == 200, name
    return Variant(name, make, gate.serve(app))


def forgeries(cookie: Cookie) -> dict[str, Cookie]:
    """Return bad cookies of the session's name, the dearest of each kind: those that look good for longest."""
    name, text = cookie
    last = "A" if text[-1] != "A" else "B"

    def sealed_like(length: int) -> str:
        return text[:_HEAD] + "".join(random.choices(_BASE64, k=length - _HEAD))

    return {
        "garbage, 4 KB": (name, "".join(random.choices(_BASE64, k=4096))),
        "right shape, wrong tag": (name, text[:-1] + last),
        "right shape and key, wrong tag, 8 KB": (name, sealed_like(8192)),
        "the cookie's name over and over, 8 KB": (f"x{name}", f"x{name}=" * (8000 // (len(name) + 2))),
        HUGE: (name, sealed_like(65536)),
    }


def _login_cookies(name: str) -> str:
    """Return a Cookie header of login attempts as an attacker makes them up: the right names, nothing true in them."""
    return cookie_header(*((f"{name}.login.{number:012x}", "W10." + "A" * 43) for number in range(80)))


def _limits(world: World, times: Times) -> list[Row]:
    seen, first, redirect = (times.added(name, BARE) for name in (SEEN, FIRST, REDIRECT))
    other = times.added(BASELINE[world], BARE)
    ratios = {"WSGI": (0.10, 0.45), "ASGI": (0.15, 0.60)}[world]
    found = [
        Row(world, "the bare app, whole request", times.of(BARE)),
        Row(world, BASELINE[world], other),
        Row(world, SEEN, seen, limit=3.0),
        Row(world, f"  as a share of {BASELINE[world]}", seen / other, "times", limit=ratios[0]),
        Row(world, FIRST, first, limit=14.0),
        Row(world, f"  as a share of {BASELINE[world]}", first / other, "times", limit=ratios[1]),
        Row(world, DENIED, times.added(DENIED, BARE), limit=6.0),
        Row(world, REDIRECT, redirect, limit=35.0),
        Row(world, STUFFED, times.added(STUFFED, BARE)),
    ]
    if world == "WSGI":
        found.insert(2, Row(world, FLASK, times.added(FLASK, BARE)))
        found.insert(3, Row(world, AUTHLIB, times.of(AUTHLIB)))
        at = next(index for index, row in enumerate(found) if row.what == REDIRECT)
        share = Row(world, "  as a share of Authlib's", redirect / times.of(AUTHLIB), "times", limit=0.10)
        found.insert(at + 1, share)
    return found


def _bad_cookies(world: World, times: Times, kinds: list[str]) -> list[Row]:
    return [
        Row(world, f"bad cookie, over the 401: {kind}", times.added(kind, DENIED), limit=None if kind == HUGE else 6.0)
        for kind in kinds
    ]
