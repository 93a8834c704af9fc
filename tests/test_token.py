"""`oidc-gate token`: a person signs in for a terminal, in a browser or by a code; what is printed and kept."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from oidc_gate.command import cli
from tests.patience import LIMIT
from tests.providers.local import LocalProvider

ADDRESS = re.compile(r"^  (http\S+)$", re.MULTILINE)
#: Fast enough for tests: the provider says a second, and no test needs to wait for more than a few.
Answer = tuple[int, str, str]


class Terminal:
    """Runs the command as a person would, reads along what it says, and opens what it names when told to."""

    def __init__(self, provider: LocalProvider, capsys: pytest.CaptureFixture[str]) -> None:
        self._flags = ["token", "--oidc", provider.issuer, "--oidc-client-id", "cli"]
        self._capsys = capsys
        self.out = self.err = ""
        self._status: list[int] = []
        self._thread: threading.Thread | None = None

    def start(self, *flags: str) -> None:
        """Have the command wait for its person."""
        self._thread = threading.Thread(target=lambda: self._status.append(cli.main([*self._flags, *flags])))
        self._thread.start()

    def said(self, pattern: re.Pattern[str]) -> str:
        """Return what the command has said on stderr, once it has."""
        give_up = time.monotonic() + LIMIT
        while not (found := pattern.search(self.err)):
            assert time.monotonic() < give_up, self.err
            time.sleep(0.01)
            self._read()
        return found[1]

    def ended(self) -> Answer:
        """Return status, stdout and stderr, once the command has ended."""
        assert self._thread is not None
        self._thread.join(LIMIT)
        self._read()
        return self._status.pop(), self.out, self.err

    def run(self, *flags: str) -> Answer:
        """Run it where nobody is asked."""
        self.out = self.err = ""
        self.start(*flags)
        return self.ended()

    def sign_in(self, *flags: str) -> Answer:
        """Run it, and sign in at the address that it names."""
        self.out = self.err = ""
        self.start("--no-browser", *flags)
        page = requests.get(self.said(ADDRESS), timeout=LIMIT)
        assert page.text == "You can close this window and go back to the terminal.\n", page.text
        return self.ended()

    def _read(self) -> None:
        out, err = self._capsys.readouterr()
        self.out, self.err = self.out + out, self.err + err


@pytest.fixture
def terminal(provider: LocalProvider, capsys: pytest.CaptureFixture[str]) -> Terminal:
    provider.add_client("cli", secret=None, auth_method="none")
    return Terminal(provider, capsys)


@pytest.fixture
def device(provider: LocalProvider) -> LocalProvider:
    """Have the provider offer the device flow."""
    provider.offers |= {"device"}
    return provider


def whose(provider: LocalProvider, token: str) -> str:
    answer = requests.get(provider.url("userinfo"), headers={"Authorization": f"Bearer {token}"}, timeout=LIMIT)
    assert answer.status_code == 200
    return str(answer.json()["sub"])


# In a browser (RFC 8252)


def test_the_token_alone_is_on_stdout_and_is_the_persons(terminal: Terminal, provider: LocalProvider) -> None:
    status, out, err = terminal.sign_in()
    assert status == 0
    assert whose(provider, out.removesuffix("\n")) == "ada-1815"
    assert out.strip() not in err
    assert err.startswith("Open in a browser here:\n  http")


def test_what_is_asked_is_a_code_with_pkce_for_a_loopback_address(terminal: Terminal, provider: LocalProvider) -> None:
    terminal.sign_in("--resource", "https://api.test/", "--oidc-scope", "openid,api", "--set", "authz_url_params=a=b")
    asked, redeemed = provider.calls("authorize")[0].params, provider.calls("token")[0].form
    redirect = urlsplit(asked["redirect_uri"])
    assert (redirect.scheme, redirect.hostname, redirect.path) == ("http", "127.0.0.1", "/callback")
    assert asked["code_challenge_method"] == "S256"
    assert [asked[name] for name in ("response_type", "client_id", "scope", "a")] == ["code", "cli", "openid api", "b"]
    assert asked["resource"] == redeemed["resource"] == "https://api.test/"
    assert "client_secret" not in redeemed


def test_a_browser_is_opened_unless_told_not_to(provider: LocalProvider, tmp_path: Path) -> None:
    provider.add_client("cli", secret=None, auth_method="none")
    opener = tmp_path / "opener.py"
    opener.write_text("import sys, requests; requests.get(sys.argv[1], timeout=60)")
    ended = subprocess.run(
        [sys.executable, "-m", "oidc_gate", "token", "--oidc", provider.issuer, "--oidc-client-id", "cli"],
        env={"BROWSER": f"{sys.executable} {opener} %s &", "PATH": ""},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr.startswith("Sign in in the browser that has just been opened")
    assert whose(provider, ended.stdout.strip()) == "ada-1815"


def test_a_machine_without_a_browser_says_where_to_sign_in(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    import webbrowser

    def none(_: str) -> bool:
        raise webbrowser.Error("no browser")

    monkeypatch.setattr(webbrowser, "open", none)
    terminal.start()
    requests.get(terminal.said(ADDRESS), timeout=LIMIT)
    status, _, err = terminal.ended()
    assert (status, err.partition("\n")[0]) == (0, "Open in a browser here:")


def test_other_answers_than_its_own_are_not_taken(terminal: Terminal, provider: LocalProvider) -> None:
    terminal.start("--no-browser")
    address = terminal.said(ADDRESS)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    come_back, state = asked["redirect_uri"], asked["state"]
    foreign = [
        f"{come_back}?state=other&code=stolen",
        f"{come_back}?code=stolen",
        f"{come_back}?state={state}",
        f"{come_back}?state={state}&state={state}&code=twice",
        f"{come_back}?{'&'.join('a=b' for _ in range(60))}",
        come_back.replace("/callback", f"/?state={state}&code=elsewhere"),
    ]
    assert [requests.get(each, timeout=LIMIT).status_code for each in foreign] == [404] * len(foreign)
    assert requests.post(f"{come_back}?state={state}&code=posted", timeout=LIMIT).status_code == 501
    assert provider.calls("token") == []
    requests.get(address, timeout=LIMIT)
    assert terminal.ended()[0] == 0


def test_a_connection_that_says_nothing_holds_nobody_up(terminal: Terminal) -> None:
    import socket
    import struct

    terminal.start("--no-browser")
    address = terminal.said(ADDRESS)
    port = urlsplit(parse_qs(urlsplit(address).query)["redirect_uri"][0]).port
    with socket.create_connection(("127.0.0.1", port)), socket.create_connection(("127.0.0.1", port)) as torn:
        torn.sendall(b"GET /callback HTTP/1.1\r\nHost:")
        torn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        torn.close()
        requests.get(address, timeout=LIMIT)
        status, _, err = terminal.ended()
    assert (status, "Traceback" in err) == (0, False)


def test_a_no_of_the_provider_is_said_with_its_code(terminal: Terminal, provider: LocalProvider) -> None:
    provider.change_callback = lambda params: params | {"code": "", "error": "access_denied"}
    status, out, err = terminal.sign_in()
    assert (status, out) == (1, "")
    assert "no token: the provider says no: error 'access_denied' (provider_error)" in err


def test_a_forged_id_token_is_no_sign_in(terminal: Terminal, provider: LocalProvider) -> None:
    with provider.fault("wrong_nonce"):
        status, out, err = terminal.sign_in()
    assert (status, out) == (1, "")
    assert "(nonce_mismatch)" in err


def test_nobody_who_comes_back_is_waited_for_until_login_timeout(terminal: Terminal) -> None:
    status, out, err = terminal.run("--no-browser", "--set", "login_timeout=1s")
    assert (status, out) == (1, "")
    assert "(login_late)" in err


def test_a_port_that_is_taken_is_said(terminal: Terminal, provider: LocalProvider) -> None:
    taken = str(urlsplit(provider.issuer).port)
    status, _, err = terminal.run("--port", taken)
    assert (status, f"--port {taken} of 127.0.0.1 cannot be used" in err) == (2, True)


def test_a_secret_that_is_given_is_used(terminal: Terminal, provider: LocalProvider) -> None:
    secret = str(provider.add_client("cli").secret)
    assert terminal.sign_in("--oidc-client-secret", secret)[0] == 0
    assert provider.calls("token")[0].headers["authorization"].startswith("Basic ")


def test_a_request_is_pushed_where_the_provider_demands_it(terminal: Terminal, provider: LocalProvider) -> None:
    provider.offers, provider.demands_pushed = {"par"}, True
    status, out, _ = terminal.sign_in()
    assert (status, whose(provider, out.strip())) == (0, "ada-1815")
    assert provider.calls("authorize")[0].params.keys() == {"client_id", "request_uri"}
    provider.answer["par"] = (400, {}, {"error": "invalid_request"})
    status, _, err = terminal.run("--no-browser")
    assert (status, "(pushed_request_rejected)" in err) == (1, True)


def test_ctrl_c_is_no_traceback(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    from oidc_gate.command import loopback

    def stopped(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(loopback.Loopback, "answer", stopped)
    assert terminal.run("--no-browser")[::2] == (1, terminal.err)
    assert terminal.err.endswith("no token: stopped\n")


# With a code (RFC 8628)


def test_a_code_is_typed_on_another_machine(terminal: Terminal, device: LocalProvider) -> None:
    device.device_answers = ["authorization_pending"]
    status, out, err = terminal.run("--device", "--resource", "https://api.test/")
    assert (status, whose(device, out.strip())) == (0, "ada-1815")
    assert err == f"Open {device.issuer}/activate on any machine, and type: BCDF-GHJK\n"
    begun, *asked = device.calls("device") + device.calls("token")
    assert (begun.form["client_id"], begun.form["resource"]) == ("cli", "https://api.test/")
    assert len(asked) == 2
    assert "nonce" not in begun.form


def test_the_address_with_the_code_in_it_is_said_where_there_is_one(terminal: Terminal, device: LocalProvider) -> None:
    with_code = f"{device.issuer}/activate?user_code=BCDF-GHJK"
    with Changed(device, verification_uri_complete=with_code):
        err = terminal.run("--device")[2]
    assert f"\n  or open {with_code} and compare the code\n" in err


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("access_denied", "device_denied"),
        ("expired_token", "device_code_expired"),
        ("invalid_grant", "device_code_expired"),
        ("invalid_client", "client_rejected"),
    ],
)
def test_a_no_ends_the_waiting(terminal: Terminal, device: LocalProvider, said: str, code: str) -> None:
    device.device_answers = [said]
    status, out, err = terminal.run("--device")
    assert (status, out) == (1, "")
    assert err.rstrip().endswith(f"({code})")


def test_a_provider_without_the_flow_is_said(terminal: Terminal) -> None:
    status, _, err = terminal.run("--device")
    assert (status, "leave --device out (device_flow_missing)" in err) == (1, True)


def test_a_client_that_may_not_is_said(terminal: Terminal, device: LocalProvider) -> None:
    del device.clients["cli"]
    status, _, err = terminal.run("--device")
    assert (status, "(client_rejected)" in err) == (1, True)


@pytest.mark.parametrize(
    "member",
    [
        {"device_code": 7},
        {"device_code": "\u00e9"},
        {"expires_in": None},
        {"user_code": "\x1b[2J"},
        {"user_code": ""},
        {"user_code": "A" * 65},
        {"verification_uri": "https://evil.test/\u202e"},
        {"verification_uri": "javascript:alert(1)"},
        {"verification_uri": "http://[broken"},
        {"verification_uri": None},
    ],
)
def test_what_a_terminal_must_not_show_is_refused(terminal: Terminal, device: LocalProvider, member: Any) -> None:
    with Changed(device, **member):
        status, out, err = terminal.run("--device")
    assert (status, out) == (1, "")
    assert "(device_answer_invalid)" in err
    assert err.isascii()
    assert "\x1b" not in err


def test_an_answer_that_is_no_json_is_said(terminal: Terminal, device: LocalProvider) -> None:
    device.answer["device"] = (200, {}, "<html>")
    status, _, err = terminal.run("--device")
    assert (status, "(token_answer_unreadable)" in err) == (1, True)


# How often it asks: by a clock of its own


def polled(*answers: Any, interval: float, seconds: float, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return how long was waited before each question; the last answer is repeated."""
    from oidc_gate.command import token
    from oidc_gate.errors import LoginError

    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    monkeypatch.setattr(time, "monotonic", lambda: sum(waits))
    left: Iterator[Any] = iter(answers)

    def ask() -> Any:
        answer = next(left, answers[-1])
        if isinstance(answer, Exception):
            raise answer
        return answer

    with pytest.raises(LoginError, match="in time"):
        token._polled(ask, interval, seconds)
    return waits


