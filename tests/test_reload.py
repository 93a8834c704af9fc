"""`reload = watch`: what changes in the files of settings is in force soon, and what is wrong in them never is.

The clock stands still: a look at the files is due when a test moves it on and somebody asks.
"""

from __future__ import annotations

import contextlib
import gc
import json
import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from oidc_gate import Settings, SettingsError
from oidc_gate.gate import Gate, open_gate, reloading
from oidc_gate.gate.reloading import WatchingGate
from oidc_gate.gate.watched_files import FileState, are_settled, look_at
from oidc_gate.sessions import AskingBackend, Recalled
from tests.apps import COOKIE_SECRET, Echo, echo
from tests.browser import Browser, World
from tests.counted import Counted
from tests.patience import LIMIT
from tests.providers.local import LocalProvider
from tests.providers.tls import Authority, KeepingProvider
from tests.stage import Clock, is_login, subject, timed

ADA, GRACE = ["ada@example.com"], ["grace@example.org"]
OTHER_SECRET = "another-cookie-secret-for-tests-that-is-as-long-9876543210"
#: As long as it takes until a change is in force, while somebody asks each second.
SOON = 15
ADMIN = '[[rules]]\npath = "/admin"\nallow = "nobody"\n'


def toml(settings: Mapping[str, Any], tables: str = "") -> str:
    return "".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items()) + tables


class Watched:
    """A gate whose settings stand in `gate.toml` and two files of secrets, all in one folder."""

    def __init__(self, world: World, provider: LocalProvider, folder: Path, tables: str = "", **more: Any) -> None:
        self.world, self.provider, self.folder, self.more = world, provider, folder, more
        self.clock = Clock()
        provider.clock = self.clock
        self.app: Echo = echo(world)
        options = provider.gate_options()
        self.client_secret: str = options.pop("client_secret")
        self.write("client-secret", self.client_secret)
        self.write("cookie-secret", COOKIE_SECRET)
        secrets = {name: str(folder / name.replace("_", "-")) for name in ("client_secret", "cookie_secret")}
        files = {f"{name}_file": path for name, path in secrets.items()}
        self.settings: dict[str, Any] = {"reload": "watch", "allow_emails": ADA} | options | files
        self.configure(tables)
        self.gate = timed(world, self.app, self.clock, settings=Settings.from_file(folder / "gate.toml", **more))
        self.stranger = self.browser()

    def write(self, name: str, text: str) -> None:
        """Write a file as editors do that take care: under another name at first."""
        made = self.folder / f".{name}.new"
        made.write_text(text)
        made.replace(self.folder / name)

    def configure(self, tables: str = "", **changed: Any) -> None:
        self.settings = {name: value for name, value in (self.settings | changed).items() if value is not None}
        self.write("gate.toml", toml(self.settings, tables))

    def browser(self) -> Browser:
        made = Browser(self.gate, self.world)
        made.cookies.clock = self.clock
        return made

    def signed_in(self, path: str = "/") -> Browser:
        made = self.browser()
        assert made.navigate(path).status == 200
        return made

    def look(self, seconds: float = 4.0) -> Gate:
        """Let a look at the files be due, and have somebody ask; return the gate that decides then."""
        self.clock.advance(seconds)
        assert self.stranger.get("/oauth2/health").status == 200
        found: Gate = self.gate._gate
        return found

    def take_over(self) -> Gate:
        """Let a change come into force, which it must."""
        before = self.gate._gate
        assert self.look() is before
        after = self.look(5.0)
        assert after is not before
        return after


@pytest.fixture
def watched(world: World, provider: LocalProvider, tmp_path: Path) -> Callable[..., Watched]:
    """Make gates whose settings stand in files: `watched(ADMIN, userinfo="never")`."""

    def make(tables: str = "", **more: Any) -> Watched:
        return Watched(world, provider, tmp_path, tables, **more)

    return make


