-- $1: kinds (of pg_class.relkind), $2: schema or null, $3: part of the name or null, $4: offset, $5: limit
WITH found AS (
    SELECT c.oid, n.nspname, c.relname, c.relkind, c.reltuples, c.relpages
    FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind = ANY ($1::"char"[]) AND NOT c.relispartition
        AND CASE WHEN $2::text IS NULL
            THEN n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
            ELSE n.nspname = $2 END
        AND ($3::text IS NULL OR strpos(lower(c.relname), lower($3)) > 0)
),
page AS (
    SELECT * FROM found ORDER BY relpages DESC, nspname, relname OFFSET $4 LIMIT $5
)
SELECT
    p.nspname AS schema,
    p.relname AS name,
    p.relkind::text AS relkind,
    CASE WHEN p.relkind IN ('r', 'm') AND p.reltuples >= 0 THEN p.reltuples::bigint
        WHEN p.relkind = 'p' THEN parts.rows END AS rows,
    CASE WHEN p.relkind IN ('r', 'm') THEN pg_total_relation_size(p.oid)
        WHEN p.relkind = 'p' THEN parts.bytes END AS bytes,
    CASE WHEN p.relkind = 'p' THEN parts.count END AS partitions,
    ARRAY(
        SELECT DISTINCT k.confrelid::regclass::text FROM pg_constraint AS k
        WHERE k.conrelid = p.oid AND k.contype = 'f' ORDER BY 1
    ) AS "references",
    obj_description(p.oid, 'pg_class') AS comment
FROM page AS p
LEFT JOIN LATERAL (
    SELECT count(*) AS count, sum(greatest(c.reltuples, 0))::bigint AS rows,
        sum(pg_total_relation_size(c.oid))::bigint AS bytes
    FROM pg_partition_tree(p.oid) AS t JOIN pg_class AS c ON c.oid = t.relid
    WHERE t.isleaf AND p.relkind = 'p'
) AS parts ON true
ORDER BY p.relpages DESC, p.nspname, p.relname
