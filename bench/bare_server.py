"""The least a server on the SDK can be: one tool, nothing else. What every start is held to."""

from mcp.server.mcpserver import MCPServer

server = MCPServer("bare")


@server.tool()
async def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


if __name__ == "__main__":
    server.run("stdio")
