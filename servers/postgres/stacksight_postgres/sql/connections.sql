SELECT
    (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS used,
    current_setting('max_connections')::int AS most,
    (SELECT count(*) FROM pg_prepared_xacts WHERE database = current_database()) AS prepared
