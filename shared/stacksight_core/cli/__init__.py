"""The stacksight command: a plain MCP client of whatever ``.mcp.json`` names."""
