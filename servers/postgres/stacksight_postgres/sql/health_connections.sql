SELECT count(*) AS used, count(*) FILTER (WHERE state = 'idle') AS idle,
    current_setting('max_connections')::int AS most
FROM pg_stat_activity WHERE backend_type = 'client backend'
