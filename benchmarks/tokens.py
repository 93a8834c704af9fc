"""What a program's access token costs: seen before, first seen; beside what FastAPI apps do today."""

from __future__ import annotations

from typing import Any

from benchmarks import baselines
from benchmarks.canned_provider import AUDIENCE, CannedProvider
from benchmarks.gated import Gated, gated
from benchmarks.measuring import BATCH, Effort, Variant, measure, say
from benchmarks.report import Row
from benchmarks.traffic import World

__all__ = ["rows"]

BARE, SEEN = "bare app", "token: seen before"
WITH_RULES = "token: seen before, 50 rules and bearer_paths"
FIRST = {"RS256": "token: JWT first seen, RS256", "ES256": "token: JWT first seen, ES256"}
FASTAPI, CHECKING = "bare FastAPI", "FastAPI with PyJWT checking each request"

_TAKING: dict[str, Any] = {"bearer_audience": [AUDIENCE]}


def rows(provider: CannedProvider, effort: Effort) -> list[Row]:
    """Measure both worlds."""
    return [row for world in ("WSGI", "ASGI") for row in _world(world, provider, effort)]


def _world(world: World, provider: CannedProvider, effort: Effort) -> list[Row]:
    say(f"tokens, {world}")
    gate = gated(world, provider, **_TAKING)
    fifty = [{"path": f"/area/part{number}", "allow": {"groups": f"Team {number}"}} for number in range(49)]
    fifty.append({"path": "/reports", "allow": {"scopes": "api:read"}})
    ruled = gated(world, provider, rules=fifty, bearer_paths=["/reports"], **_TAKING)
    token = provider.access_token("RS256", 0)
    request = gate.request("", token=token)
    apps = [gate.app, ruled.app]
    variants = [
        Variant(BARE, request, gate.serve(gate.hello)),
        Variant(SEEN, request, gate.serve(gate.app)),
        Variant(WITH_RULES, request, ruled.serve(ruled.app)),
        *(Variant(name, _first_seen(gate, provider, alg), gate.serve(gate.app)) for alg, name in FIRST.items()),
    ]
    if world == "ASGI":
        bare, checking = baselines.fastapi_pyjwt(provider.issuer, provider.public_key())
        variants += [Variant(name, request, gate.serve(app)) for name, app in ((FASTAPI, bare), (CHECKING, checking))]
        apps += [bare, checking]
    for each in (gate, ruled):  # has the keys, as any gate has but for the very first token
        each.app._gate._components.parties.first.provider.access_token(token)
    for variant in variants:
        for _ in range(3):
            variant.serve(variant.make())
    for app in apps:
        assert gate.ask(app, request()).status == 200
    times = measure(variants, effort)
    seen = times.added(SEEN, BARE)
    found = [
        Row(world, SEEN, seen, limit=4.0),
        Row(world, WITH_RULES, times.added(WITH_RULES, BARE), limit=4.0),
        Row(world, FIRST["RS256"], times.added(FIRST["RS256"], BARE), limit=150.0),
        Row(world, FIRST["ES256"], times.added(FIRST["ES256"], BARE), limit=250.0),
    ]
    if world == "ASGI":
        other = times.added(CHECKING, FASTAPI)
        found += [
            Row(world, CHECKING, other),
            Row(world, "  the token seen before, as a share", seen / other, "times", limit=0.05),
        ]
    return found


def _first_seen(gate: Gated, provider: CannedProvider, alg: str) -> Any:
    """Return what makes requests each with another token; each is used again once it was forgotten."""
    tokens = [provider.access_token(alg, number) for number in range(50 * BATCH)]
    recent = gate.app._gate.decide.__self__.checking._recent
    waiting: list[str] = []

    def make() -> Any:
        if not waiting:
            waiting.extend(tokens)
            recent.clear()
        return gate.request("", token=waiting.pop())()

    return make
