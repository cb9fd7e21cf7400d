"""What statements did, from pg_stat_statements: ranked, and compared between two moments. Pure."""
