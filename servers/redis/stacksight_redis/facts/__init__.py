"""What is read from Redis, decoded; no I/O."""
