"""docs/tutorial.md, done as it stands there: without a gate, behind one with nanoidp, and what its rules say.

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


def test_behind_a_gate_somebody_signs_in_at_nanoidp(folder: Path) -> None:
    provider, gate = console("3.")
    port = free_port()
    (init, _), *_ = [line.removeprefix("$ ").split(" && ") for line in provider.text.splitlines()]
    assert ran(init, folder).returncode == 0
    settings = folder / "config" / "settings.yaml"
    settings.write_text(settings.read_text().replace("8000", str(port)))
    exported = dict(pair for line in gate.text.splitlines() for pair in re.findall(r"(OIDC_GATE_\w+)=(\S+)", line))
    exported["OIDC_GATE_COOKIE_SECRET"] = ran("oidc-gate secret", folder).stdout.strip()
    exported["OIDC_GATE_ISSUER_URL"] = exported["OIDC_GATE_ISSUER_URL"].replace("8000", str(port))
    serve = shlex.split(gate.text.splitlines()[-1].removeprefix("$ ").replace("5000", "{port}"))
    nanoidp = [str(BIN / "nanoidp"), "--config", "config"]
    with (
        running(nanoidp, folder=folder, cwd=folder, ready_path=DISCOVERY, port=port),
        running(
            [str(BIN / serve[0]), *serve[1:]], folder=folder, cwd=folder, env=exported, ready_path="/oauth2/health"
        ) as server,
    ):
        browser = visitor()
        form = browser.navigate(f"http://localhost:{server.port}/")
        page = browser.follow(browser.submit(form, username="admin", password="admin"))
    assert (page.status, page.text) == (200, "Hello admin@example.org")


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
