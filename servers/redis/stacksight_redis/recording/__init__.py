"""The pub/sub recorder: its own connection, its own thread, a bounded ring."""
