-- The relations that a name may mean, the likeliest first.
-- $1: schema or null, $2: name
SELECT c.oid::bigint AS oid, c.oid::regclass::text AS shown
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND lower(c.relname) = lower($2)
    AND ($1::text IS NULL OR lower(n.nspname) = lower($1))
ORDER BY c.relname = $2 DESC, pg_table_is_visible(c.oid) DESC,
    n.nspname LIKE 'pg\_%' OR n.nspname = 'information_schema', n.nspname
LIMIT 5
