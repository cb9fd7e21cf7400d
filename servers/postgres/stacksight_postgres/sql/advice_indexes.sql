-- The indexes of relations.
-- $1: OIDs
SELECT
    i.indrelid::bigint AS relation,
    i.indexrelid::regclass::text AS name,
    m.amname AS method,
    ARRAY(
        SELECT pg_get_indexdef(i.indexrelid, n, false)
            || CASE WHEN o.opcdefault THEN '' ELSE ' ' || o.opcname END
            || CASE i.indoption[n - 1] & 3
                WHEN 1 THEN ' DESC NULLS LAST' WHEN 2 THEN ' NULLS FIRST' WHEN 3 THEN ' DESC'
                ELSE ''
            END
        FROM generate_series(1, i.indnkeyatts) AS n
        JOIN pg_opclass AS o ON o.oid = i.indclass[n - 1]
        ORDER BY n
    ) AS keys,
    ARRAY(
        SELECT pg_get_indexdef(i.indexrelid, n, false)
        FROM generate_series(i.indnkeyatts + 1, i.indnatts) AS n
        ORDER BY n
    ) AS include,
    pg_get_expr(i.indpred, i.indrelid) AS "where",
    i.indisunique AS "unique",
    i.indisreplident OR i.indisclustered OR EXISTS (
        SELECT FROM pg_constraint AS k WHERE k.conindid = i.indexrelid
    ) AS "constraint",
    pg_relation_size(i.indexrelid) AS bytes,
    i.indisvalid AS valid,
    coalesce(s.idx_scan, 0)::bigint AS scans
FROM pg_index AS i
JOIN pg_class AS c ON c.oid = i.indexrelid
JOIN pg_am AS m ON m.oid = c.relam
LEFT JOIN pg_stat_all_indexes AS s ON s.indexrelid = i.indexrelid
WHERE i.indrelid = ANY ($1::bigint[]::oid[])
ORDER BY i.indexrelid
