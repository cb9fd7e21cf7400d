-- The state of the relations that a script names, each with all its partitions.
-- $1: names as SQL writes them, $2: a transaction is long from so many seconds on
WITH named AS (
    SELECT DISTINCT w.name AS wanted, to_regclass(w.name)::oid AS oid FROM unnest($1::text[]) AS w (name)
),
members AS (
    SELECT n.oid AS root, n.oid AS relation FROM named AS n WHERE n.oid IS NOT NULL
    UNION
    SELECT n.oid, t.relid FROM named AS n, pg_partition_tree(n.oid) AS t
),
sizes AS (
    SELECT
        m.root,
        sum(greatest(c.reltuples, 0)) FILTER (WHERE c.relkind IN ('r', 'm'))::int8 AS rows,
        bool_or(c.reltuples >= 0) FILTER (WHERE c.relkind IN ('r', 'm')) AS analyzed,
        sum(pg_table_size(c.oid)) FILTER (WHERE c.relkind IN ('r', 'm'))::int8 AS bytes,
        sum(pg_indexes_size(c.oid)) FILTER (WHERE c.relkind IN ('r', 'm'))::int8 AS index_bytes,
        sum(s.seq_scan + coalesce(s.idx_scan, 0))::float8 AS scans,
        sum(s.n_tup_ins + s.n_tup_upd + s.n_tup_del)::float8 AS written
    FROM members AS m
    JOIN pg_class AS c ON c.oid = m.relation
    LEFT JOIN pg_stat_all_tables AS s ON s.relid = c.oid
    GROUP BY m.root
),
age AS (
    SELECT greatest(
        extract(epoch FROM now() - coalesce(d.stats_reset, pg_postmaster_start_time())) / 60, 1
    )::float8 AS minutes
    FROM pg_stat_database AS d WHERE d.datname = current_database()
)
SELECT
    n.wanted,
    c.oid::regclass::text AS name,
    c.relkind::text AS kind,
    CASE WHEN z.analyzed THEN z.rows END AS rows,
    coalesce(z.bytes, 0) AS bytes,
    coalesce(z.index_bytes, 0) AS index_bytes,
    coalesce(z.scans, 0) / a.minutes AS reads_a_minute,
    coalesce(z.written, 0) / a.minutes AS writes_a_minute,
    (SELECT i.indrelid::regclass::text FROM pg_index AS i WHERE i.indexrelid = c.oid) AS index_of,
    ARRAY(
        SELECT format('%s: %s, open for %s s', s.pid, s.state,
            round(extract(epoch FROM clock_timestamp() - s.xact_start)))
        FROM pg_stat_activity AS s
        WHERE s.pid <> pg_backend_pid()
            AND s.xact_start < clock_timestamp() - $2::float8 * interval '1 second'
            AND s.pid IN (
                SELECT l.pid FROM pg_locks AS l JOIN members AS m ON m.relation = l.relation
                WHERE m.root = c.oid AND l.granted
            )
        ORDER BY s.xact_start LIMIT 3
    ) AS holders,
    ARRAY(
        SELECT DISTINCT k.conrelid::regclass::text FROM pg_constraint AS k
        WHERE k.contype = 'f' AND k.confrelid = c.oid AND k.conparentid = 0
    ) AS referenced_by,
    ARRAY(
        SELECT DISTINCT k.confrelid::regclass::text FROM pg_constraint AS k
        WHERE k.contype = 'f' AND k.conrelid = c.oid
    ) AS referencing,
    (SELECT p.inhrelid::regclass::text FROM pg_inherits AS p JOIN pg_class AS d ON d.oid = p.inhrelid
        WHERE p.inhparent = c.oid AND pg_get_expr(d.relpartbound, d.oid) = 'DEFAULT')
        AS default_partition
FROM named AS n
JOIN pg_class AS c ON c.oid = n.oid
LEFT JOIN sizes AS z ON z.root = c.oid
CROSS JOIN age AS a
