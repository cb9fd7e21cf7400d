SELECT k.conname AS name, k.conrelid::regclass::text AS "table", k.convalidated AS valid
FROM pg_constraint AS k
WHERE k.contype IN ('c', 'f') AND k.conrelid <> 0
    AND k.connamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
