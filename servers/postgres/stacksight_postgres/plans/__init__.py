"""Query plans: read, measured, searched for what is wrong. Pure."""
