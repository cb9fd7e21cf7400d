SELECT name, setting, unit, (SELECT sum(pg_database_size(oid)) FROM pg_database
    WHERE datname = current_database())::int8 AS database_bytes
FROM pg_settings
WHERE name IN (
    'fsync', 'full_page_writes', 'autovacuum', 'track_counts', 'shared_buffers', 'work_mem',
    'max_connections', 'random_page_cost', 'idle_in_transaction_session_timeout',
    'effective_cache_size', 'maintenance_work_mem', 'track_io_timing'
) OR (name LIKE 'enable\_%' AND setting = 'off' AND name NOT LIKE 'enable_partitionwise%'
    AND boot_val = 'on')
