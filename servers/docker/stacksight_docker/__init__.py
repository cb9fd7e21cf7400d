"""MCP server that says why containers are down and what their logs mean."""
