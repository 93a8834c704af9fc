"""Jupyter and Streamlit behind `oidc-gate http`, used in Chromium by somebody who has signed in: `make proxy`.

Both are Tornado or their own server, so the gate cannot wrap them. What is seen here stands in docs/any-app.md.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.patience import LIMIT
from tests.providers.local import LocalProvider
from tests.servers import ServerProcess, running

BIN = Path(sys.executable).parent
PATIENCE = LIMIT * 1000

NOTEBOOK = {
    "cells": [
        {"cell_type": "code", "source": "print('six times seven is', 6 * 7)", "metadata": {}, "outputs": [], "id": "a",
         "execution_count": None},
    ],
    "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}  # fmt: skip

STREAMLIT = """
import streamlit as st

st.write("You are", st.context.headers.get("X-Forwarded-Email"))
name = st.text_input("Name")
st.write(f"Hello, {name}!")
"""


@contextlib.contextmanager
def gated(argv: Sequence[str], folder: Path, provider: LocalProvider) -> Iterator[ServerProcess]:
    """Run a server in this folder, and the gate in front of it."""
    env = {"HOME": str(folder), "JUPYTER_PLATFORM_DIRS": "1"}
    with running(argv, folder=folder, env=env, cwd=folder) as app:
        client = provider.clients["app"]
        flags = ["--oidc", provider.issuer, "--oidc-client-id", "app", "--oidc-client-secret", client.secret or ""]
        gate = [str(BIN / "oidc-gate"), "http", str(app.port), *flags, "--port", "{port}"]
        gate += ["--set", "identity_headers=x-forwarded"]
        with running(gate, folder=folder, cwd=folder, ready_path="/oauth2/health") as server:
            yield server


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    with chromium.new_context() as context:
        context.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        yield context.new_page()


def sign_out_elsewhere(page: Page, address: str) -> None:
    other = page.context.new_page()
    other.goto(f"{address}/oauth2/logout")
    other.close()


def test_jupyter_runs_a_cell_and_a_terminal(page: Page, provider: LocalProvider, tmp_path: Path) -> None:
    (tmp_path / "notebook.ipynb").write_text(json.dumps(NOTEBOOK))
    argv = [str(BIN / "jupyter-lab"), "--no-browser", "--ip=127.0.0.1", "--port={port}", "--allow-root"]
    argv += ["--IdentityProvider.token=", "--ServerApp.allow_remote_access=True"]
    with gated(argv, tmp_path, provider) as server:
        address = f"http://localhost:{server.port}"
        page.goto(f"{address}/lab/tree/notebook.ipynb")
        page.locator(".jp-Notebook .jp-CodeCell").first.click()
        expect(page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]")).to_have_count(1)
        page.keyboard.press("Shift+Enter")
        expect(page.locator(".jp-OutputArea-output").first).to_contain_text("six times seven is 42")
        page.goto(f"{address}/lab?reset")
        page.locator(".jp-LauncherCard", has_text="Terminal").click()
        page.locator(".jp-Terminal .xterm-helper-textarea").focus()
        made = tmp_path / "made-in-the-terminal"
        give_up = time.monotonic() + LIMIT
        while not made.exists() and time.monotonic() < give_up:  # the prompt may not be there yet
            page.keyboard.type("touch made-in-the-terminal\n")
            page.wait_for_timeout(1000)
        assert made.exists()


def test_streamlit_answers_what_is_typed(page: Page, provider: LocalProvider, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(STREAMLIT)
    argv = [str(BIN / "streamlit"), "run", "app.py", "--server.address=127.0.0.1", "--server.port={port}"]
    argv += ["--server.headless=true", "--browser.gatherUsageStats=false"]
    with gated(argv, tmp_path, provider) as server:
        address = f"http://localhost:{server.port}"
        page.goto(address)
        expect(page.get_by_text("You are ada@example.com")).to_be_visible()
        page.get_by_label("Name").fill("Grace")
        page.get_by_label("Name").press("Enter")
        expect(page.get_by_text("Hello, Grace!")).to_be_visible()
        sign_out_elsewhere(page, address)
        expect(page.get_by_text("login_required")).to_be_visible()
        page.reload()
        expect(page.get_by_text("You are ada@example.com")).to_be_visible()