@pytest.fixture
def watched_once(provider: LocalProvider, tmp_path: Path) -> Callable[..., Watched]:
    """Make one in one world, for what is the same in both: which files are good, and when."""

    def make(tables: str = "", **more: Any) -> Watched:
        return Watched("wsgi", provider, tmp_path, tables, **more)

    return make


def statuses(here: Watched, browser: Browser, path: str = "/", seconds: int = SOON) -> list[int]:
    """Ask each second, as nobody else does; return the statuses."""
    found = []
    for _ in range(seconds):
        here.clock.advance(1)
        found.append(browser.fetch(path).status)
    return found


# What comes into force


def test_a_changed_list_holds_soon_for_a_browser_whose_requests_are_all_recalled(
    watched: Callable[..., Watched],
) -> None:
    here = watched()
    ada = here.signed_in()
    assert statuses(here, ada) == [200] * SOON
    here.configure(allow_emails=GRACE)
    found = statuses(here, ada)
    assert found == sorted(found)
    assert (found[0], found[-1]) == (200, 403)
    here.configure(allow_emails=ADA)
    found = statuses(here, ada)
    assert found == sorted(found, reverse=True)
    assert (found[0], found[-1]) == (403, 200)


@pytest.mark.parametrize("idle", ["0", "1h"])
def test_between_two_looks_a_browser_is_recalled(watched: Callable[..., Watched], idle: str) -> None:
    here = watched(idle_session_timeout=idle)
    ada = here.signed_in()
    gate = here.gate._gate
    recalled: list[Recalled | None] = []

    def recall(*key: Any) -> Recalled | None:
        recalled.append(gate.recall(*key))
        return recalled[-1]

    here.gate._asked = (gate, recall, *here.gate._asked[2:])
    for _ in range(10):
        here.clock.advance(1)
        assert [ada.fetch("/").status for _ in range(5)] == [200] * 5
    assert len(recalled) == 50
    assert 35 < sum(found is not None for found in recalled) < 50


def test_rules_are_taken_over(watched: Callable[..., Watched]) -> None:
    here = watched()
    ada = here.signed_in("/admin")
    here.configure(ADMIN)
    here.take_over()
    assert (ada.fetch("/admin").status, ada.fetch("/").status) == (403, 200)
    assert ada.fetch("/admin%2Fx").status == 403
    here.configure()
    here.take_over()
    assert ada.fetch("/admin").status == 200


def test_a_secret_that_was_taken_out_opens_nothing(watched: Callable[..., Watched]) -> None:
    here = watched()
    ada = here.signed_in()
    assert [ada.fetch("/").status for _ in range(3)] == [200] * 3
    here.write("cookie-secret", f"{OTHER_SECRET} {COOKIE_SECRET}")
    here.take_over()
    kept = ada.copy()
    assert ada.fetch("/").status == 200  # and its cookie is sealed with the new secret from now on
    here.clock.advance(60)
    assert ada.fetch("/").status == 200
    here.write("cookie-secret", OTHER_SECRET)
    here.take_over()
    assert (ada.fetch("/").status, kept.fetch("/").status) == (200, 401)


def test_a_new_secret_seals_once_the_other_processes_have_had_the_time_to_take_it_over(
    watched: Callable[..., Watched],
) -> None:
    """A cookie that it sealed would open nothing at one that has not, and send its browser to sign in."""
    here, late = watched(), watched()
    ada = here.signed_in()
    here.write("cookie-secret", f"{OTHER_SECRET} {COOKIE_SECRET}")
    here.take_over()
    others = here.signed_in()
    for _ in range(7):
        here.clock.advance(3.9)
        for each in (ada, others):
            assert each.fetch("/").status == 200
            assert at(late, each).fetch("/").status == 200
    before = here.gate._gate
    assert here.look(5.0) is not before
    here.clock.advance(60)
    assert ada.fetch("/").status == 200
    here.write("cookie-secret", OTHER_SECRET)
    here.take_over()
    assert [each.fetch("/").status for each in (ada, others)] == [200, 401]