def test_it_asks_as_often_as_the_provider_says(monkeypatch: pytest.MonkeyPatch) -> None:
    assert polled(0.0, interval=5, seconds=21, monkeypatch=monkeypatch) == [5, 5, 5, 5]


def test_it_asks_less_often_when_told_to_slow_down(monkeypatch: pytest.MonkeyPatch) -> None:
    assert polled(5.0, 0.0, interval=5, seconds=40, monkeypatch=monkeypatch) == [5, 10, 10, 10]


def test_it_asks_ever_less_often_where_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    from oidc_gate.errors import ProviderDownError

    waits = polled(ProviderDownError("x"), interval=5, seconds=300, monkeypatch=monkeypatch)
    assert waits == [5, 10, 20, 40, 60, 60, 60]


def test_slow_down_comes_from_the_wire(terminal: Terminal, device: LocalProvider) -> None:
    from oidc_gate.provider.device_flow import read_device_tokens
    from oidc_gate.provider.http_messages import HTTPAnswer
    from oidc_gate.provider.token_errors import TokenCall

    answer = HTTPAnswer(400, "application/json", b'{"error": "slow_down"}')
    assert read_device_tokens(answer, TokenCall("none")) == 5.0


# Kept (--keep)


def kept(path: Path) -> Any:
    return json.loads(path.read_text())


