-- The relations that a query names, each with its leaves and what was written to them.
-- $1: schemas, empty where the query writes none; $2: names
WITH asked AS (
    SELECT
        a.schema, a.name,
        to_regclass(concat_ws('.', quote_ident(nullif(a.schema, '')), quote_ident(a.name))) AS oid
    FROM unnest($1::text[], $2::text[]) AS a (schema, name)
)
SELECT
    asked.schema,
    asked.name,
    c.oid::bigint AS oid,
    c.relkind::text AS kind,
    c.oid::regclass::text AS sql_name,
    CASE WHEN c.relkind = 'v' THEN pg_get_viewdef(c.oid) END AS definition,
    leaves.rows,
    leaves.pages,
    leaves.visible,
    leaves.names AS partitions,
    leaves.inserted,
    leaves.updated,
    leaves.hot_updated,
    leaves.deleted,
    extract(epoch FROM now() - coalesce(
        (SELECT d.stats_reset FROM pg_stat_database AS d WHERE d.datname = current_database()),
        pg_postmaster_start_time()
    ))::float8 AS seconds
FROM asked
JOIN pg_class AS c ON c.oid = asked.oid
CROSS JOIN LATERAL (
    SELECT
        coalesce(sum(greatest(l.reltuples, 0)), 0)::float8 AS rows,
        coalesce(sum(greatest(l.relpages, 0)), 0)::int AS pages,
        coalesce(sum(l.relallvisible), 0)::int AS visible,
        coalesce(
            array_agg(l.oid::regclass::text ORDER BY l.oid::regclass::text)
                FILTER (WHERE c.relkind = 'p'),
            '{}'
        ) AS names,
        coalesce(sum(s.n_tup_ins), 0)::bigint AS inserted,
        coalesce(sum(s.n_tup_upd), 0)::bigint AS updated,
        coalesce(sum(s.n_tup_hot_upd), 0)::bigint AS hot_updated,
        coalesce(sum(s.n_tup_del), 0)::bigint AS deleted
    FROM pg_class AS l
    LEFT JOIN pg_stat_all_tables AS s ON s.relid = l.oid
    WHERE CASE WHEN c.relkind = 'p'
        THEN l.relkind = 'r' AND l.oid IN (SELECT t.relid FROM pg_partition_tree(c.oid) AS t)
        ELSE l.oid = c.oid
    END
) AS leaves
WHERE c.relkind IN ('r', 'p', 'm', 'v')
