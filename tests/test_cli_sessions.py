"""`oidc-gate sessions` and `oidc-gate secret --rotate`: what an operator sees, ends and renews."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import stat
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from oidc_gate.command import cli
from oidc_gate.stores.urls import open_store
from tests.browser import Browser
from tests.conftest import StageFactory
from tests.providers.local import LocalProvider
from tests.servers import free_port
from tests.stage import Stage, subject
from tests.test_stored_sessions import session_id

Command = Callable[..., tuple[int, str, str]]
ROW = re.compile(r"[0-9a-f]{64}  (20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ|never)")


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command, and return its status and what it wrote to stdout and stderr."""

    def run(*arguments: str) -> tuple[int, str, str]:
        status = cli.main(arguments)
        written = capsys.readouterr()
        return status, written.out, written.err

    return run


@pytest.fixture
def here(stage: StageFactory, store_url: str, monkeypatch: pytest.MonkeyPatch, provider: LocalProvider) -> Stage:
    """Set a stage, and its settings in the environment."""
    for name, value in provider.gate_options(session_store=store_url).items():
        monkeypatch.setenv(f"OIDC_GATE_{name.upper()}", str(value))
    return stage(session_store=store_url, session_cache_seconds=0)


def two_people(here: Stage, provider: LocalProvider) -> tuple[Browser, Browser, Browser]:
    laptop, phone = here.signed_in(), here.signed_in()
    provider.user = provider.people["grace"]
    return laptop, phone, here.signed_in()


# Sessions


def test_sessions_are_listed_by_id_and_end_and_nothing_says_whose_they_are(
    here: Stage, provider: LocalProvider, command: Command
) -> None:
    ids = [session_id(each) for each in two_people(here, provider)]
    status, out, err = command("sessions", "list")
    assert (status, err) == (0, "")
    assert sorted(line.split()[0] for line in out.splitlines()) == sorted(ids)
    assert all(ROW.fullmatch(line) for line in out.splitlines()), out
    assert "ada" not in out.replace("".join(ids), "") or "ada-1815" not in out


def test_a_session_without_an_end_is_listed_as_such(
    stage: StageFactory, here: Stage, command: Command, store_url: str
) -> None:
    stage(session_store=store_url, max_session_duration=0, idle_session_timeout=0).signed_in()
    assert command("sessions", "list")[1].strip().endswith("  never")


def test_one_session_is_ended_by_its_id(here: Stage, provider: LocalProvider, command: Command) -> None:
    laptop, phone, _ = two_people(here, provider)
    assert command("sessions", "revoke", session_id(laptop)) == (0, "ended\n", "")
    assert [laptop.fetch("/").status, phone.fetch("/").status] == [401, 200]
    assert command("sessions", "revoke", "0" * 64) == (1, "", "oidc-gate: there is no session with this id\n")


def test_all_sessions_of_a_person_are_ended_by_their_subject(
    here: Stage, provider: LocalProvider, command: Command
) -> None:
    laptop, phone, grace = two_people(here, provider)
    assert command("sessions", "revoke-user", "ada-1815") == (0, "ended 2 sessions\n", "")
    assert [each.fetch("/").status for each in (laptop, phone)] == [401, 401]
    assert subject(grace.fetch("/")) == "grace-1906"
    assert command("sessions", "revoke-user", "grace-1906") == (0, "ended 1 session\n", "")
    assert command("sessions", "revoke-user", "nobody") == (0, "ended 0 sessions\n", "")


