"""One gate and many threads at once: everybody is who they are, and what is remembered adds up.

Written for Python without its global lock (3.14t), where threads truly run at once; it holds with it as well.
"""

from __future__ import annotations

import random
import sys
from typing import Any

from oidc_gate.identity import IDENTITY_KEY
from oidc_gate.sessions.recent_sessions import RecentSessions
from tests.providers.local import LocalProvider
from tests.stage import Clock, timed
from tests.test_stores import in_threads
from tests.wire import WireRequest
from tests.wsgi_driver import make_environ

THREADS, REQUESTS, PEOPLE = 8, 300, 120


def test_many_threads_take_nobody_for_somebody_else(provider: LocalProvider) -> None:
    """A small table, so that all the time somebody is forgotten while others are looked up."""
    clock = Clock(float(provider.now()))
    gate = timed("wsgi", app, clock, **provider.gate_options(session_cache_mb=1, base_url="https://app.test"))
    components = gate._gate._components
    recent: RecentSessions = components.sessions._recent
    recent._most = 100_000
    name = components.secure_cookies.session
    texts = []
    for number in range(PEOPLE):
        claims = {"iss": provider.issuer, "sub": f"person-{number}", "groups": ["staff"] * (number % 7)}
        texts.append(components.sessions.keep(components.sessions.start(claims, {}, (), clock()), name)[1])

    def work(number: int) -> None:
        chance = random.Random(number)
        for _ in range(REQUESTS):
            person = min(int(chance.expovariate(0.05)), PEOPLE - 1)  # some come all the time, most seldom
            theme = chance.choice(("dark", "dark", "dark", str(chance.random())))
            cookies = f"theme={theme}; {name}={texts[person]}"
            sent = [("Host", "app.test"), ("Cookie", cookies)]
            answer = b"".join(gate(make_environ(WireRequest("GET", "https://app.test/", sent)), lambda *_: None))
            assert answer.decode() == f"person-{person} {person % 7} theme={theme}"

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        in_threads(THREADS, work)
    finally:
        sys.setswitchinterval(interval)
    assert 10 < len(recent) < PEOPLE, "some were forgotten, some are remembered"
    assert recent._used == sum(opened.copy.charged for opened in recent.all()) <= recent._most
    assert sorted(recent._queue) == sorted(recent._by_text)
    assert recent.requests
    assert all(found[3] in recent.all() for found in recent.requests.values())


def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    identity = environ[IDENTITY_KEY]
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{identity.subject} {len(identity.groups)} {environ['HTTP_COOKIE']}".encode()]
