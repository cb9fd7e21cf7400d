"""MCP server on redis; see the modules."""
