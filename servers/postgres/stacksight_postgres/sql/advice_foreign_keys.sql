-- The columns of the foreign keys of relations.
-- $1: OIDs
SELECT
    k.conrelid::bigint AS relation,
    ARRAY(
        SELECT a.attname
        FROM unnest(k.conkey) WITH ORDINALITY AS c (number, place)
        JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = c.number
        ORDER BY c.place
    ) AS columns
FROM pg_constraint AS k
WHERE k.contype = 'f' AND k.conrelid = ANY ($1::bigint[]::oid[])
ORDER BY k.conrelid, k.conname
