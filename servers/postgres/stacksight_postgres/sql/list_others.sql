-- Functions, sequences, enums or extensions.
-- $1: kind, $2: schema or null, $3: part of the name or null, $4: offset, $5: limit
WITH schemas AS (
    SELECT n.oid, n.nspname FROM pg_namespace AS n
    WHERE CASE WHEN $2::text IS NULL
        THEN n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
        ELSE n.nspname = $2 END
),
found AS (
    SELECT s.nspname AS schema, p.proname AS name,
        format('(%s) → %s, %s, %s', pg_get_function_identity_arguments(p.oid),
            pg_get_function_result(p.oid), l.lanname,
            CASE p.provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' ELSE 'volatile' END)
            AS detail,
        obj_description(p.oid, 'pg_proc') AS comment
    FROM pg_proc AS p
    JOIN schemas AS s ON s.oid = p.pronamespace
    JOIN pg_language AS l ON l.oid = p.prolang
    WHERE $1 = 'function' AND NOT EXISTS (
        SELECT FROM pg_depend AS d
        WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
    )
    UNION ALL
    SELECT s.nspname, t.typname,
        (SELECT string_agg(e.enumlabel, ', ' ORDER BY e.enumsortorder)
            FROM pg_enum AS e WHERE e.enumtypid = t.oid),
        obj_description(t.oid, 'pg_type')
    FROM pg_type AS t JOIN schemas AS s ON s.oid = t.typnamespace
    WHERE $1 = 'enum' AND t.typtype = 'e'
    UNION ALL
    SELECT s.nspname, c.relname,
        format('%s, of %s', q.seqtypid::regtype,
            (SELECT format('%s.%s', d.refobjid::regclass, a.attname)
                FROM pg_depend AS d
                JOIN pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
                WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                    AND d.deptype IN ('a', 'i') LIMIT 1)),
        obj_description(c.oid, 'pg_class')
    FROM pg_class AS c
    JOIN schemas AS s ON s.oid = c.relnamespace
    JOIN pg_sequence AS q ON q.seqrelid = c.oid
    WHERE $1 = 'sequence'
    UNION ALL
    SELECT n.nspname, e.extname, 'version ' || e.extversion, obj_description(e.oid, 'pg_extension')
    FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace
    WHERE $1 = 'extension'
)
SELECT * FROM found
WHERE $3::text IS NULL OR strpos(lower(name), lower($3)) > 0
ORDER BY schema, name, detail OFFSET $4 LIMIT $5
