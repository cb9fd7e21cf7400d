"""From models to what the agent reads and sees. No I/O."""
