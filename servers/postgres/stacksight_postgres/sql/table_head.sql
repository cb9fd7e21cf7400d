-- $1: OID
SELECT
    c.oid::regclass::text AS name,
    c.relkind::text AS relkind,
    CASE WHEN c.relkind IN ('r', 'm') AND c.reltuples >= 0 THEN c.reltuples::bigint END AS rows,
    CASE WHEN c.relkind IN ('r', 'm') THEN pg_total_relation_size(c.oid) END AS bytes,
    CASE WHEN c.relkind IN ('r', 'm') THEN pg_table_size(c.oid) END AS table_bytes,
    CASE WHEN c.relkind IN ('r', 'm') THEN pg_indexes_size(c.oid) END AS index_bytes,
    s.n_dead_tup AS dead_rows,
    s.n_mod_since_analyze AS changed_rows,
    to_char(greatest(s.last_analyze, s.last_autoanalyze), 'YYYY-MM-DD HH24:MI TZ') AS last_analyze,
    to_char(greatest(s.last_vacuum, s.last_autovacuum), 'YYYY-MM-DD HH24:MI TZ') AS last_vacuum,
    s.seq_scan AS sequential_scans,
    s.idx_scan AS index_scans,
    obj_description(c.oid, 'pg_class') AS comment,
    CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END AS partition_key,
    (SELECT i.inhparent::regclass::text FROM pg_inherits AS i
        WHERE i.inhrelid = c.oid AND c.relispartition LIMIT 1) AS partition_of,
    CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid, true) END AS definition,
    ARRAY(
        SELECT k.conname || ' ' || pg_get_constraintdef(k.oid)
        FROM pg_constraint AS k
        WHERE k.conrelid = c.oid AND k.contype IN ('c', 'x', 'u') ORDER BY k.conname
    ) AS constraints,
    ARRAY(
        SELECT regexp_replace(pg_get_triggerdef(t.oid, true), '^CREATE (CONSTRAINT )?TRIGGER ', '')
        FROM pg_trigger AS t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal ORDER BY t.tgname
    ) AS triggers,
    ARRAY(
        SELECT format('%s FOR %s TO %s%s%s', p.policyname, p.cmd, array_to_string(p.roles, ', '),
            ' USING ' || p.qual, ' WITH CHECK ' || p.with_check)
        FROM pg_policies AS p
        JOIN pg_namespace AS n ON n.nspname = p.schemaname
        WHERE n.oid = c.relnamespace AND p.tablename = c.relname ORDER BY p.policyname
    ) AS policies,
    ARRAY(
        SELECT format('%s %s', i.inhrelid::regclass, pg_get_expr(child.relpartbound, child.oid))
        FROM pg_inherits AS i JOIN pg_class AS child ON child.oid = i.inhrelid
        WHERE i.inhparent = c.oid ORDER BY child.relname LIMIT 200
    ) AS partitions
FROM pg_class AS c
LEFT JOIN pg_stat_all_tables AS s ON s.relid = c.oid
WHERE c.oid = $1::bigint::oid
