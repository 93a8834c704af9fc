"""How entrants are installed: into folders of their own under `build/race`, or as Debian packages.

What is there already stays. The servers and frameworks are taken in the very versions that this environment has, so
that the gate's rows and the others' have the same ones under them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from importlib import metadata
from pathlib import Path

from benchmarks.end_to_end import ROOT
from benchmarks.measuring import say
from benchmarks.peers.entrant import InstallError

__all__ = [
    "APACHE_MODULES",
    "NODE_MODULES",
    "OAUTH2_PROXY",
    "PYTHON",
    "apache",
    "go",
    "here",
    "node",
    "python",
    "redis",
]

FOLDER = ROOT / "build" / "race"
PYTHON = FOLDER / "python" / "bin" / "python"
OAUTH2_PROXY = FOLDER / "go" / "bin" / "oauth2-proxy"
NODE_MODULES = FOLDER / "node" / "node_modules"
APACHE_MODULES = Path("/usr/lib/apache2/modules")

#: Packages of the Python peers.
PACKAGES = (
    "Authlib", "Django", "Flask", "PyJWT", "cryptography", "fastapi", "flask-oidc", "gunicorn", "httptools", "httpx",
    "itsdangerous", "mozilla-django-oidc", "requests", "starlette", "uvicorn", "uvloop", "Werkzeug",
)  # fmt: skip
#: How long one installation may take, in seconds: oauth2-proxy is compiled.
LIMIT = 1500


def _run(argv: Sequence[str], **environment: str) -> str:
    """Run an installer; raise `InstallError` with its last line when it fails."""
    try:
        done = subprocess.run(
            argv, env={**os.environ, **environment}, cwd=FOLDER, capture_output=True, text=True, timeout=LIMIT
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InstallError(str(error)) from error
    if done.returncode:
        lines = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()
        raise InstallError(f"{Path(argv[0]).name}: {lines[-1][:300]}")
    return done.stdout


def _versions(found: dict[str, str], names: Sequence[str]) -> str:
    return ", ".join(f"{name} {found[name.lower()]}" for name in names)


def here(*names: str) -> str:
    """Return the versions of packages of this environment; the bare apps and the gate run in it."""
    return _versions({name.lower(): metadata.version(name) for name in names}, names)


@cache
def _python_packages() -> dict[str, str]:
    FOLDER.mkdir(parents=True, exist_ok=True)
    ours = {each.name.lower(): each.version for each in metadata.distributions()}
    wanted = [f"{name}=={ours[name.lower()]}" if name.lower() in ours else name for name in PACKAGES]
    done = FOLDER / "python" / "installed.txt"
    if not done.exists() or done.read_text().split() != wanted:
        say("installing the Python peers")
        _run([sys.executable, "-m", "venv", "--clear", str(FOLDER / "python")])
        _run([str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted])
        done.write_text("\n".join(wanted))
    listed = json.loads(_run([str(PYTHON), "-m", "pip", "--disable-pip-version-check", "list", "--format=json"]))
    return {each["name"].lower(): each["version"] for each in listed}


def python(*names: str) -> str:
    """Make the Python peers' environment, and return the versions of some of its packages."""
    return _versions(_python_packages(), names)


def go() -> str:
    """Compile oauth2-proxy from the Go module proxy."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    if not OAUTH2_PROXY.exists():
        say("compiling oauth2-proxy: some minutes")
        module = "github.com/oauth2-proxy/oauth2-proxy/v7@latest"
        path, programs = str(FOLDER / "go"), str(OAUTH2_PROXY.parent)
        _run(["go", "install", module], GOPATH=path, GOBIN=programs, GOFLAGS="-modcacherw")
        shutil.rmtree(FOLDER / "go" / "pkg", ignore_errors=True)  # its sources: half a gigabyte
    lines = _run(["go", "version", "-m", str(OAUTH2_PROXY)]).splitlines()
    module = next(line.split() for line in lines if line.split()[:1] == ["mod"])[2]
    return f"oauth2-proxy {module}, {lines[0].split()[-1]}"


def node(*names: str) -> str:
    """Install the packages of `express/package.json`."""
    folder = NODE_MODULES.parent
    folder.mkdir(parents=True, exist_ok=True)
    wanted = (Path(__file__).parent / "express" / "package.json").read_text()
    done = folder / "package.json"
    if not NODE_MODULES.exists() or not done.exists() or done.read_text() != wanted:
        say("installing the packages for Node")
        done.write_text(wanted)
        _run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder)])
    found = {name: json.loads((NODE_MODULES / name / "package.json").read_text())["version"] for name in names}
    return f"{_versions(found, names)}, Node {_run(['node', '--version']).strip()}"


def apache() -> str:
    """Install Apache and mod_auth_openidc as Debian packages."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    module = APACHE_MODULES / "mod_auth_openidc.so"
    script = str(ROOT / ".ci" / "install-system-packages")
    _run([script, "apache2:apache2-bin", f"{module}:libapache2-mod-auth-openidc"])
    if not module.exists():
        raise InstallError(f"{module} is not there after its package was installed")
    query = ["dpkg-query", "-W", "-f", "${Version}"]
    server, ours = (_run([*query, name]) for name in ("apache2-bin", "libapache2-mod-auth-openidc"))
    return f"mod_auth_openidc {ours}, Apache {server}"


def redis() -> str:
    """Find redis-server."""
    if shutil.which("redis-server") is None:
        raise InstallError("redis-server is not on this machine: apt-get install redis-server")
    FOLDER.mkdir(parents=True, exist_ok=True)
    return f"redis-server {_run(['redis-server', '--version']).split('v=')[1].split()[0]}, {here('redis', 'hiredis')}"
