-- $1: OID
WITH members AS (
    SELECT $1::bigint::oid AS oid
    UNION
    SELECT t.relid::oid FROM pg_partition_tree($1::bigint::oid) AS t
),
sums AS (
    SELECT
        sum(c.reltuples) FILTER (WHERE c.reltuples >= 0)::bigint AS rows,
        sum(pg_total_relation_size(c.oid))::bigint AS bytes,
        sum(pg_table_size(c.oid))::bigint AS table_bytes,
        sum(pg_indexes_size(c.oid))::bigint AS index_bytes,
        sum(s.n_dead_tup)::bigint AS dead_rows,
        sum(s.n_mod_since_analyze)::bigint AS changed_rows,
        sum(s.seq_scan)::bigint AS sequential_scans,
        sum(s.idx_scan)::bigint AS index_scans
    FROM members AS m
    JOIN pg_class AS c ON c.oid = m.oid AND c.relkind IN ('r', 'm')
    LEFT JOIN pg_stat_all_tables AS s ON s.relid = c.oid
)
SELECT
    c.oid::regclass::text AS name,
    c.relkind::text AS relkind,
    z.rows,
    z.bytes,
    z.table_bytes,
    z.index_bytes,
    z.dead_rows,
    z.changed_rows,
    has_table_privilege(c.oid, 'SELECT') AS readable,
    CASE WHEN c.relforcerowsecurity THEN 'forced' WHEN c.relrowsecurity THEN 'enabled' END
        AS row_security,
    to_char(greatest(s.last_analyze, s.last_autoanalyze), 'YYYY-MM-DD HH24:MI TZ') AS last_analyze,
    to_char(greatest(s.last_vacuum, s.last_autovacuum), 'YYYY-MM-DD HH24:MI TZ') AS last_vacuum,
    z.sequential_scans,
    z.index_scans,
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
            || CASE WHEN t.tgenabled = 'D' THEN ' (disabled)' ELSE '' END
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
        SELECT format('%s %s: %s rows, %s', i.inhrelid::regclass,
            pg_get_expr(child.relpartbound, child.oid),
            coalesce(nullif(child.reltuples, -1)::bigint::text, 'unknown'),
            pg_size_pretty(pg_total_relation_size(child.oid)))
        FROM pg_inherits AS i JOIN pg_class AS child ON child.oid = i.inhrelid
        WHERE i.inhparent = c.oid ORDER BY child.relname LIMIT 200
    ) AS partitions
FROM pg_class AS c
CROSS JOIN sums AS z
LEFT JOIN pg_stat_all_tables AS s ON s.relid = c.oid
WHERE c.oid = $1::bigint::oid
