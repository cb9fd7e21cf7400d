"""MCP server on lighthouse; see the modules."""
