"""What metrics and audit events cost a request: the same gate with them, beside one without.

An audit event is a line written, and costs what that costs; only requests that end in a login or in a refusal make one.
"""

from __future__ import annotations

import logging
from typing import Any

from benchmarks.canned_provider import CannedProvider
from benchmarks.gated import Gated, gated
from benchmarks.measuring import BATCH, Effort, Variant, measure, say
from benchmarks.report import Row
from benchmarks.traffic import Cookie, World, cookie_header

__all__ = ["rows"]

logging.getLogger("oidc_gate.audit").addHandler(logging.NullHandler())

SEEN, FIRST, DENIED, REDIRECT = "seen before", "first seen by this process", "no session: 401", "no session: redirect"
METRICS, BOTH = {"metrics": "prometheus"}, {"metrics": "prometheus", "audit": True}


def rows(provider: CannedProvider, effort: Effort) -> list[Row]:
    """Measure both worlds."""
    return [row for world in ("WSGI", "ASGI") for row in _world(world, provider, effort)]


def _world(world: World, provider: CannedProvider, effort: Effort) -> list[Row]:
    say(f"with metrics and audit events, {world}")
    plain, counted, told = gated(world, provider), gated(world, provider, **METRICS), gated(world, provider, **BOTH)
    variants = [*_variants("plain", plain, provider), *_variants("both", told, provider)]
    variants.append(_page("metrics", counted))
    times = measure(variants, effort)

    def added(gate: str, what: str) -> float:
        return times.added(f"{gate}: {what}", f"plain: {what}")

    return [
        Row(world, f"metrics and audit, over none: {SEEN}", added("both", SEEN), limit=0.1),
        Row(world, f"metrics and audit, over none: {FIRST}", added("both", FIRST), limit=2.0),
        Row(world, f"metrics and audit, over none: {DENIED}", added("both", DENIED), limit=2.0),
        Row(world, f"metrics, over none: {REDIRECT}", added("metrics", REDIRECT), limit=2.0),
        Row(world, f"metrics and an audit event, over none: {REDIRECT}", added("both", REDIRECT)),
    ]


def _variants(name: str, gate: Gated, provider: CannedProvider) -> list[Variant]:
    cookie = gate.sign_in(provider)
    serve = gate.serve(gate.app)
    seen = Variant(f"{name}: {SEEN}", gate.request(cookie_header(cookie)), serve)
    denied = Variant(f"{name}: {DENIED}", gate.request(cookie_header()), serve)
    for _ in range(3):
        assert gate.ask(gate.app, seen.make()).status == 200
    assert gate.ask(gate.app, denied.make()).status == 401
    return [seen, _first_seen(name, gate, cookie), denied, _page(name, gate)]


def _first_seen(name: str, gate: Gated, cookie: Cookie) -> Variant:
    session, unseen = gate.session(cookie), list[str]()

    def make() -> Any:
        if not unseen:
            unseen.extend(gate.sealed(session, cookie[0]) for _ in range(100 * BATCH))
        return gate.request(cookie_header((cookie[0], unseen.pop())))()

    return Variant(f"{name}: {FIRST}", make, gate.serve(gate.app))


def _page(name: str, gate: Gated) -> Variant:
    page = Variant(f"{name}: {REDIRECT}", gate.request(cookie_header(), page=True), gate.serve(gate.app))
    assert gate.ask(gate.app, page.make()).status == 302
    return page
