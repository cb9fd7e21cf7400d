"""From models to the text that the agent reads."""
