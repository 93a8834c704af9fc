"""Attacks by way of `oidc_gate.testing` and what documents show: nobody signs in with what is meant for tests."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from oidc_gate import Settings, SettingsError
from oidc_gate.testing import session_cookies
from tests.conftest import StageFactory
from tests.documents import ROOT

pytestmark = pytest.mark.uncounted

#: A secret as text: in Python, TOML, a shell, an environment file, YAML.
A_SECRET = re.compile(r"""cookie_secret["']?\s*[:=]\s*(?:\[\s*)?["']?([^\s"',)\]]+)""", re.IGNORECASE)
#: What imports all that an app or a server may import.
ALL = """
import sys
import oidc_gate.wsgi, oidc_gate.asgi, oidc_gate.proxy, oidc_gate.flask, oidc_gate.fastapi, oidc_gate.command.cli
from oidc_gate.django import require
oidc_gate.wsgi.OIDCGate(lambda environ, start: [], issuer_url="https://issuer.test", client_id="a", client_secret="b",
                        cookie_secret=sys.argv[1])
print([name for name in sys.modules if name.startswith(("oidc_gate.testing", "pytest"))])
"""


def shown() -> list[tuple[str, str]]:
    """Return what documents and examples show as a secret."""
    files = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*")]
    texts = {path: path.read_text(encoding="utf-8", errors="replace") for path in files if path.is_file()}
    return [(path.name, found) for path, text in texts.items() for found in A_SECRET.findall(text)]


def would_do(secret: str) -> bool:
    try:
        Settings(issuer_url="https://issuer.test", client_id="a", client_secret="b", cookie_secret=secret)
    except SettingsError:
        return False
    return True


def test_no_document_shows_a_secret_that_would_do() -> None:
    """Somebody would copy it, and everybody could make sessions there."""
    found = shown()
    assert len(found) > 5
    for name, secret in found:
        if re.search(r"[($<{\u2026]", secret):  # a command, a name, or something to be filled in
            continue
        if secret.endswith("/cookie_secret") or secret == "cookie-secret:latest":  # where systemd, and Google, have it
            continue
        assert not would_do(secret), f"{name} shows {secret}"


def test_no_running_gate_has_loaded_what_signs_people_in_for_tests(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ALL, "hkRfmXTMYNmtjqLkXAbkzKJ2Ay5OZhpd"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


@pytest.mark.parametrize(
    "changed",
    [
        {"cookie_secret": "another-cookie-secret-that-is-long-enough-9876543210"},
        {"client_id": "another-client"},
        {"auth_id": "another"},
    ],
)
def test_a_session_that_was_made_for_tests_is_good_where_all_settings_are_the_same_alone(
    stage: StageFactory, changed: dict[str, Any]
) -> None:
    here = stage()
    here.provider.clients["another-client"] = here.provider.clients["app"]
    browser = here.browser()
    for name, value in session_cookies(here.gate, sub="evil", url=browser.origin).items():
        browser.cookies.set(name, value)
    assert browser.fetch("/").status == 200
    assert here.moved(browser, here.another_gate(**changed)).fetch("/").status == 401
