-- $1: schema or null, $2: part of the name or null
WITH schemas AS (
    SELECT n.oid FROM pg_namespace AS n
    WHERE CASE WHEN $1::text IS NULL
        THEN n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
        ELSE n.nspname = $1 END
),
named AS (
    SELECT CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'table' WHEN 'f' THEN 'foreign_table'
        WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized_view' WHEN 'S' THEN 'sequence' END AS kind,
        c.relname AS name, c.oid, 'pg_class'::regclass AS class
    FROM pg_class AS c
    WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S') AND NOT c.relispartition
        AND c.relnamespace IN (SELECT oid FROM schemas)
    UNION ALL
    SELECT 'function', p.proname, p.oid, 'pg_proc'::regclass
    FROM pg_proc AS p
    WHERE p.pronamespace IN (SELECT oid FROM schemas)
    UNION ALL
    SELECT 'enum', t.typname, t.oid, 'pg_type'::regclass
    FROM pg_type AS t
    WHERE t.typtype = 'e' AND t.typnamespace IN (SELECT oid FROM schemas)
)
SELECT kind, count(*) AS count FROM named
WHERE ($2::text IS NULL OR strpos(lower(name), lower($2)) > 0)
    AND (kind <> 'function' OR NOT EXISTS (
        SELECT FROM pg_depend AS d
        WHERE d.classid = named.class AND d.objid = named.oid AND d.deptype = 'e'
    ))
GROUP BY kind
UNION ALL
SELECT 'extension', count(*) FROM pg_extension
WHERE $1::text IS NULL AND ($2::text IS NULL OR strpos(lower(extname), lower($2)) > 0)
ORDER BY kind
