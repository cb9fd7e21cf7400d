"""MCP server on postgres; see the modules."""
