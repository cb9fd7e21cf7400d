"""What sessions do and what they wait for. Pure."""
