SELECT blks_hit::int8 AS hit, blks_read::int8 AS read,
    extract(epoch FROM now() - stats_reset)::float8 AS age_s
FROM pg_stat_database WHERE datname = current_database()