def test_a_kept_token_is_printed_again_without_anybody_signing_in(
    terminal: Terminal, provider: LocalProvider, tmp_path: Path
) -> None:
    file = tmp_path / "deep" / "token.json"
    first = terminal.sign_in("--keep", str(file))
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert "offline_access" in provider.calls("authorize")[0].params["scope"]
    assert terminal.run("--keep", str(file)) == (0, first[1], "")
    assert len(provider.calls("token")) == 1


def test_a_token_that_has_ended_is_renewed(terminal: Terminal, provider: LocalProvider, tmp_path: Path) -> None:
    file = tmp_path / "token.json"
    first = terminal.sign_in("--keep", str(file))
    file.write_text(json.dumps(kept(file) | {"expires_at": time.time() + 30}))
    status, out, err = terminal.run("--keep", str(file))
    assert (status, err, whose(provider, out.strip())) == (0, "", "ada-1815")
    assert out != first[1]
    assert kept(file)["refresh_token"] in provider.refresh_tokens


def test_a_provider_that_keeps_the_refresh_token_has_it_used_again(
    terminal: Terminal, provider: LocalProvider, tmp_path: Path
) -> None:
    file = tmp_path / "token.json"
    provider.change_token_response = lambda tokens: tokens | {"expires_in": None}
    terminal.sign_in("--keep", str(file))
    before = kept(file)
    assert before["expires_at"] == 0.0
    provider.rotate_refresh_tokens = False
    provider.change_token_response = lambda tokens: {name: tokens[name] for name in ("access_token", "token_type")}
    assert terminal.run("--keep", str(file))[0] == 0
    assert kept(file)["refresh_token"] == before["refresh_token"]


