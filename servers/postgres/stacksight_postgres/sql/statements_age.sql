SELECT
    extract(epoch FROM now() - i.stats_reset)::float8 AS age_s,
    i.dealloc AS dropped
FROM {schema}.pg_stat_statements_info AS i
