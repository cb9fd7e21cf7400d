-- $1: OIDs of tables
SELECT
    i.indrelid::bigint AS table,
    c.relname AS name,
    m.amname AS method,
    ARRAY(
        SELECT pg_get_indexdef(i.indexrelid, k::int, false)
            || CASE WHEN pg_index_column_has_property(i.indexrelid, k::int, 'desc')
                THEN ' DESC' ELSE '' END
            || CASE WHEN o.opcdefault THEN '' ELSE ' ' || o.opcname END
        FROM generate_series(1, i.indnkeyatts) AS k
        JOIN pg_opclass AS o ON o.oid = i.indclass[k - 1]
        ORDER BY k
    ) AS keys,
    i.indisunique AS unique,
    i.indisvalid AS valid,
    pg_get_expr(i.indpred, i.indrelid) AS predicate,
    regexp_replace(pg_get_indexdef(i.indexrelid), '^.* USING ', '') AS definition
FROM pg_index AS i
JOIN pg_class AS c ON c.oid = i.indexrelid
JOIN pg_am AS m ON m.oid = c.relam
WHERE i.indrelid = ANY ($1::bigint[]::oid[])