def test_somebody_signs_in_again_where_the_provider_says_no(
    terminal: Terminal, provider: LocalProvider, tmp_path: Path
) -> None:
    file = tmp_path / "token.json"
    terminal.sign_in("--keep", str(file))
    file.write_text(json.dumps(kept(file) | {"expires_at": 0.0}))
    provider.refresh_tokens.clear()
    status, _, err = terminal.sign_in("--keep", str(file))
    assert status == 0
    assert err.startswith("The kept token cannot be renewed: ")


def test_an_outage_costs_nobody_the_kept_token(terminal: Terminal, provider: LocalProvider, tmp_path: Path) -> None:
    file = tmp_path / "token.json"
    terminal.sign_in("--keep", str(file))
    file.write_text(json.dumps(kept(file) | {"expires_at": 0.0}))
    before = file.read_text()
    provider.answer["token"] = (503, {}, "")
    status, _, err = terminal.run("--keep", str(file))
    assert (status, "(provider_unavailable)" in err, file.read_text()) == (1, True, before)


def test_a_token_kept_for_something_else_is_not_printed(
    terminal: Terminal, provider: LocalProvider, tmp_path: Path
) -> None:
    file = tmp_path / "token.json"
    first = terminal.sign_in("--keep", str(file))
    others = (["--resource", "https://api.test/"], ["--oidc-scope", "openid,a"], ["--set", "authz_url_params=a=b"])
    for other in others:
        status, out, _ = terminal.sign_in("--keep", str(file), *other)
        assert (status, out != first[1]) == (0, True)


