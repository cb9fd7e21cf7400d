-- The foreign keys of a table and those that point to it.
-- $1: OID
SELECT
    k.conrelid = $1::bigint::oid AS outgoing,
    k.confrelid = $1::bigint::oid AS incoming,
    k.conname AS name,
    k.conrelid::regclass::text AS from_table,
    k.confrelid::regclass::text AS to_table,
    ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS u (n, o)
        JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = u.n ORDER BY u.o)
        AS from_columns,
    ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS u (n, o)
        JOIN pg_attribute AS a ON a.attrelid = k.confrelid AND a.attnum = u.n ORDER BY u.o)
        AS to_columns,
    nullif(concat_ws(' ',
        CASE k.confdeltype WHEN 'c' THEN 'ON DELETE CASCADE' WHEN 'n' THEN 'ON DELETE SET NULL'
            WHEN 'd' THEN 'ON DELETE SET DEFAULT' WHEN 'r' THEN 'ON DELETE RESTRICT' END,
        CASE k.confupdtype WHEN 'c' THEN 'ON UPDATE CASCADE' WHEN 'n' THEN 'ON UPDATE SET NULL' END,
        CASE WHEN NOT k.convalidated THEN 'NOT VALID' END), '') AS actions,
    EXISTS (
        SELECT FROM pg_index AS i
        WHERE i.indrelid = k.conrelid AND i.indisvalid AND i.indpred IS NULL
            -- indkey counts from 0
            AND (i.indkey::int2[])[0:cardinality(k.conkey) - 1] OPERATOR(pg_catalog.@>) k.conkey
    ) AS indexed
FROM pg_constraint AS k
WHERE k.contype = 'f' AND $1::bigint::oid IN (k.conrelid, k.confrelid)
    -- Not the copies that partitions have, unless the table itself is the partition.
    AND (k.conparentid = 0 OR k.conrelid = $1::bigint::oid AND k.conrelid <> (
        SELECT p.conrelid FROM pg_constraint AS p WHERE p.oid = k.conparentid
    ))
ORDER BY k.conname
