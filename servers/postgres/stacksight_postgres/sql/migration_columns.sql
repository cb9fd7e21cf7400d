-- Columns of tables, and the views that read them.
-- $1: tables as SQL writes them
SELECT
    w.name AS "table",
    a.attname AS name,
    format_type(a.atttypid, a.atttypmod) AS type,
    a.attnotnull AS is_not_null,
    a.attnotnull OR EXISTS (
        SELECT FROM pg_constraint AS k
        WHERE k.conrelid = a.attrelid AND k.contype = 'c' AND k.convalidated
            AND pg_get_constraintdef(k.oid) = format('CHECK ((%I IS NOT NULL))', a.attname)
    ) AS not_null,
    s.null_frac::float8 AS null_share,
    CASE WHEN s.n_distinct < 0 THEN -s.n_distinct
        ELSE s.n_distinct / nullif(greatest(c.reltuples, 0), 0) END::float8 AS distinct_share,
    ARRAY(
        SELECT k.conname::text FROM pg_constraint AS k
        WHERE k.conrelid = a.attrelid AND k.contype = 'c' AND NOT k.convalidated
            AND pg_get_constraintdef(k.oid)
                = format('CHECK ((%I IS NOT NULL)) NOT VALID', a.attname)
    ) AS unvalidated,
    ARRAY(
        SELECT DISTINCT r.ev_class::regclass::text
        FROM pg_depend AS d JOIN pg_rewrite AS r ON r.oid = d.objid
        WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass
            AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum AND r.ev_class <> a.attrelid
    ) AS views
FROM unnest($1::text[]) AS w (name)
JOIN pg_class AS c ON c.oid = to_regclass(w.name)
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_stats AS s ON s.schemaname = n.nspname AND s.tablename = c.relname
    AND s.attname = a.attname AND s.inherited = (c.relkind = 'p')
ORDER BY a.attnum
