SELECT p.pid, p.command, coalesce(p.relid::regclass::text, 'a query') AS "table",
    p.type AS phase, p.bytes_processed::float8 AS done, p.bytes_total::float8 AS total,
    'bytes' AS unit
FROM pg_stat_progress_copy AS p WHERE p.datname = current_database()
