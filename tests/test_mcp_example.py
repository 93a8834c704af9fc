"""examples/mcp_server: the MCP SDK's client, told nothing but the URL, finds its way; the tool knows who asks."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.apps import COOKIE_SECRET
from tests.browser import Browser
from tests.documents import page
from tests.patience import LIMIT
from tests.providers.real import Panva, panva
from tests.servers import free_port, running

EXAMPLE = Path(__file__).parent.parent / "examples" / "mcp_server"
COME_BACK = "http://127.0.0.1:1/callback"  # nobody is there: the browser's last address is read, and not opened


class Memory:
    """What an MCP client keeps of its sign-in."""

    def __init__(self) -> None:
        self.tokens: Any = None
        self.client_info: Any = None

    async def get_tokens(self) -> Any:
        return self.tokens

    async def set_tokens(self, tokens: Any) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> Any:
        return self.client_info

    async def set_client_info(self, client_info: Any) -> None:
        self.client_info = client_info


@pytest.fixture(scope="module")
def ports() -> dict[str, int]:
    return {which: free_port() for which in ("plain_server", "fast_server", "documented")}


@pytest.fixture(scope="module")
def provider(ports: dict[str, int], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Panva]:
    resources = {f"http://127.0.0.1:{port}/mcp": "mcp:use" for port in ports.values()}
    with panva(tmp_path_factory.mktemp("mcp"), resources=resources) as running_one:
        yield running_one


@contextlib.contextmanager
def served(which: str, port: int, provider: Panva, folder: Path) -> Iterator[str]:
    """Serve one of the examples, or the one of docs/mcp.md; return the URL of its MCP endpoint."""
    url = f"http://127.0.0.1:{port}/mcp"
    (shown,) = page("docs/mcp.md").blocks("python")
    (folder / "documented.py").write_text(shown.text.replace("https://tools.example.com", f"http://127.0.0.1:{port}"))
    env = {f"OIDC_GATE_{name.upper()}": str(value) for name, value in provider.gate_options().items()}
    env |= {"OIDC_GATE_COOKIE_SECRET": COOKIE_SECRET, "MCP_URL": url}
    argv = [sys.executable, "-m", "uvicorn", "--port", "{port}", f"{which}:app"]
    cwd = folder if which == "documented" else EXAMPLE
    with running(argv, folder=folder, cwd=cwd, env=env, ready_path="/oauth2/health", port=port):
        yield url


def signed_in_at(provider: Panva, address: str) -> str:
    """Sign in at the provider as a person would, and return the address that the browser is sent back to."""
    browser = Browser(None, "asgi", origin="http://127.0.0.1:1")
    page = browser.navigate(address)
    return provider.login(browser, page, until=COME_BACK).target


async def asked(url: str, memory: Memory, provider: Panva) -> str:
    """Call the tool as an MCP client that knows the URL alone, and return what it says."""
    import httpx2
    from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
    from mcp.client.client import Client
    from mcp.client.streamable_http import streamable_http_client
    from mcp.shared.auth import OAuthClientMetadata
    from pydantic import AnyUrl

    came: dict[str, str] = {}

    async def to_browser(address: str) -> None:
        back = await asyncio.to_thread(signed_in_at, provider, address)
        came.update({name: values[0] for name, values in parse_qs(urlsplit(back).query).items()})

    async def from_browser() -> Any:
        return AuthorizationCodeResult(code=came["code"], state=came["state"], iss=came.get("iss"))

    auth = OAuthClientProvider(
        server_url=url,
        client_metadata=OAuthClientMetadata(client_name="test", redirect_uris=[AnyUrl(COME_BACK)]),
        storage=memory,
        redirect_handler=to_browser,
        callback_handler=from_browser,
    )
    async with (
        httpx2.AsyncClient(auth=auth, timeout=LIMIT) as http,
        Client(streamable_http_client(url, http_client=http)) as client,
    ):
        result: Any = await client.call_tool("who_am_i", {})
    return str(result.content[0].text)


@pytest.mark.uncounted
@pytest.mark.parametrize("which", ["plain_server", "fast_server", "documented"])
def test_a_client_that_knows_the_url_alone_signs_its_person_in_and_calls_the_tool(
    which: str, ports: dict[str, int], provider: Panva, tmp_path: Path
) -> None:
    memory = Memory()
    with served(which, ports[which], provider, tmp_path) as url:
        assert asyncio.run(asked(url, memory, provider)) == "ada may mcp:use"
        assert memory.client_info.client_id != provider.client_id
        assert asyncio.run(asked(url, memory, provider)) == "ada may mcp:use"
