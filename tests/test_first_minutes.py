"""What somebody meets first: what `make demo` says while it installs, and a login without a network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

import pytest

from tests.patience import LIMIT

pytestmark = pytest.mark.uncounted

ROOT = Path(__file__).parents[1]
INSTALL = ROOT / ".ci" / "install"


def install() -> Any:
    spec = spec_from_loader("install", SourceFileLoader("install", str(INSTALL)))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("log", "what", "mend"),
    [
        ("ERROR: Could not install packages: [Errno 28] No space left on device", "disk is", "TMPDIR"),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]", "not trusted", "PIP_CERT"),
        ("OSError('Tunnel connection failed: 407 Proxy Authentication Required')", "HTTPS_PROXY", "unset it"),
        ("NewConnectionError('[Errno 101] Network is unreachable'): /simple/x/", "cannot be reached", "PIP_INDEX_URL"),
        ("ERROR: HTTP error 403 while getting x: 403 Client Error: Forbidden", "wants a login", "PIP_INDEX_URL"),
        ("error: command '/usr/bin/gcc' failed with exit code 1", "no ready-made build", "PYTHON=python3.13"),
        ("ERROR: No matching distribution found for nanoidp>=3.4", "does not have nanoidp>=3.4", "PIP_INDEX_URL"),
        ("2026 ERROR: the moon is full\n2026 Removed", "the moon is full", "The log says more"),
        ("", "pip failed", "The log says more"),
    ],
)
def test_what_pip_says_is_told_in_a_sentence_with_what_to_do(log: str, what: str, mend: str) -> None:
    found = install().fault(log)
    assert what in found[0]
    assert mend in found[1]


def test_without_an_index_it_says_so_and_where_the_log_is(tmp_path: Path) -> None:
    """In a virtual environment that has the pip of this one, and installs nothing."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "v"], check=True)
    (site,) = (tmp_path / "v").glob("lib/python*/site-packages")
    pip = Path(sys.executable).parents[1] / site.relative_to(tmp_path / "v") / "pip"
    shutil.copytree(pip, site / "pip", ignore=shutil.ignore_patterns("__pycache__"))
    env = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    env |= {"PIP_INDEX_URL": "http://127.0.0.1:1/simple", "PIP_RETRIES": "1", "PIP_DRY_RUN": "1"}
    env["PIP_CONFIG_FILE"] = os.devnull
    said = subprocess.run(
        [tmp_path / "v" / "bin" / "python", INSTALL, "demo"],
        cwd=ROOT, env=env, capture_output=True, text=True, timeout=LIMIT, check=False,
    )  # fmt: skip
    assert said.returncode == 1
    assert "2 of 3   fetching packages" in said.stdout
    assert "It did not work: the package index cannot be reached." in said.stderr
    assert "make demo" in said.stderr
    assert "v/install.log" in said.stderr
    assert "Traceback" not in said.stderr


#: In a network of its own, which is this machine alone: brings up its loopback (SIOCSIFFLAGS), signs in at the demo.
WITHOUT_A_NETWORK = """
import fcntl, re, socket, struct, sys, threading
sys.path[:0] = [sys.argv[1]]
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sH14x", b"lo", 1))
try:
    socket.create_connection(("192.0.2.1", 80), 1)
except OSError as error:
    print("outside:", error.strerror)
from tests.test_demo import shown, signed_in
with shown() as (home, _):
    page = signed_in(home, "ada")[1]
    print("Hello, Ada Lovelace" in page.text, page.status)
"""


def test_the_demo_needs_no_network(tmp_path: Path) -> None:
    argv = ["unshare", "--net", "--map-root-user", sys.executable]
    try:
        subprocess.run([*argv, "-c", ""], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this machine lets nobody make a network of their own")
    said = subprocess.run(
        [*argv, "-c", WITHOUT_A_NETWORK, str(ROOT)],
        cwd=tmp_path, capture_output=True, text=True, timeout=LIMIT, check=False,
    )  # fmt: skip
    assert said.stdout.splitlines() == ["outside: Network is unreachable", "True 200"], said.stderr
