-- The relations that the names may mean, and the SQL that runs when they are read.
-- $1: names
WITH RECURSIVE named AS (
    SELECT c.oid, c.relname, c.relnamespace, c.relkind, c.relrowsecurity
    FROM pg_class AS c
    WHERE c.relname = ANY ($1::text[]) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
),
descendants AS (
    SELECT oid AS root, oid AS relation FROM named WHERE relkind IN ('r', 'p', 'f')
    UNION
    SELECT d.root, i.inhrelid FROM descendants AS d JOIN pg_inherits AS i ON i.inhparent = d.relation
)
SELECT
    n.nspname AS schema,
    c.relname AS name,
    n.nspname = ANY (current_schemas(true)) AS on_path,
    c.oid < 16384 OR EXISTS (
        SELECT FROM pg_depend AS d
        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
    ) AS trusted,
    EXISTS (
        SELECT FROM descendants AS d JOIN pg_class AS f ON f.oid = d.relation
        WHERE d.root = c.oid AND f.relkind = 'f'
    ) AS "foreign",
    CASE
        WHEN c.oid < 16384 THEN ARRAY[]::text[]
        WHEN c.relkind = 'v' THEN ARRAY[pg_get_viewdef(c.oid)]
        WHEN c.relrowsecurity THEN ARRAY(
            SELECT 'SELECT ' || pg_get_expr(p.polqual, p.polrelid)
            FROM pg_policy AS p WHERE p.polrelid = c.oid AND p.polqual IS NOT NULL
        )
        ELSE ARRAY[]::text[]
    END AS expressions,
    CASE WHEN c.oid >= 16384 THEN ARRAY(
        SELECT part FROM descendants AS d
        JOIN pg_index AS i ON i.indrelid = d.relation,
            unnest(ARRAY[pg_get_expr(i.indexprs, i.indrelid), pg_get_expr(i.indpred, i.indrelid)])
            AS part
        WHERE d.root = c.oid AND part IS NOT NULL
        UNION
        SELECT pg_get_expr(k.conbin, k.conrelid) FROM descendants AS d
        JOIN pg_constraint AS k ON k.conrelid = d.relation AND k.conbin IS NOT NULL
        WHERE d.root = c.oid
        UNION
        SELECT pg_get_expr(a.adbin, a.adrelid) FROM pg_attrdef AS a WHERE a.adrelid = c.oid
        UNION
        SELECT pg_get_expr(p.polwithcheck, p.polrelid) FROM pg_policy AS p
        WHERE p.polrelid = c.oid AND p.polwithcheck IS NOT NULL
        UNION
        SELECT pg_get_expr(k.partexprs, k.partrelid) FROM descendants AS d
        JOIN pg_partitioned_table AS k ON k.partrelid = d.relation AND k.partexprs IS NOT NULL
        WHERE d.root = c.oid
    ) ELSE ARRAY[]::text[] END AS planned
FROM named AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
