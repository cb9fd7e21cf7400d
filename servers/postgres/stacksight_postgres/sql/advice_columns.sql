-- The columns of relations with what ANALYZE found.
-- $1: OIDs
SELECT
    a.attrelid::bigint AS relation,
    a.attname AS name,
    format_type(a.atttypid, a.atttypmod) AS type,
    CASE a.attalign WHEN 'c' THEN 1 WHEN 's' THEN 2 WHEN 'i' THEN 4 ELSE 8 END AS alignment,
    coalesce(s.stawidth, CASE WHEN a.attlen > 0 THEN a.attlen ELSE 32 END)::int AS width,
    a.attlen > 0 AS fixed,
    s.stadistinct::float8 AS distinct,
    coalesce(s.stanullfrac, 0)::float8 AS null_fraction,
    s.correlation::float8 AS correlation,
    EXISTS (
        SELECT FROM pg_opclass AS o
        WHERE o.opcmethod = 403 AND o.opcdefault AND (
            o.opcintype IN (a.atttypid, t.typbasetype)
            OR o.opcintype = CASE
                WHEN t.typname = 'varchar' THEN 'text'::regtype
                WHEN t.typtype = 'e' THEN 'anyenum'::regtype
                WHEN t.typcategory = 'A' THEN 'anyarray'::regtype
                WHEN t.typtype = 'r' THEN 'anyrange'::regtype
            END
        )
    ) AS ordered,
    -- Equal is identical only for some types; keys of others are not stored once (nbtree/README).
    t.typtype NOT IN ('c', 'r', 'm') AND t.typcategory <> 'A'
        AND t.typname NOT IN ('numeric', 'float4', 'float8', 'interval', 'jsonb')
        AND coalesce(l.collisdeterministic, true) AS deduplicates,
    coalesce(
        CASE WHEN l.collname = 'default' THEN d.datcollate ELSE l.collcollate END IN ('C', 'POSIX'),
        false
    ) AS bytewise
FROM pg_attribute AS a
JOIN pg_class AS c ON c.oid = a.attrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_type AS t ON t.oid = a.atttypid
JOIN pg_database AS d ON d.datname = current_database()
LEFT JOIN pg_collation AS l ON l.oid = a.attcollation
LEFT JOIN LATERAL (
    SELECT
        v.avg_width AS stawidth, v.n_distinct AS stadistinct, v.null_frac AS stanullfrac,
        v.correlation
    FROM pg_stats AS v
    WHERE v.schemaname = n.nspname AND v.tablename = c.relname
        AND v.attname = a.attname AND v.inherited = (c.relkind = 'p')
) AS s ON true
WHERE a.attrelid = ANY ($1::bigint[]::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum
