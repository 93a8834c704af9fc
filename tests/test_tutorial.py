"""docs/tutorial.md and docs/trying.md, done as they stand there: without a gate, behind one, and what its rules say.

Ports differ, for tests run beside each other; JumpCloud is left out.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.by_hand import visitor
from tests.documents import Block, page
from tests.providers.real import DISCOVERY
from tests.servers import free_port, running

pytestmark = pytest.mark.uncounted

PAGE = page("docs/tutorial.md")
BIN = Path(sys.executable).parent


def console(section: str) -> list[Block]:
    return [block for block in PAGE.blocks("console") if block.section.startswith(section)]


def ran(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run these lines of a console as a shell would."""
    lines = re.sub(r"^\$ ", "", script, flags=re.MULTILINE)
    env = os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}"}
    return subprocess.run(["bash", "-ec", lines], cwd=folder, env=env, capture_output=True, text=True, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the app of the page."""
    (tmp_path / "myapp.py").write_text(PAGE.titled("myapp.py"))
    return tmp_path


def test_without_a_gate_everybody_is_a_stranger() -> None:
    names: dict[str, object] = {"__name__": "myapp"}
    exec(compile(PAGE.titled("myapp.py"), "myapp.py", "exec"), names)
    assert names["app"].test_client().get("/").text == "Hello stranger"  # type: ignore[attr-defined]


def test_behind_a_gate_somebody_signs_in_with_the_demos_provider(folder: Path) -> None:
    (demo,) = console("3.")
    argv = shlex.split(demo.text.removeprefix("$ "))
    command = [str(BIN / argv[0]), *argv[1:], "--port", "{port}"]
    with running(command, folder=folder, cwd=folder, ready_path="/oauth2/health") as server:
        assert greeting(f"{server.url}/", "ada", "engine") == "Hello Ada Lovelace"


def test_with_a_provider_of_ones_own_on_this_machine(folder: Path) -> None:
    """`docs/trying.md`."""
    provider, gate = page("docs/trying.md").blocks("console")[-2:]
    port = free_port()
    init, _ = provider.text.splitlines()[-1].removeprefix("$ ").split(" && ")
    assert ran(init, folder).returncode == 0
    settings = folder / "config" / "settings.yaml"
    settings.write_text(settings.read_text().replace("8000", str(port)))
    exported = dict(pair for line in gate.text.splitlines() for pair in re.findall(r"(OIDC_GATE_\w+)=(\S+)", line))
    exported["OIDC_GATE_COOKIE_SECRET"] = ran("oidc-gate secret", folder).stdout.strip()
    exported["OIDC_GATE_ISSUER_URL"] = exported["OIDC_GATE_ISSUER_URL"].replace("8000", str(port))
    argv = shlex.split(gate.text.splitlines()[-1].removeprefix("$ ").replace("5000", "{port}"))
    command, nanoidp = [str(BIN / argv[0]), *argv[1:]], [str(BIN / "nanoidp"), "--config", "config"]
    with (
        running(nanoidp, folder=folder, cwd=folder, ready_path=DISCOVERY, port=port),
        running(command, folder=folder, cwd=folder, env=exported, ready_path="/oauth2/health") as server,
    ):
        assert greeting(f"http://localhost:{server.port}/", "admin", "admin") == "Hello admin@example.org"


def test_with_the_demos_people_at_a_server_of_ones_own(folder: Path) -> None:
    """`docs/trying.md`: the provider in one terminal, gunicorn in another."""
    trying, port = page("docs/trying.md"), free_port()
    _, serve = next(block.text for block in trying.blocks("console") if "demo.toml" in block.text).splitlines()
    (folder / "provider.py").write_text(trying.titled("provider.py").replace("8000", str(port)))
    (folder / "more.toml").write_text('[[rules]]\npath = "/"\nallow = { groups = "admins" }\n')
    argv = shlex.split(serve.removeprefix("$ ").replace("8000", "{port}"))
    with subprocess.Popen(
        [sys.executable, "provider.py"], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as provider:
        assert provider.stdout is not None
        said = [provider.stdout.readline() for _ in range(4)]
        assert said[0].startswith("ada engine "), said
        with running(
            [str(BIN / argv[0]), *argv[1:]],
            folder=folder,
            cwd=folder,
            env={"OIDC_GATE_CONFIG": "demo.toml"},
            ready_path="/oauth2/health",
            port=port,
        ):
            assert greeting(f"http://localhost:{port}/", "ada", "engine") == "Hello Ada Lovelace"
            assert "You may not use this page" in greeting(f"http://localhost:{port}/", "grace", "compiler")
        provider.communicate("\n")
    assert provider.returncode == 0


def greeting(url: str, username: str, password: str) -> str:
    """Sign in as a person does, and return what the app says then."""
    browser = visitor()
    form = browser.navigate(url)
    page = browser.follow(browser.submit(form, username=username, password=password))
    assert page.url == url
    return page.text


def test_the_rules_say_what_the_page_leads_to_expect(folder: Path) -> None:
    first, rules = PAGE.blocks("toml")
    (folder / "gate.toml").write_text(first.text + rules.text)
    secrets, _ = console("4.")[0].text.splitlines(), None
    assert ran("\n".join(line for line in secrets if "cat" not in line), folder).returncode == 0
    (folder / "secrets" / "jumpcloud").write_text("of the client")
    (asked,) = console("5.")
    done = ran(asked.text, folder)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("403")