def test_settings_come_from_a_file_or_from_flags_too(
    here: Stage, provider: LocalProvider, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = here.signed_in()
    options = provider.gate_options(session_store=here.settings["session_store"])
    for name in options:
        monkeypatch.delenv(f"OIDC_GATE_{name.upper()}")
    file = tmp_path / "gate.toml"
    file.write_text("".join(f'{name} = "{value}"\n' for name, value in options.items()))
    assert session_id(browser) in command("sessions", "--config", str(file), "list")[1]
    assert session_id(browser) in command("sessions", *flags(options), "list")[1]
    assert session_id(browser) in command("sessions", "list", "--config", str(file))[1]
    other = options | {"client_id": "other"}
    assert command("sessions", *flags(other), "revoke-user", "ada-1815")[1] == "ended 0 sessions\n"
    for count in range(1, len(flags(options)), 2):  # some before the action, some behind it
        before, behind = flags(options)[: 2 * count], flags(options)[2 * count :]
        assert session_id(browser) in command("sessions", *before, "list", *behind)[1]
    assert command("sessions", "revoke-user", *flags(options), "ada-1815")[1] == "ended 1 session\n"


def flags(options: dict[str, str]) -> list[str]:
    return [flag for name, value in options.items() for flag in ("--set", f"{name}={value}")]


def test_sessions_in_cookies_can_not_be_listed(here: Stage, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OIDC_GATE_SESSION_STORE", "cookie")
    for action in (["list"], ["revoke", "x"], ["revoke-user", "x"]):
        status, out, err = command("sessions", *action)
        assert (status, out) == (2, "")
        assert err.startswith("oidc-gate: session_store is cookie: such a session is in its browser alone")


def test_a_store_that_is_down_is_one_sentence(
    here: Stage, command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OIDC_GATE_SESSION_STORE", f"redis://127.0.0.1:{free_port()}")
    status, out, err = command("sessions", "list")
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert err.startswith("oidc-gate: the session store does not answer: Redis: ConnectionError")


def test_no_file_is_made_where_there_was_none(
    here: Stage, command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Run by root, it would make a file that the app could not open."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OIDC_GATE_SESSION_STORE", "sqlite:///elsewhere.db")
    status, _, err = command("sessions", "list")
    assert (status, f"{tmp_path}/elsewhere.db is not there" in err) == (2, True)
    assert not (tmp_path / "elsewhere.db").exists()


def listed(out: str) -> dict[str, dict[str, Any]]:
    document = json.loads(out)
    assert document["version"] == 1
    return {each.pop("id"): each for each in document["sessions"]}


def test_as_json_says_what_the_list_says_and_how_audit_events_name_the_session(
    here: Stage, provider: LocalProvider, command: Command
) -> None:
    here.signed_in().navigate("/oauth2/logout")
    assert command("sessions", "--as-json") == (0, '{"version": 1, "sessions": [\n\n]}\n', "")
    ids = [session_id(each) for each in two_people(here, provider)]
    status, out, err = command("sessions", "list", "--as-json")
    assert (status, err) == (0, "")
    assert set(listed(command("sessions", "--as-json", "list")[1])) == set(listed(out))  # a time may be a second later
    found = listed(out)
    assert set(found) == set(ids)
    for key, session in found.items():
        assert set(session) == {"session", "expires_at"}
        assert session["session"] == sha256(key.encode()).hexdigest()[:8]
        assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", session["expires_at"])
    for way in (("sessions",), ("sessions", "list")):
        assert sorted(line.split()[0] for line in command(*way)[1].splitlines()) == sorted(ids)  # Redis has no order


def test_with_the_apps_audit_events_the_list_says_who_it_is(
    stage: StageFactory, here: Stage, provider: LocalProvider, command: Command, tmp_path: Path, store_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    events = tmp_path / "audit.jsonl"
    handler, logger = logging.FileHandler(events), logging.getLogger("oidc_gate.audit")
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))  # as an operator's own set-up may have it
    logger.addHandler(handler)
    audited = stage(session_store=store_url, session_cache_seconds=0, audit=True)
    ada, _, grace = two_people(audited, provider)
    logger.removeHandler(handler)
    handler.close()
    unknown = here.signed_in()
    found = listed(command("sessions", "list", "--as-json", "--audit", str(events))[1])
    assert found[session_id(ada)] | {"session": "", "expires_at": ""} == {
        "session": "",
        "expires_at": "",
        "subject": "ada-1815",
        "email": "ada@example.com",
        "issuer": provider.issuer,
        "signed_in_at": "2030-03-17T17:46:40.000Z",
        "client_ip": "203.0.113.9",
        "user_agent": found[session_id(ada)]["user_agent"],
    }
    assert found[session_id(grace)]["subject"] == "grace-1906"
    assert set(found[session_id(unknown)]) == {"session", "expires_at"}
    # Of one whose hash somebody else has had too, nobody is named; what is no event is passed over.
    twin = {"event": "login.finished", "session": found[session_id(ada)]["session"], "subject": "eve", "issuer": "x"}
    junk = "login.finished\n{login.finished\n[]{}\n" + json.dumps({"event": "login.finished"})
    text = f"{events.read_text()}{junk}\n{json.dumps(twin)}\n{json.dumps(twin)}\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    found = listed(command("sessions", "list", "--as-json", "--audit", "-")[1])
    assert set(found[session_id(ada)]) == {"session", "expires_at"}
    assert found[session_id(grace)]["subject"] == "grace-1906"


def test_audit_events_that_cannot_be_used_are_told_of_before_anything_is_listed(
    here: Stage, command: Command, tmp_path: Path
) -> None:
    here.signed_in()
    status, out, err = command("sessions", "list", "--as-json", "--audit", str(tmp_path / "none"))
    assert (status, out, err) == (2, "", f"oidc-gate: {tmp_path}/none: No such file or directory.\n")
    status, out, err = command("sessions", "list", "--audit", str(tmp_path / "none"))
    assert (status, out, err) == (2, "", "oidc-gate: --audit says who it is in JSON alone: add --as-json\n")


# Secrets


def test_a_fresh_secret_is_put_in_front_and_the_file_stays_its_owners(tmp_path: Path, command: Command) -> None:
    file = tmp_path / "secret"
    file.write_text("the-first-secret-of-all,the-second-secret-of-all\n")
    file.chmod(0o640)
    os.chown(file, 1234, 1234)
    for count in (3, 4):
        assert command("secret", "--rotate", str(file)) == (0, "", "")
        assert len(file.read_text().split()) == count
    fresh, older, *others = file.read_text().split()
    assert others == ["the-first-secret-of-all", "the-second-secret-of-all"]
    assert len({fresh, older, *others}) == 4
    status = file.stat()
    assert (stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid) == (0o640, 1234, 1234)
    assert [each.name for each in tmp_path.iterdir()] == ["secret"]


def test_a_rotated_secret_keeps_sessions_and_seals_them_anew(
    stage: StageFactory, tmp_path: Path, command: Command
) -> None:
    file = tmp_path / "secret"
    file.write_text("the-first-secret-of-all\n")
    here = stage(session_store=f"sqlite:///{tmp_path}/sessions.db", cookie_secret=file.read_text())
    browser = here.signed_in()
    assert command("secret", "--rotate", str(file))[0] == 0
    later = here.moved(browser, here.another_gate(cookie_secret=file.read_text()))
    assert subject(later.fetch("/")) == "ada-1815"
    newest = file.read_text().split()[0]
    assert subject(here.moved(later, here.another_gate(cookie_secret=newest)).fetch("/")) == "ada-1815"


def test_a_link_stays_a_link(tmp_path: Path, command: Command) -> None:
    (tmp_path / "real").write_text("the-first-secret-of-all")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert command("secret", "--rotate", str(tmp_path / "link"))[0] == 0
    assert (tmp_path / "link").is_symlink()
    assert len((tmp_path / "real").read_text().split()) == 2


@pytest.mark.parametrize("content", [None, b"\xff\xfe not utf-8"])
def test_a_file_that_cannot_be_rotated_is_left_as_it_is(
    tmp_path: Path, command: Command, content: bytes | None
) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    status, out, err = command("secret", "--rotate", str(file))
    assert (status, out) == (2, "")
    assert re.fullmatch(r"oidc-gate: \S+/secret cannot be rotated: .* Nothing has changed\.\n", err)
    assert (file.read_bytes() if file.exists() else None) == content


SECRET = "Nx83hsZuwQpm2LbOarTyvc71kdfE09aB"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            f'client_id = "app"\ncookie_secret = "{SECRET}"\n\n[[rules]]\npath = "/admin area"\n',
            "at least 16 characters",
        ),
        (f'cookie_secret="{SECRET}"\n', "names of settings"),
        (f'{{"cookie_secret":"{SECRET}"}}', "names of settings"),
        (f"OIDC_GATE_CLIENT_ID=the-app-at-hand\nOIDC_GATE_COOKIE_SECRET={SECRET}\n", "names of settings"),
        (f"{SECRET} # the first one", "at least 16 characters"),
        (f"{SECRET}\n{SECRET}\n", "same secret twice"),
        ("change-me-to-something-random", "what examples have in its place"),
        (f"{SECRET}\x1b[31m\n", "control characters"),
    ],
)
def test_a_file_that_holds_more_than_secrets_is_left_as_it_is(
    tmp_path: Path, command: Command, content: str, reason: str
) -> None:
    file = tmp_path / "gate.toml"
    file.write_text(content)
    status, out, err = command("secret", "--rotate", str(file))
    assert (status, out) == (2, "")
    assert err.startswith(f"oidc-gate: {file} cannot be rotated: it must hold nothing but secrets, as the file that")
    assert reason in err
    assert err.endswith(". Nothing has changed.\n")
    assert SECRET not in err
    assert file.read_text() == content
    assert [each.name for each in tmp_path.iterdir()] == ["gate.toml"]


@pytest.mark.parametrize("content", ["", "\n", "\ufeff", f"{SECRET}==", f" {SECRET},\r\na-{SECRET},"])
def test_a_file_of_nothing_but_secrets_gets_one_more_and_an_empty_one_its_first(
    tmp_path: Path, command: Command, content: str
) -> None:
    file = tmp_path / "secret"
    file.write_text(content)
    assert command("secret", "--rotate", str(file)) == (0, "", "")
    fresh, *older = file.read_text().splitlines()
    assert older == content.lstrip("\ufeff").replace(",", " ").split()
    assert len(fresh) == 43


def test_a_store_of_ones_own_can_be_looked_at_in_code(here: Stage) -> None:
    browser = here.signed_in()
    store = open_store(here.settings["session_store"], 2.0)
    assert [record.key for record in store.records()] == [session_id(browser)]
