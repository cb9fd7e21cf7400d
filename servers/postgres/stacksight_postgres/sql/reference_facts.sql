-- Foreign keys to tables, without an index that begins with the referencing columns.
-- $1: OIDs of tables
SELECT
    k.confrelid::bigint AS target,
    k.conname AS name,
    k.conrelid::regclass::text AS table,
    ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS u (n, o)
        JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = u.n ORDER BY u.o)
        AS columns,
    greatest(c.reltuples, 0)::float8 AS rows
FROM pg_constraint AS k
JOIN pg_class AS c ON c.oid = k.conrelid
WHERE k.contype = 'f' AND k.confrelid = ANY ($1::bigint[]::oid[])
    AND NOT EXISTS (
        SELECT FROM pg_index AS i
        WHERE i.indrelid = k.conrelid AND i.indisvalid AND i.indpred IS NULL
            -- indkey counts from 0
            AND (i.indkey::int2[])[0:cardinality(k.conkey) - 1] OPERATOR(pg_catalog.@>) k.conkey
    )
ORDER BY c.reltuples DESC
