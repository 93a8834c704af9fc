"""What the README says, done: its programs and commands as they stand there, and a person signed in through nanoidp."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.apps import COOKIE_SECRET
from tests.by_hand import visitor
from tests.documents import block
from tests.providers.real import NanoIDP, nanoidp
from tests.servers import free_port, running

pytestmark = pytest.mark.uncounted


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[NanoIDP]:
    """Run nanoidp for an app on that port."""
    with nanoidp(tmp_path_factory.mktemp("nanoidp"), [f"http://127.0.0.1:{port}/oauth2/callback"]) as found:
        yield found


@pytest.fixture
def settings(provider: NanoIDP) -> dict[str, Any]:
    return provider.gate_options(cookie_secret=COOKIE_SECRET)


def filled_in(program: str, settings: dict[str, Any]) -> str:
    """Put this provider's values where the program has JumpCloud's, or leaves them out."""
    for name in ("issuer_url", "client_id", "client_secret", "cookie_secret"):
        program, found = re.subn(rf'\b{name}="[^"]*"', f"{name}={settings[name]!r}", program)
        assert found == 1, name
    return program


def without_gate(program: str) -> str:
    lines = program.splitlines(keepends=True)
    kept = [line for line in lines if not ("OIDCGate" in line or "app.wsgi_app" in line)]
    assert len(kept) == len(lines) - 3
    return "".join(kept)


def greeting(command: str, folder: Path, port: int, provider: NanoIDP, env: dict[str, str]) -> str:
    """Start this server, open its first page as a person does, sign in, and return what stands there."""
    program, *arguments = shlex.split(command)
    argv = [str(Path(sys.executable).with_name(program)), *arguments]
    with running(argv, folder=folder, env=env, cwd=folder, ready_path="/oauth2/health", port=port) as server:
        browser = visitor()
        form = browser.navigate(f"{server.url}/")
        assert form.url.startswith(provider.issuer)
        page = provider.login(browser, form)
        assert (page.status, page.url) == (200, f"{server.url}/")
        return page.text


def test_flask_in_10_lines(tmp_path: Path, port: int, provider: NanoIDP, settings: dict[str, Any]) -> None:
    program = block("Flask, in 10 lines")
    assert len([line for line in program.splitlines() if line]) <= 10
    (tmp_path / "myapp.py").write_text(filled_in(program, settings))
    command = "flask --app myapp run --port {port}"
    assert greeting(command, tmp_path, port, provider, {}) == "Hello ada@example.com"


def test_fastapi_in_10_lines(tmp_path: Path, port: int, provider: NanoIDP, settings: dict[str, Any]) -> None:
    program = block("FastAPI, in 10 lines")
    assert len([line for line in program.splitlines() if line]) <= 10
    (tmp_path / "myapp.py").write_text(program)
    env = {f"OIDC_GATE_{name.upper()}": value for name, value in settings.items()}
    assert greeting("uvicorn myapp:app --port {port}", tmp_path, port, provider, env) == '{"hello":"ada@example.com"}'


def test_gunicorn_in_one(tmp_path: Path, port: int, provider: NanoIDP, settings: dict[str, Any]) -> None:
    (tmp_path / "myapp.py").write_text(without_gate(block("Flask, in 10 lines")))
    env = {f"OIDC_GATE_{name.upper()}": value for name, value in settings.items()}
    command = block("gunicorn, in one").strip().removeprefix("$ ") + " --no-control-socket --bind 127.0.0.1:{port}"
    assert greeting(command, tmp_path, port, provider, env) == "Hello ada@example.com"
