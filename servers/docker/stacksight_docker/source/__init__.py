"""The only room that talks to an engine."""
