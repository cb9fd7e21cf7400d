"""MCP server on docker; see the modules."""
