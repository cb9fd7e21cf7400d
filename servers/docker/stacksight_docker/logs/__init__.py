"""What log lines mean: records, levels, shapes, patterns. Pure functions."""
