-- Tables of a plan, or those that a statement names.
-- $1: schemas, '' for the search path; $2: names, in the same order
WITH wanted AS (
    SELECT DISTINCT c.oid
    FROM unnest($1::text[], $2::text[]) AS w (schema, name)
    JOIN pg_class AS c ON c.relname = w.name AND c.relkind IN ('r', 'p', 'm')
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = w.schema OR (w.schema = '' AND pg_table_is_visible(c.oid))
)
SELECT
    c.oid::bigint AS oid,
    n.nspname AS schema,
    c.relname AS name,
    nullif(c.reltuples, -1)::float8 AS rows,
    (pg_relation_size(c.oid) / current_setting('block_size')::int)::int AS pages,
    coalesce(s.n_dead_tup, 0)::int8 AS dead,
    coalesce(s.n_mod_since_analyze, 0)::int8 AS changed,
    greatest(s.last_analyze, s.last_autoanalyze) IS NOT NULL
        OR EXISTS (SELECT FROM pg_stats AS st WHERE st.schemaname = n.nspname AND st.tablename = c.relname)
        AS analyzed,
    (SELECT p.relname FROM pg_inherits AS i JOIN pg_class AS p ON p.oid = i.inhparent
        WHERE i.inhrelid = c.oid LIMIT 1) AS parent,
    (SELECT o.option_value::int FROM pg_options_to_table(c.reloptions) AS o
        WHERE o.option_name = 'parallel_workers') AS parallel_workers
FROM wanted AS w
JOIN pg_class AS c ON c.oid = w.oid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_stat_all_tables AS s ON s.relid = c.oid