def at(here: Watched, browser: Browser) -> Browser:
    """Return a browser with the same cookies at the gate of another process."""
    other = here.browser()
    other.cookies = browser.cookies.copy()
    return other


def test_a_changed_client_secret_signs_in(watched: Callable[..., Watched]) -> None:
    here = watched()
    here.provider.add_client(secret="the-next-client-secret")
    assert here.browser().navigate("/").status != 200
    here.write("client-secret", "the-next-client-secret\n")
    here.take_over()
    here.signed_in()


def test_kubernetes_swaps_a_link(watched_once: Callable[..., Watched], tmp_path: Path) -> None:
    for name, secret in (("..1", COOKIE_SECRET), ("..2", OTHER_SECRET)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "cookie").write_text(secret)
    (tmp_path / "..data").symlink_to("..1")
    (tmp_path / "cookie").symlink_to("..data/cookie")
    here = watched_once()
    here.configure(cookie_secret_file=str(tmp_path / "cookie"))
    here.take_over()
    ada = here.signed_in()
    (tmp_path / "..data.new").symlink_to("..2")
    (tmp_path / "..data.new").replace(tmp_path / "..data")
    here.take_over()
    assert ada.fetch("/").status == 401


def test_two_changes_in_a_row_come_into_force_together(watched_once: Callable[..., Watched]) -> None:
    here = watched_once()
    ada = here.signed_in()
    before = here.gate._gate
    here.configure(allow_emails=GRACE)
    assert here.look() is before
    here.configure(ADMIN, allow_emails=[*GRACE, *ADA])
    assert here.look(5.0) is before
    assert here.look(5.0) is not before
    assert (ada.fetch("/").status, ada.fetch("/admin").status) == (200, 403)


def test_what_is_back_before_it_was_in_force_changes_nothing(watched_once: Callable[..., Watched]) -> None:
    here = watched_once()
    before = here.gate._gate
    here.configure(allow_emails=GRACE)
    here.look()
    here.configure(allow_emails=ADA)
    assert [here.look(5.0) for _ in range(4)] == [before] * 4


def test_a_file_that_was_merely_touched_changes_nothing(watched_once: Callable[..., Watched], tmp_path: Path) -> None:
    here = watched_once()
    before = here.gate._gate
    os.utime(tmp_path / "gate.toml")
    assert [here.look(5.0) for _ in range(4)] == [before] * 4


