"""The same server on FastMCP: `uvicorn fast_server:app`."""

import os

from fastmcp import FastMCP
from fastmcp.server.dependencies import get_http_request

from oidc_gate import identity_of
from oidc_gate.asgi import OIDCGate

server = FastMCP("who")


@server.tool
async def who_am_i() -> str:
    """Tell who is calling, and what they may do."""
    caller = identity_of(get_http_request())
    return f"{caller.subject} may {' '.join(caller.scopes)}" if caller else "nobody"


URL = os.environ.get("MCP_URL", "http://127.0.0.1:8000/mcp")  # as clients name it

app = OIDCGate(
    server.http_app(path="/mcp"),
    base_url=URL.removesuffix("/mcp"),
    bearer_audience=[URL],
    bearer_paths=["/mcp"],
    bearer_scopes=["mcp:use"],
)
