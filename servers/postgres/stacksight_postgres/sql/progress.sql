SELECT p.pid, 'VACUUM' AS command, p.relid::regclass::text AS "table", p.phase,
    p.heap_blks_scanned::float8 AS done, p.heap_blks_total::float8 AS total, 'blocks' AS unit
FROM pg_stat_progress_vacuum AS p WHERE p.datname = current_database()
UNION ALL
SELECT p.pid, p.command, p.relid::regclass::text, p.phase,
    CASE WHEN p.tuples_total > 0 THEN p.tuples_done ELSE p.blocks_done END,
    CASE WHEN p.tuples_total > 0 THEN p.tuples_total ELSE p.blocks_total END,
    CASE WHEN p.tuples_total > 0 THEN 'rows' ELSE 'blocks' END
FROM pg_stat_progress_create_index AS p WHERE p.datname = current_database()
UNION ALL
SELECT p.pid, 'ANALYZE', p.relid::regclass::text, p.phase,
    p.sample_blks_scanned, p.sample_blks_total, 'blocks'
FROM pg_stat_progress_analyze AS p WHERE p.datname = current_database()
UNION ALL
SELECT p.pid, p.command, p.relid::regclass::text, p.phase,
    p.heap_blks_scanned, p.heap_blks_total, 'blocks'
FROM pg_stat_progress_cluster AS p WHERE p.datname = current_database()