def test_a_file_that_only_the_new_settings_name_is_watched_too(
    watched_once: Callable[..., Watched], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    here = watched_once()
    before = here.gate._gate
    here.configure(cookie_secret_file=str(tmp_path / "later"))
    assert [here.look(5.0) for _ in range(3)] == [before] * 3
    (message,) = refused(caplog)
    assert "cookie_secret_file" in message
    here.write("later", OTHER_SECRET)
    here.take_over()
    assert refused(caplog) == [message]


def test_relative_paths_are_of_where_the_process_began(
    world: World, provider: LocalProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    here = Watched(world, provider, Path())
    here.folder = tmp_path
    monkeypatch.chdir(tmp_path / "elsewhere")
    here.write("cookie-secret", OTHER_SECRET)
    here.take_over()


def test_what_is_in_the_environment_or_in_code_stays(
    world: World, provider: LocalProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OIDC_GATE_ALLOW_EMAILS", "grace@example.org")
    here = Watched(world, provider, tmp_path, public_paths="/about")
    monkeypatch.delenv("OIDC_GATE_ALLOW_EMAILS")
    here.write("cookie-secret", OTHER_SECRET)
    here.take_over()
    assert here.browser().navigate("/").status == 403
    assert here.browser().fetch("/about").status == 200


def test_a_file_whose_place_another_source_takes_is_not_looked_at(
    watched_once: Callable[..., Watched], provider: LocalProvider, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    here = watched_once(client_secret=provider.gate_options()["client_secret"])
    before = here.gate._gate
    (tmp_path / "client-secret").unlink()
    assert [here.look(5.0) for _ in range(4)] == [before] * 4
    here.configure(client_secret_file=str(tmp_path / "none"), allow_emails=GRACE)
    here.take_over()
    assert refused(caplog) == []
    assert here.browser().navigate("/").status == 403


def test_a_traffic_policy_is_watched(world: World, provider: LocalProvider, tmp_path: Path) -> None:
    def policy(emails: list[str]) -> str:
        config = provider.gate_options() | {"allow_emails": emails, "reload": "watch"}
        action = {"type": "openid-connect", "config": config}
        return json.dumps({"on_http_request": [{"actions": [action]}]})

    clock, file = Clock(), tmp_path / "policy.json"
    provider.clock = clock
    file.write_text(policy(ADA))
    settings = Settings.from_traffic_policy(file, cookie_secret=COOKIE_SECRET)
    gate = timed(world, echo(world), clock, settings=settings)
    ada = Browser(gate, world)
    ada.cookies.clock = clock
    assert ada.navigate("/").status == 200
    file.write_text(policy(GRACE))
    for seconds in (4, 5):
        clock.advance(seconds)
        ada.get("/oauth2/health")
    assert ada.fetch("/").status == 403


# What does not


def refused(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


def deep() -> str:
    return "allow_emails = " + "[" * 100_000


#: What is written in place of `gate.toml`, and what is said of that.
BROKEN = {
    "no TOML": ("issuer_url = ", "is not valid TOML"),
    "nothing": ("", "holds no settings"),
    "comments alone": ("# to be written\n", "holds no settings"),
    "half": ('issuer_url = "https://issuer.test"\n', "client_id is missing"),
    "unknown setting": ("{all}alow_groups = ['a']\n", "alow_groups is not a setting"),
    "too deep": (deep(), "RecursionError"),
    "another prefix": ("{all}path_prefix = '/auth'\nauth_id = 'x'\n", "auth_id, path_prefix cannot change"),
    "another store": ("{all}session_store = 'redis://:hush@x:1/0'\n", "session_store cannot change"),
    "a bad key": ("{all}client_private_key_file = '{here}/cookie-secret'\n", "client_private_key_file"),
    "no certificates": ("{all}ca_bundle = '{here}/cookie-secret'\n", "holds no PEM certificates"),
}


@pytest.mark.parametrize(("text", "said"), BROKEN.values(), ids=BROKEN)
def test_what_is_wrong_is_refused_and_told_once_and_the_old_settings_stay(
    watched_once: Callable[..., Watched], caplog: pytest.LogCaptureFixture, tmp_path: Path, text: str, said: str
) -> None:
    here = watched_once()
    ada = here.signed_in()
    before = here.gate._gate
    here.write("gate.toml", text.replace("{all}", toml(here.settings)).replace("{here}", str(tmp_path)))
    assert [here.look(5.0) for _ in range(5)] == [before] * 5
    (message,) = refused(caplog)
    assert said in message
    assert not any(secret in caplog.text for secret in (COOKIE_SECRET, "hush", here.client_secret))
    assert ada.fetch("/").status == 200
    here.signed_in()
    here.configure(allow_emails=GRACE)
    here.take_over()
    assert ada.fetch("/").status == 403


@contextlib.contextmanager
def nobody() -> Iterator[None]:
    """Be somebody without rights: root may read everything."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


@pytest.mark.parametrize("name", ["gate.toml", "cookie-secret", "client-secret"])
@pytest.mark.parametrize("loss", ["removed", "a folder", "no right to read it", "empty"])
def test_a_file_that_is_lost_changes_nothing(
    watched_once: Callable[..., Watched], caplog: pytest.LogCaptureFixture, tmp_path: Path, name: str, loss: str
) -> None:
    here, file = watched_once(), tmp_path / name
    before, text = here.gate._gate, file.read_text()
    if loss == "no right to read it":
        file.chmod(0)
    else:
        file.unlink()
    if loss == "a folder":
        file.mkdir()
    if loss == "empty":
        file.write_text("")
    with nobody() if loss == "no right to read it" else contextlib.nullcontext():
        assert [here.look(5.0) for _ in range(4)] == [before] * 4
    assert len(refused(caplog)) == 1
    here.signed_in()
    if loss == "a folder":
        file.rmdir()
    here.write(name, text)
    assert [here.look(5.0) for _ in range(4)] == [before] * 4
    assert len(refused(caplog)) == 1


def test_a_file_that_is_cut_off_while_it_is_written_is_never_in_force(watched_once: Callable[..., Watched]) -> None:
    """Cut off before its rules it is as good a file, and opens the app."""
    here = watched_once(ADMIN)
    ada = here.signed_in()
    whole = toml(here.settings, '[[rules]]\npath = "/hr"\nallow = "nobody"\n' + ADMIN)
    file = here.folder / "gate.toml"
    lines = whole.splitlines(keepends=True)
    for count in range(len(lines) + 1):
        file.write_text("".join(lines[:count]))
        here.clock.advance(4.9)  # the slowest that is still taken for writing
        assert ada.fetch("/admin").status == 403
    here.take_over()
    assert (ada.fetch("/admin").status, ada.fetch("/hr").status, ada.fetch("/").status) == (403, 403, 200)


class Meddler(dict[str, str]):
    """Parameters in code that do something whenever settings are read."""

    def __init__(self, meddle: Callable[[], None]) -> None:
        super().__init__(hd="example.com")
        self.meddle = meddle

    def items(self) -> Any:
        self.meddle()
        return super().items()


def test_a_file_that_changes_while_it_is_read_is_looked_at_again(
    watched_once: Callable[..., Watched], caplog: pytest.LogCaptureFixture
) -> None:
    meddler = Meddler(lambda: None)
    here = watched_once(ADMIN, authz_url_params=meddler)
    ada = here.signed_in()
    before = here.gate._gate
    cut, whole = toml(here.settings | {"allow_emails": [*ADA, *GRACE]}), here.folder / "gate.toml"
    here.configure(ADMIN, allow_emails=[*ADA, *GRACE])

    def meddle() -> None:
        whole.write_text(cut)

    here.look()
    meddler.meddle = meddle
    assert here.look(5.0) is before
    meddler.meddle = lambda: None
    assert here.look(4.0) is before
    here.configure(ADMIN)
    assert here.look(5.0) is before
    assert here.look(5.0) is not before
    assert ada.fetch("/admin").status == 403
    assert refused(caplog) == []


def test_without_reload_nothing_is_looked_at(world: World, provider: LocalProvider, tmp_path: Path) -> None:
    here = Watched(world, provider, tmp_path)
    for settings in (Settings.from_file(tmp_path / "gate.toml", reload="off"), here.gate._gate._components.settings):
        assert isinstance(open_gate(settings, print), WatchingGate) is (settings.reload == "watch")


def test_with_no_file_there_is_nothing_to_look_at_and_that_is_told(
    provider: LocalProvider, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(**provider.gate_options(cookie_secret=COOKIE_SECRET, reload="watch"))
    assert type(open_gate(settings, print)) is Gate
    assert any("reload is watch, and no setting stands in a file" in text for text in caplog.messages)


def test_what_can_be_read_only_once_stops_start_up(provider: LocalProvider, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as pool:
        written = pool.submit(pipe.write_text, COOKIE_SECRET)
        settings = Settings(**provider.gate_options(cookie_secret_file=pipe, reload="watch"))
        written.result(LIMIT)
    with pytest.raises(SettingsError, match="pipe is no regular file"):
        open_gate(settings, print)


def test_a_name_that_no_file_can_have_is_one_that_cannot_be_read() -> None:
    assert look_at([Path("a\0b")])[Path("a\0b")].content == "unreadable"


def test_a_disk_that_fails_is_a_file_that_cannot_be_read() -> None:
    assert look_at([Path("/proc/self/mem")])[Path("/proc/self/mem")].content == "unreadable"


# What goes on


def test_what_was_ended_stays_ended(watched: Callable[..., Watched]) -> None:
    here = watched()
    ada = here.signed_in()
    thief = ada.copy()
    assert ada.navigate("/oauth2/logout").status == 200
    here.configure(allow_emails=[*ADA, *GRACE])
    here.take_over()
    assert thief.fetch("/").status == 401


def test_a_login_under_way_is_finished_and_the_provider_tells_nothing_twice(watched: Callable[..., Watched]) -> None:
    here = watched()
    ada = here.browser()
    leaving = ada.get("/page")
    assert is_login(leaving, here.provider)
    here.configure(allow_emails=[*ADA, *GRACE])
    here.take_over()
    page = ada.follow(leaving)
    assert (page.status, page.url, subject(page)) == (200, "https://app.test/page", "ada-1815")
    here.configure(allow_emails=ADA)
    here.take_over()
    callback = next(answer.url for answer in ada.trail if "/oauth2/callback" in answer.url)
    here.signed_in()
    assert [len(here.provider.calls(path)) for path in ("discovery", "jwks")] == [1, 1]
    assert len(here.provider.calls("token")) == 2
    ada.cookies.clear()
    assert ada.get(callback).status == 400
    assert len(here.provider.calls("token")) == 2


def test_another_provider_is_asked_who_it_is(watched_once: Callable[..., Watched]) -> None:
    here = watched_once()
    ada = here.signed_in()
    with LocalProvider() as other:
        other.clock = here.clock
        here.configure(issuer_url=other.issuer)
        here.write("client-secret", other.gate_options()["client_secret"])
        here.take_over()
        assert ada.fetch("/").status == 401
        assert is_login(ada.get("/"), other)


def test_what_other_authorities_vouched_for_is_asked_anew(tmp_path: Path) -> None:
    trusted, other = Authority.new(tmp_path, "trusted"), Authority.new(tmp_path, "other")
    bundle = tmp_path / "ca.pem"
    bundle.write_bytes(trusted.bundle.read_bytes())
    with KeepingProvider(trusted.server_context()) as provider:
        here = Watched("wsgi", provider, tmp_path, ca_bundle=bundle)
        assert is_login(here.browser().get("/"), provider)
        here.configure(scopes=["openid", "email"])
        here.take_over()
        assert is_login(here.browser().get("/"), provider)
        assert len(provider.calls("discovery")) == 1
        here.write("ca.pem", other.bundle.read_text())
        here.take_over()
        assert here.browser().get("/").status == 500
        here.write("ca.pem", trusted.bundle.read_text())
        here.take_over()
        assert is_login(here.browser().get("/"), provider)
        assert len(provider.calls("discovery")) == 2


@pytest.mark.parametrize("setting", ["session_store", "cookie_deny_list"])
def test_the_store_stays_open(watched: Callable[..., Watched], tmp_path: Path, setting: str) -> None:
    here = watched(**{setting: f"sqlite:///{tmp_path}/sessions.db"})
    ada = here.signed_in()
    before = here.gate._gate._components.sessions.backend
    here.configure(allow_emails=[*ADA, *GRACE])
    after = here.take_over()._components.sessions.backend
    assert isinstance(before, AskingBackend)
    assert isinstance(after, AskingBackend)
    assert (after is before, after.store is before.store) == (False, True)
    assert ada.fetch("/").status == 200


def test_another_client_opens_no_session_in_the_same_store(
    watched_once: Callable[..., Watched], tmp_path: Path
) -> None:
    here = watched_once(session_store=f"sqlite:///{tmp_path}/sessions.db")
    ada = here.signed_in()
    here.provider.add_client("other")
    here.configure(client_id="other")
    here.write("client-secret", here.provider.gate_options("other")["client_secret"])
    here.take_over()
    assert ada.fetch("/").status == 401
    here.signed_in()


def test_of_two_requests_at_the_same_time_one_looks_and_the_other_goes_on(watched: Callable[..., Watched]) -> None:
    here = watched()
    ada, watching = here.signed_in(), here.gate._gate._reloading
    here.configure(allow_emails=GRACE)
    with watching._lock:  # somebody looks, and the disk does not answer
        assert statuses(here, ada) == [200] * SOON
    here.take_over()
    assert ada.fetch("/").status == 403


def test_a_request_ends_with_the_gate_that_it_began_with(watched: Callable[..., Watched]) -> None:
    """Judged by one and cleaned by the other, it would bring the app what neither lets through."""
    here = watched()
    ada = here.signed_in()
    gate, _, *rest = here.gate._asked
    settings = gate._components.settings.with_options(identity_headers={"x-who": "email"})
    following = gate.successor(settings)

    def swap(*_: Any) -> None:
        here.gate._ask(following)

    here.gate._asked = (gate, swap, *rest)
    told = [ada.fetch("/", headers=[("X-Who", "mallory")]).json()["headers"].get("x-who") for _ in range(2)]
    assert told == ["mallory", "ada@example.com"]


def test_no_request_fails_while_settings_change_all_the_time(watched: Callable[..., Watched]) -> None:
    here = watched()
    browsers = [here.signed_in() for _ in range(3)]
    over, found = threading.Event(), set[int]()

    def ask(browser: Browser) -> None:
        while not over.is_set():
            found.add(browser.fetch("/").status)

    with ThreadPoolExecutor(len(browsers)) as pool:
        asking = [pool.submit(ask, browser) for browser in browsers]
        try:
            for number in range(20):
                here.configure(ADMIN * (number % 2), allow_emails=[*ADA, f"someone-{number}@example.com"])
                for _ in range(2):
                    here.clock.advance(5)
                    here.stranger.get("/oauth2/health")
        finally:
            over.set()
        for each in asking:
            each.result(LIMIT)
    assert found == {200}


def test_under_asgi_files_are_read_in_a_thread(provider: LocalProvider, tmp_path: Path) -> None:
    names = []
    meddler = Meddler(lambda: names.append(threading.current_thread().name))
    here = Watched("asgi", provider, tmp_path, authz_url_params=meddler)
    names.clear()
    here.configure(allow_emails=GRACE)
    here.take_over()
    assert names
    assert all(name.startswith("oidc_gate-store") for name in names)


def test_a_stranger_cannot_have_files_looked_at_oftener(
    watched: Callable[..., Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = watched()
    looks = []
    compare = here.gate._gate._reloading._compare
    here.gate._gate._reloading._compare = lambda **how: looks.append(compare(**how))
    for _ in range(10):
        here.clock.advance(1)
        for path in ("/", "/oauth2/health", "/oauth2/nothing", "/oauth2/callback?state=x"):
            here.stranger.fetch(path)
    assert len(looks) == 2


def test_both_outcomes_are_counted_and_told_as_audit_events(
    watched_once: Callable[..., Watched], caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    counted = Counted()
    here = watched_once(metrics=counted, audit=True, session_store=f"sqlite:///{tmp_path}/sessions.db")
    caplog.set_level(logging.INFO, "oidc_gate.audit")
    for number in range(3):
        here.configure(allow_emails=[*ADA, f"someone-{number}@example.com"])
        here.take_over()
    here.write("gate.toml", "")
    here.look()
    here.look(5.0)
    assert counted.of("reloads_total") == {("success",): 3, ("failure",): 1}
    events = [json.loads(record.message) for record in caplog.records if record.name == "oidc_gate.audit"]
    assert [(event["event"], event["outcome"]) for event in events] == [("settings.reloaded", "success")] * 3 + [
        ("settings.reloaded", "failure")
    ]
    here.signed_in()
    calls = counted.of("store_request_duration_seconds")
    assert calls[("save", "ok")] == 1  # by the gate that decides now, and by none before


def test_old_gates_are_forgotten(world: World, provider: LocalProvider, tmp_path: Path) -> None:
    here = Watched(world, provider, tmp_path)
    ada = here.signed_in()
    gates = []
    for number in range(200 if world == "wsgi" else 20):
        gates.append(weakref.ref(here.gate._gate))
        here.configure(allow_emails=[*ADA, f"someone-{number}@example.com"])
        here.take_over()
        assert ada.fetch("/").status == 200
    gc.collect()
    # A thread that waits for its next work may hold the frame of its last.
    assert [number for number, gate in enumerate(gates) if gate() is not None] in ([], [len(gates) - 1])


# Processes


def test_a_forked_process_looks_at_its_first_request(
    watched: Callable[..., Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its settings may be as old as the process that it was forked from: gunicorn with --preload forks at any time."""
    here = watched()
    ada = here.signed_in()
    here.configure(allow_emails=GRACE)
    monkeypatch.setattr(reloading, "_QUIET", 0.0)
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            os._exit(ada.fetch("/").status - 400 if here.world == "wsgi" else 3)  # its event loop stayed behind
        os._exit(99)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
    assert ada.fetch("/").status == 200


def test_after_a_fork_nothing_is_taken_over_at_once_that_may_still_be_written(
    watched_once: Callable[..., Watched],
) -> None:
    here = watched_once()
    before = here.gate._gate
    here.configure(allow_emails=GRACE)
    reloading._after_fork()
    assert here.look(0.0) is before
    assert here.look(0.0) is before
    assert here.look(5.0) is not before


def test_what_changed_long_ago_is_settled() -> None:
    now = time.time_ns()
    long_ago, just_now = FileState(b"1", (1, 1, 1, 1, now - 60 * 10**9)), FileState(b"2", (1, 1, 1, 1, now))
    file, other = Path("a"), Path("b")
    assert are_settled({file: just_now}, {file: long_ago}, 5)
    assert not are_settled({file: long_ago}, {file: just_now}, 5)
    assert not are_settled({file: long_ago}, {file: FileState("ENOENT")}, 5)
    assert are_settled({file: just_now, other: long_ago}, {file: just_now, other: FileState(b"3", (0, -1))}, 5)


@pytest.mark.parametrize("pause", [10, 14, 20])
def test_who_comes_first_after_a_pause_is_judged_by_what_changed_in_it(
    watched: Callable[..., Watched], monkeypatch: pytest.MonkeyPatch, pause: int
) -> None:
    """From ten seconds on: another look, five seconds later, might be more than fifteen after the change."""
    here = watched()
    ada = here.signed_in()
    here.configure(allow_emails=GRACE)
    here.clock.advance(pause)
    assert ada.fetch("/").status == 200  # it may still be written
    monkeypatch.setattr(reloading, "_QUIET", 0.0)
    here.configure(allow_emails=[*GRACE, "third@example.com"])
    here.clock.advance(pause)
    assert ada.fetch("/").status == 403


# Telling


def test_what_has_changed_is_told_without_a_value(
    watched_once: Callable[..., Watched], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    here = watched_once(ADMIN, max_session_duration=0, idle_session_timeout=0)
    assert "sessions never end" in caplog.text
    caplog.clear()
    here.configure(ADMIN, allow_emails=None)
    here.write("cookie-secret", OTHER_SECRET)
    here.take_over()
    told = [text for text in caplog.messages if "taken over" in text]
    files = f"({here.folder}/gate.toml, {here.folder}/cookie-secret)"
    assert told == [f"changed settings are taken over: allow_emails, cookie_secret {files}"]
    assert [text for text in caplog.messages if "every user of the provider may pass" in text]
    assert "sessions never end" not in caplog.text  # that was told before
    assert OTHER_SECRET not in caplog.text
