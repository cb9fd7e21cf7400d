"""What the agent sees: the tools, their parameters and descriptions. Thin."""
