-- $1: OIDs of tables
SELECT
    a.attrelid::bigint AS table,
    a.attname AS name,
    format_type(a.atttypid, NULL) AS type,
    CASE WHEN s.n_distinct >= 0 THEN s.n_distinct ELSE -s.n_distinct * greatest(c.reltuples, 1) END
        ::float8 AS "distinct",
    coalesce(s.null_frac, 0)::float8 AS null_share,
    coalesce((s.most_common_vals::text::text[])[1:10], '{}') AS common,
    -- Eleven of the bounds, evenly spread.
    coalesce((
        SELECT array_agg(b.bounds[n] ORDER BY n)
        FROM (SELECT s.histogram_bounds::text::text[] AS bounds) AS b,
            generate_series(
                1, cardinality(b.bounds), greatest((cardinality(b.bounds) - 1) / 10, 1)
            ) AS n
    ), '{}') AS bounds,
    coalesce(s.avg_width, 8) AS width
FROM pg_attribute AS a
JOIN pg_class AS c ON c.oid = a.attrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_stats AS s ON s.schemaname = n.nspname AND s.tablename = c.relname
    AND s.attname = a.attname AND s.inherited = (c.relkind = 'p')
WHERE a.attrelid = ANY ($1::bigint[]::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
