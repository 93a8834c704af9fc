"""An MCP server on the plain SDK, behind oidc_gate: its tool knows who asks: `uvicorn plain_server:app`."""

import os

from mcp.server.mcpserver import Context, MCPServer

from oidc_gate import identity_of
from oidc_gate.asgi import OIDCGate

server = MCPServer("who")


@server.tool()
async def who_am_i(ctx: Context) -> str:
    """Tell who is calling, and what they may do."""
    caller = identity_of(ctx.request_context.request)
    return f"{caller.subject} may {' '.join(caller.scopes)}" if caller else "nobody"


URL = os.environ.get("MCP_URL", "http://127.0.0.1:8000/mcp")  # as clients name it

app = OIDCGate(
    server.streamable_http_app(),
    base_url=URL.removesuffix("/mcp"),
    bearer_audience=[URL],
    bearer_paths=["/mcp"],
    bearer_scopes=["mcp:use"],
)
