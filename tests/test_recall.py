"""The short way through the gate: a browser's next request gets what the one before got, and never more than that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from oidc_gate.decisions import LONGEST_KEY, Forward, Key, Request
from oidc_gate.sessions.recent_sessions import Recalled
from tests.browser import Browser, World
from tests.conftest import StageFactory
from tests.providers.local import LocalProvider
from tests.stage import Stage, session_cookie, subject
from tests.test_asgi import run, scope_for


def met(here: Stage) -> Browser:
    """Return a browser that was here often enough to be recalled."""
    browser = here.signed_in()
    for _ in range(3):
        assert browser.fetch("/").status == 200
    return browser


class Judge:
    """Stands between an adapter and its gate, and counts how requests were answered."""

    def __init__(self, here: Stage) -> None:
        self._gate = here.gate._gate
        self.response_headers = self._gate.response_headers
        self.recalls_by, self.live = self._gate.recalls_by, self._gate.live
        self.longest_wait = self._gate.longest_wait
        self.reserved_headers = self._gate.reserved_headers
        self.recalled = self.decided = 0
        #: What `recall` was asked for last, None where it was not asked; what it answered, and what `decide` did.
        self.asked: Key | None = None
        self.answer: Recalled | None = None
        self.decision: Any = None
        #: The key of the latest request, as `decide` would have it remembered.
        self.key: Key | None = None
        here.gate._ask(self)

    def recall(self, scheme: Any, host: Any, cookies: Any, path: str) -> Recalled | None:
        found: Recalled | None = self._gate.recall(scheme, host, cookies, path)
        self.recalled += found is not None
        self.asked, self.answer = (scheme, host, cookies), found
        return found

    def decide(self, request: Request) -> Any:
        self.decided += 1
        self.key = request.key
        self.decision = self._gate.decide(request)
        return self.decision

    async def close_on_loop(self) -> None:
        await self._gate.close_on_loop()

    def counts(self) -> tuple[int, int]:
        """Return how many were recalled and decided since the last call."""
        found = self.recalled, self.decided
        self.recalled = self.decided = 0
        return found


def test_from_its_third_request_on_a_browser_is_recalled_with_the_same_answer(stage: StageFactory) -> None:
    here = stage(identity_headers="x-forwarded")
    judge = Judge(here)
    browser = here.signed_in()
    browser.cookies.set("theme", "dark")
    pages = [
        browser.fetch("/page?x=1", headers=[("X-Forwarded-User", "mallory")] * (number == 2)) for number in range(6)
    ]
    answers = [page.json() | {"headers": None} for page in pages]
    assert all(answer == answers[0] for answer in answers)
    assert {page.json()["headers"]["cookie"] for page in pages} == {"theme=dark"}
    assert {page.json()["headers"]["x-forwarded-user"] for page in pages} == {"ada-1815"}
    assert [page.header("cache-control") for page in pages] == ["private"] * 6
    recalled, _ = judge.counts()
    assert recalled >= 3


def test_a_browser_whose_cookies_never_settle_is_looked_at_seldom_and_recalled_once_they_do(
    stage: StageFactory,
) -> None:
    here = stage()
    browser = met(here)
    (opened,) = here.gate._gate._components.sessions._recent.all()
    judge = Judge(here)
    looked_at = []
    for number in range(200):
        before = opened.unsettled
        browser.cookies.set("session", f"{number:03}")
        assert browser.fetch("/").status == 200
        if opened.unsettled != before:
            looked_at.append(number)
    assert looked_at == [0, 1, 3, 7, 15, *range(31, 200, 16)]
    judge.counts()
    for _ in range(40):
        assert browser.fetch("/").status == 200
    recalled, decided = judge.counts()
    assert decided <= 32, "it is tried once in sixteen requests, and has to come twice"
    assert recalled == 40 - decided
    browser.cookies.set("session", "another")
    for _ in range(3):
        assert browser.fetch("/").status == 200
    assert judge.counts() == (1, 2), "as quickly as ever"


def test_an_app_with_no_cookies_of_its_own_gets_none(stage: StageFactory) -> None:
    here = stage()
    browser = met(here)
    judge = Judge(here)
    page = browser.fetch("/")
    assert judge.counts() == (1, 0)
    assert "cookie" not in page.json()["headers"]


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"host": "other.test"}, id="another host"),
        pytest.param({"scheme": "http"}, id="another scheme"),
        pytest.param({"more": "; theme=dark"}, id="another cookie beside it"),
        pytest.param({"more": "; theme=" + "x" * 5000}, id="a long header"),
    ],
)
def test_what_is_not_the_same_is_decided_anew(stage: StageFactory, changed: dict[str, str]) -> None:
    here = stage()
    browser = met(here)
    judge = Judge(here)
    cookie = f"{here.session_name}={session_cookie(browser)}{changed.get('more', '')}"
    host = changed.get("host", "app.test")
    other = here.browser(origin=f"{changed.get('scheme', 'https')}://{host}")
    found = other.get("/", headers=[("Host", host), ("Cookie", cookie)], bare=True)
    assert judge.counts() == (0, 1)
    assert found.status == (401 if "scheme" in changed else 200)


@pytest.mark.parametrize("rules", [None, [{"path": "/admin", "allow": {"groups": "admins"}}]], ids=["door", "rules"])
@pytest.mark.parametrize("length", [60, 1000, LONGEST_KEY - 900])
def test_no_request_is_recalled_that_differs_in_one_character(
    stage: StageFactory, rules: list[Any] | None, length: int
) -> None:
    """Looked up by a sample of it, and compared whole: in all of its places."""
    here = stage(rules=rules)
    browser, judge = here.signed_in(), Judge(here)
    whole = f"theme={'d' * length}; {here.session_name}={session_cookie(browser)}; size=l"
    for _ in range(3):
        sent = [("Host", "app.test"), ("Cookie", whole)]
        assert browser.get("/page", headers=sent, bare=True).status == 200
    scheme, host, cookies = judge.asked or pytest.fail("it was not asked")
    recall = here.gate._gate._gate.recall
    line = "/page"
    assert recall(scheme, host, cookies, line) is not None
    for place in range(0, len(whole), max(1, len(whole) // 300)):
        changed = whole[:place] + ("x" if whole[place] != "x" else "y") + whole[place + 1 :]
        assert recall(scheme, host, changed if isinstance(cookies, str) else changed.encode(), line) is None
    for other_scheme, other_host in (("http", host), (scheme, host + host)):
        assert recall(other_scheme, other_host, cookies, line) is None


@pytest.mark.parametrize("place", range(16))
def test_one_character_changed_makes_another_request(stage: StageFactory, place: int) -> None:
    here = stage()
    browser = here.signed_in()
    whole = f"theme={'d' * 40}; {here.session_name}={session_cookie(browser)}; size={'l' * 40}"
    for _ in range(3):
        assert browser.get("/", headers=[("Cookie", whole)], bare=True).status == 200
    judge = Judge(here)
    for start, status in ((10, 200), (whole.index(session_cookie(browser)) + 22, 401), (len(whole) - 30, 200)):
        at = start + place
        changed = whole[:at] + ("y" if whole[at] == "x" else "x") + whole[at + 1 :]
        found = browser.get("/", headers=[("Cookie", changed)], bare=True)
        assert found.status == status
        if status == 200:
            pairs = [pair for pair in changed.split("; ") if "oidc_gate" not in pair]
            assert found.json()["headers"]["cookie"] == "; ".join(pairs)
    assert judge.counts() == (0, 3)


def test_the_gates_own_paths_are_never_recalled(stage: StageFactory) -> None:
    here = stage()
    browser = met(here)
    judge = Judge(here)
    assert browser.fetch("/oauth2/userinfo").json()["sub"] == "ada-1815"
    assert browser.fetch("/oauth2/nonsense").status == 404
    assert judge.counts() == (0, 2)


def test_behind_proxies_nothing_is_recalled_for_their_headers_have_a_say(stage: StageFactory) -> None:
    here = stage(trusted_proxies=1)
    browser = met(here)
    judge = Judge(here)
    assert browser.fetch("/").status == 200
    assert judge.counts() == (0, 1)


def test_a_websocket_is_judged_each_time(provider: LocalProvider) -> None:
    here = Stage("asgi", provider)
    cookie = f"{here.session_name}={session_cookie(met(here))}".encode()
    judge = Judge(here)
    headers = [(b"host", b"app.test"), (b"cookie", cookie), (b"origin", b"https://evil.example")]
    calls = len(here.app.calls)
    for scheme in ("wss", "https"):  # some servers say of a WebSocket what they say of HTTP
        told = run(
            here.gate, scope_for(kind="websocket", headers=headers, scheme=scheme), [{"type": "websocket.connect"}]
        )
        assert told[0]["type"] == "websocket.close"
    assert judge.counts() == (0, 2)
    assert len(here.app.calls) == calls


def test_a_request_to_upgrade_is_judged_each_time_under_wsgi(provider: LocalProvider) -> None:
    here = Stage("wsgi", provider)
    browser = met(here)
    judge = Judge(here)
    browser.fetch("/", headers=[("Upgrade", "websocket"), ("Connection", "Upgrade")])
    assert judge.counts() == (0, 1)


def test_the_last_header_is_not_taken_for_a_host_that_is_missing(provider: LocalProvider) -> None:
    here = Stage("asgi", provider)
    cookie = f"{here.session_name}={session_cookie(met(here))}".encode()
    judge = Judge(here)
    run(here.gate, scope_for(headers=[(b"cookie", cookie), (b"x", b"app.test")], scheme="https"))
    assert judge.counts() == (0, 1)


def test_one_cookie_at_two_hosts_is_judged_for_each(provider: LocalProvider) -> None:
    here = Stage("asgi", provider, auth_cookie_domain="app.test")
    cookie = f"{here.session_name}={session_cookie(met(here))}".encode()
    judge = Judge(here)
    one, other = (scope_for(headers=[(b"host", host), (b"cookie", cookie)]) for host in (b"app.test", b"a.app.test"))
    decided, recalled = (0, 1), (1, 0)
    asked = [(one, decided), (one, decided), (one, recalled), (other, decided), (one, recalled)]
    for scope, counts in [*asked, (other, decided), (other, recalled), (one, decided)]:
        assert run(here.gate, scope)[0]["status"] == 200
        assert judge.counts() == counts


def test_inside_a_mount_nothing_is_recalled(provider: LocalProvider) -> None:
    here = Stage("asgi", provider)
    cookie = f"{here.session_name}={session_cookie(met(here))}".encode()
    judge = Judge(here)
    for _ in range(3):
        run(
            here.gate, scope_for("/shop/cart", root_path="/shop", headers=[(b"host", b"app.test"), (b"cookie", cookie)])
        )
    assert judge.counts() == (0, 3)


def test_a_session_that_was_ended_is_not_recalled(stage: StageFactory) -> None:
    here = stage()
    browser = met(here)
    other_tab = here.moved(browser, here.gate)
    assert other_tab.fetch("/").status == 200
    assert browser.navigate("/oauth2/logout").status == 200
    assert other_tab.fetch("/").status == 401


@pytest.mark.parametrize("setting", ["idle_session_timeout", "max_session_duration"])
def test_a_session_that_has_come_to_its_end_is_not_recalled(stage: StageFactory, setting: str) -> None:
    here = stage(**{setting: "10m"})
    browser = met(here)
    began = here.clock.now
    browser.cookies.clock = lambda: began  # a browser that keeps cookies for too long
    here.clock.advance(601)
    assert browser.fetch("/").status == 401


def test_someone_who_is_no_longer_allowed_is_not_recalled(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(allow_groups="engineers", userinfo_refresh_interval="60s")
    browser = met(here)
    provider.people["ada"]["groups"] = []
    here.clock.advance(61)
    assert browser.fetch("/").status == 403
    assert browser.fetch("/").status == 403


def test_a_decision_that_is_recalled_is_the_one_that_was_made(stage: StageFactory) -> None:
    here = stage()
    browser = here.signed_in()
    judge = Judge(here)
    for _ in range(4):
        browser.fetch("/")
    assert judge.counts() == (3, 1)
    assert isinstance(judge.decision, Forward)
    assert judge.answer is not None
    assert judge.answer[1:] == tuple(judge.decision)


@pytest.mark.parametrize("count", [0, 1, LONGEST_KEY, LONGEST_KEY + 1], ids=lambda count: f"{count} of cookies")
@pytest.mark.parametrize("host", [None, "app.test", "APP.test:443"])
@pytest.mark.parametrize("more", [None, ("Upgrade", "h2c"), ("X-Forwarded-User", "boss"), ("Accept", "*/*")], ids=str)
def test_a_request_is_looked_for_by_the_key_under_which_it_is_remembered(
    stage: StageFactory, world: World, count: int, host: str | None, more: tuple[str, str] | None
) -> None:
    """The adapters work the key out by themselves, for speed; `Request.key` must come to the same."""
    here = stage()
    judge = Judge(here)
    headers = [("Cookie", "c" * count)] if count else []
    headers += [("Host", host)] if host else []
    headers += [more] if more else []
    here.browser().get("/", headers=headers, bare=True)
    assert judge.decided == 1
    assert judge.asked == judge.key
    recallable = 0 < count <= LONGEST_KEY and (world == "wsgi" or host is not None)
    upgrade = world == "wsgi" and more is not None and more[0] == "Upgrade"
    assert (judge.key is not None) is (recallable and not upgrade)


def test_two_browsers_are_told_apart(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage()
    ada = met(here)
    provider.user = provider.people["grace"]
    grace = met(here)
    judge = Judge(here)
    for _ in range(3):
        assert [subject(browser.fetch("/")) for browser in (ada, grace)] == ["ada-1815", "grace-1906"]
    assert judge.counts() == (6, 0)


def test_what_was_loaded_before_the_clock_was_set_back_is_believed_no_longer_for_that(
    stage: StageFactory, tmp_path: Path
) -> None:
    """A logout at another process is seen within `session_cache_seconds`, and not only when the clock has caught up."""
    here = stage(session_store=f"sqlite:///{tmp_path}/sessions.db")
    here.clock.advance(90)
    browser = met(here)
    here.clock.advance(-90)
    assert browser.fetch("/").status == 200
    other = here.moved(browser, here.another_gate())
    other.get("/oauth2/logout")
    here.clock.advance(2)
    assert browser.fetch("/").status == 401


def test_a_clock_that_is_set_back_signs_nobody_out(stage: StageFactory) -> None:
    here = stage()
    here.clock.advance(3000)
    browser = met(here)
    here.clock.advance(-2000)
    judge = Judge(here)
    assert [browser.fetch("/").status for _ in range(5)] == [200] * 5
    assert judge.counts()[0] >= 3, "it is recalled again"
