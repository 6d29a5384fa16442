"""Where actions run: the tool contract, built-in services, external MCP servers."""
