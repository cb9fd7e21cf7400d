"""What a DDL script would do to the tables that exist: locks, scans, rewrites. Pure."""