def test_without_a_refresh_token_somebody_signs_in_again(
    terminal: Terminal, provider: LocalProvider, tmp_path: Path
) -> None:
    file = tmp_path / "token.json"
    provider.add_client("cli", secret=None, auth_method="none", may_refresh=False)
    provider.access_token_lifetime = 30
    assert terminal.sign_in("--keep", str(file), "--oidc-scope", "openid")[0] == 0
    assert kept(file)["refresh_token"] == ""
    assert terminal.sign_in("--keep", str(file), "--oidc-scope", "openid")[0] == 0


def test_a_provider_that_does_not_know_offline_access_is_not_asked_for_it(
    terminal: Terminal, provider: LocalProvider, tmp_path: Path
) -> None:
    provider.change_discovery = lambda document: document | {"scopes_supported": ["openid"]}
    terminal.sign_in("--keep", str(tmp_path / "token.json"))
    assert "offline_access" not in provider.calls("authorize")[0].params["scope"]


def spoilt(path: Path, how: str) -> None:
    path.write_text({"json": "{", "list": "[]", "other": '{"a": 1}', "bytes": ""}.get(how, ""))
    if how == "bytes":
        path.write_bytes(b"\xff\xfe")
    path.chmod(0o644 if how == "open" else 0o600)
    if how == "folder":
        path.unlink()
        path.mkdir(mode=0o700)


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("open", "others may read or write it: chmod 600"),
        ("json", "holds something else"),
        ("list", "holds something else"),
        ("other", "holds something else"),
        ("bytes", "cannot be read (not UTF-8 text)"),
        ("folder", "cannot be read (Is a directory)"),
    ],
)
def test_a_file_that_is_not_fit_is_refused(terminal: Terminal, tmp_path: Path, how: str, says: str) -> None:
    file = tmp_path / "token.json"
    spoilt(file, how)
    status, out, err = terminal.run("--keep", str(file))
    assert (status, out, says in err) == (2, "", True), err


def test_a_device_is_no_file(terminal: Terminal) -> None:
    status, _, err = terminal.run("--keep", "/dev/null")
    assert (status, "is no file" in err) == (2, True)


@pytest.mark.parametrize("where", ["below_a_file", "in_the_way"])
def test_a_file_that_cannot_be_written_is_said_and_leaves_nothing_behind(
    terminal: Terminal, provider: LocalProvider, tmp_path: Path, where: str
) -> None:
    (tmp_path / "file").write_text("")
    file = tmp_path / "file" / "token.json" if where == "below_a_file" else tmp_path / "token.json"
    terminal.start("--no-browser", "--keep", str(file))
    address = terminal.said(ADDRESS) if where == "in_the_way" else None
    if address:
        file.mkdir()
        requests.get(address, timeout=LIMIT)
    status, out, err = terminal.ended()
    assert (status, out) == (2, "")
    assert "cannot be" in err
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted(["file"] + (["token.json"] if address else []))


class Changed:
    """Have the device authorization endpoint answer with other members; None leaves one out."""

    def __init__(self, provider: LocalProvider, **members: Any) -> None:
        self._provider, self._members = provider, members
        self._before: Callable[..., Any] = provider.serve_device

    def __enter__(self) -> None:
        def serve(request: Any) -> Any:
            from tests.providers.core import json_response

            said = json.loads(self._before(request).get_data()) | self._members
            return json_response({name: value for name, value in said.items() if value is not None})

        self._provider.serve_device = serve  # type: ignore[method-assign]

    def __exit__(self, *_: object) -> None:
        del self._provider.serve_device


# An ID token alone


def test_an_id_token_alone_is_no_token_for_scripts(
    terminal: Terminal, provider: LocalProvider, device: LocalProvider
) -> None:
    with provider.fault("no_access_token"):
        status, out, err = terminal.sign_in()
    assert (status, out) == (1, "")
    assert "the provider issued an ID token alone, and no access token" in err
