-- Schemas of users whose names need no quotes.
SELECT ARRAY(
    SELECT n.nspname::text FROM pg_namespace AS n
    WHERE n.nspname <> 'public' AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
        AND n.nspname ~ '^[a-z_][a-z0-9_]*$'
) AS schemas
