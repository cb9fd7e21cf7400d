"""The team of agents: its one source of truth, what is written from it, and its check."""
