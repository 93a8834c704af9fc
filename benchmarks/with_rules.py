"""What rules cost a request of somebody who is signed in: the same gate with them, beside one without."""

from __future__ import annotations

import time
from typing import Any

from benchmarks.canned_provider import CannedProvider
from benchmarks.gated import Gated, gated
from benchmarks.measuring import BATCH, Effort, Variant, measure, say
from benchmarks.report import Row
from benchmarks.traffic import HOST, Cookie, World, cookie_header
from oidc_gate import Settings

__all__ = ["rows"]

WITHOUT = "without rules"
KNOWN, UNKNOWN = "50 rules, path seen before", "50 rules, path not seen before"
METHODS, HOSTS = "50 rules, some with methods", "50 rules, some with hosts"

Rules = list[dict[str, Any]]


def rows(provider: CannedProvider, effort: Effort) -> list[Row]:
    """Measure both worlds, and how long it takes to read many rules."""
    return [*(row for world in ("WSGI", "ASGI") for row in _world(world, provider, effort)), _construction(provider)]


def _world(world: World, provider: CannedProvider, effort: Effort) -> list[Row]:
    say(f"with rules, {world}")
    plain = gated(world, provider)
    cookie = plain.sign_in(provider)
    fifty = _rules(50)
    variants = [_seen(plain, WITHOUT, cookie), _seen(gated(world, provider, rules=fifty), KNOWN, cookie)]
    variants.append(_unknown_paths(gated(world, provider, rules=fifty), cookie))
    for name, more in ((METHODS, {"method": "GET"}), (HOSTS, {"host": HOST})):
        rules = [*fifty[:48], *({"path": f"/more/{number}", "allow": "signed-in", **more} for number in range(2))]
        variants.append(_seen(gated(world, provider, rules=rules), name, cookie))
    times = measure(variants, effort)
    limits = {KNOWN: 0.1, UNKNOWN: 1.5, METHODS: 3.0, HOSTS: 3.0}
    return [
        Row(world, f"rules: {name}, over none", times.added(name, WITHOUT), limit=most) for name, most in limits.items()
    ]


def _rules(count: int) -> Rules:
    def allow(number: int) -> dict[str, Any]:
        return {"any": [{"groups": f"Team {number}"}, {"groups": "Staff*"}]}

    return [{"path": f"/area{number % 10}/part{number}", "allow": allow(number)} for number in range(count)]


def _seen(gate: Gated, name: str, cookie: Cookie) -> Variant:
    variant = Variant(name, gate.request(cookie_header(cookie)), gate.serve(gate.app))
    for _ in range(3):
        assert gate.ask(gate.app, variant.make()).status == 200, name
    return variant


def _unknown_paths(gate: Gated, cookie: Cookie) -> Variant:
    """Return requests each for a path that was not asked for before."""
    header, count = cookie_header(cookie), 0
    waiting: list[Any] = []

    def make() -> Any:
        nonlocal count
        if not waiting:
            waiting.extend(gate.request(header, path=f"/reports/{count + each}") for each in range(10 * BATCH))
            count += len(waiting)
        return waiting.pop()()

    for _ in range(3):
        assert gate.ask(gate.app, make()).status == 200
    return Variant(UNKNOWN, make, gate.serve(gate.app))


def _construction(provider: CannedProvider) -> Row:
    """Return how long a gate with a thousand rules takes to be made, in milliseconds; the best of three."""
    options = provider.options()
    times = []
    for _ in range(3):
        started = time.perf_counter()
        Settings(**options, rules=_rules(1000))
        times.append(time.perf_counter() - started)
    return Row("", "rules: 1,000 read and checked", min(times) * 1000, "ms", limit=250.0)
