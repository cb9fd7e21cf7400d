SELECT
    k.conname AS name, k.conrelid::regclass::text AS "table",
    k.confrelid::regclass::text AS target, greatest(c.reltuples, 0)::int8 AS rows,
    ARRAY(SELECT quote_ident(a.attname) FROM unnest(k.conkey) WITH ORDINALITY AS u (n, o)
        JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = u.n ORDER BY u.o)
        AS columns,
    EXISTS (
        SELECT FROM pg_index AS i
        WHERE i.indrelid = k.conrelid AND i.indisvalid AND i.indpred IS NULL
            -- indkey counts from 0
            AND (i.indkey::int2[])[0:cardinality(k.conkey) - 1] OPERATOR(pg_catalog.@>) k.conkey
    ) AS indexed
FROM pg_constraint AS k
JOIN pg_class AS c ON c.oid = k.conrelid
WHERE k.contype = 'f' AND k.conparentid = 0
ORDER BY c.reltuples DESC
