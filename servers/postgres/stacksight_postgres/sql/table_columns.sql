-- $1: OID
SELECT
    a.attname AS name,
    format_type(a.atttypid, a.atttypmod) AS type,
    NOT a.attnotnull AS nullable,
    CASE
        WHEN a.attidentity = 'a' THEN 'identity always'
        WHEN a.attidentity = 'd' THEN 'identity'
        WHEN a.attgenerated <> '' THEN 'generated: ' || pg_get_expr(d.adbin, d.adrelid)
        ELSE pg_get_expr(d.adbin, d.adrelid)
    END AS "default",
    CASE WHEN s.n_distinct >= 0 THEN s.n_distinct::bigint
        ELSE nullif(-s.n_distinct * r.rows, 0)::bigint END AS "distinct",
    s.null_frac AS null_share,
    -- The most common values tell little when they are as common as any other.
    CASE WHEN s.most_common_freqs[1] >= 0.01
        THEN (s.most_common_vals::text::text[])[1:4] END AS common,
    CASE WHEN t.typtype = 'e' THEN ARRAY(
        SELECT e.enumlabel::text FROM pg_enum AS e WHERE e.enumtypid = t.oid
        ORDER BY e.enumsortorder LIMIT 30
    ) END AS enum,
    col_description(a.attrelid, a.attnum) AS comment
FROM pg_attribute AS a
JOIN pg_class AS c ON c.oid = a.attrelid
CROSS JOIN (
    SELECT coalesce(sum(greatest(m.reltuples, 0)), 0) AS rows FROM pg_class AS m
    WHERE m.relkind IN ('r', 'm')
        AND m.oid IN (SELECT $1::bigint::oid UNION SELECT relid FROM pg_partition_tree($1::bigint::oid))
) AS r
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_type AS t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN pg_stats AS s ON s.schemaname = n.nspname AND s.tablename = c.relname
    AND s.attname = a.attname AND s.inherited = (c.relkind = 'p')
WHERE a.attrelid = $1::bigint::oid AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
