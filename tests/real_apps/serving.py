"""Real apps as processes: installed into `.apps/`, started with the commands that their pages give, behind the gate."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.apps import COOKIE_SECRET
from tests.patience import LIMIT
from tests.providers.local import LocalProvider
from tests.real_apps.app import GATE_PORT, App, Way
from tests.real_providers.installing import virtualenv
from tests.servers import ServerProcess, free_port, running

__all__ = ["Served", "installed", "served"]

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".apps"


@dataclass
class Served:
    """An app that is served; `url` is the gate's address, `folder` where the app's files are."""

    app: App
    way: Way
    url: str
    folder: Path
    servers: list[ServerProcess]
    env: Mapping[str, str]

    @property
    def name(self) -> str:
        """The names of app and way, for pictures."""
        return f"{self.app.name}-{self.way.name}"

    @property
    def output(self) -> str:
        """What the servers have written so far."""
        return "".join(server.output for server in self.servers)

    def run(self, command: str) -> str:
        """Run a command of the gate's with the settings of this app, and return what it writes."""
        return _run(command, self.folder, self.env, _path_of_the_gate(self.way, installed(self.app)))


def installed(app: App) -> Path:
    """Return the Python of the app's virtual environment, with the gate in it."""
    return virtualenv(app.name, *app.packages, "--editable", f"{ROOT}[proxy]", inside=FOLDER)


@contextmanager
def served(app: App, way: Way, provider: LocalProvider, folder: Path, **settings: Any) -> Iterator[Served]:
    """Serve an app behind the gate while the block lasts; `settings` stand before those of its `gate.toml`."""
    python = installed(app)
    shutil.copytree(app.folder, folder, dirs_exist_ok=True)
    port, app_port = free_port(), free_port()
    options = provider.gate_options(
        cookie_secret=COOKIE_SECRET, session_store=f"sqlite:///{folder}/sessions.db", http_timeout=30, store_timeout=20
    )
    env = {f"OIDC_GATE_{name.upper()}": str(value) for name, value in (options | settings).items()}
    if (folder / "gate.toml").exists():
        env["OIDC_GATE_CONFIG"] = "gate.toml"
    env |= {name: _with_ports(value, way, port, app_port).replace("$PWD", str(folder)) for name, value in way.env}
    inside, outside = str(python.parent), _path_of_the_gate(way, python)
    for command in app.setup:
        _run(command, folder, env, inside)
    found = Served(app, way, f"http://127.0.0.1:{port}", folder, [], env)
    with ExitStack() as stack:
        if way.app:
            argv = _argv(_with_ports(way.app, way, port, app_port), inside)
            server = running(
                argv, folder=folder, env=_environment(env, inside), cwd=folder, limit=way.limit, port=app_port
            )
            found.servers.append(stack.enter_context(server))
        command = _with_ports(way.gate, way, port, app_port)
        if str(port) not in command and command.startswith("oidc-gate run "):
            command += f" --port {port}"
        server = running(
            _argv(command, outside),
            folder=folder,
            env=_environment(env, outside),
            cwd=folder,
            ready_path="/oauth2/health",
            limit=way.limit,
            port=port,
        )
        found.servers.append(stack.enter_context(server))
        try:
            yield found
        finally:
            (folder / "output.txt").write_text(found.output)


def _path_of_the_gate(way: Way, python: Path) -> str:
    """Return where the gate's programs are: beside the app, or, where it is a proxy, beside the tests."""
    return str(Path(sys.executable).parent if way.is_proxy else python.parent)


def _with_ports(text: str, way: Way, port: int, app_port: int) -> str:
    """Put the ports of this run in the place of those that the page names."""
    text = text.replace(str(way.app_port), str(app_port)) if way.app_port else text
    return text.replace(str(GATE_PORT), str(port))


def _argv(command: str, path: str) -> list[str]:
    program, *arguments = shlex.split(command)
    return [shutil.which(program, path=f"{path}{os.pathsep}{os.environ['PATH']}") or program, *arguments]


def _environment(env: Mapping[str, str], path: str) -> dict[str, str]:
    return {**env, "PATH": f"{path}{os.pathsep}{os.environ['PATH']}"}


def _run(command: str, folder: Path, env: Mapping[str, str], path: str) -> str:
    done = subprocess.run(
        _argv(command, path),
        cwd=folder,
        env={**os.environ, **_environment(env, path)},
        capture_output=True,
        text=True,
        timeout=10 * LIMIT,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout
