SELECT num_timed::int8 AS timed, num_requested::int8 AS requested,
    extract(epoch FROM now() - stats_reset)::float8 AS age_s
FROM pg_stat_checkpointer
