-- What rows of the average width in the statistics would take, against the real size.
WITH widths AS (
    SELECT s.schemaname, s.tablename, sum((1 - s.null_frac) * s.avg_width) AS width
    FROM pg_stats AS s
    WHERE NOT s.inherited AND s.schemaname NOT IN ('pg_catalog', 'information_schema')
    GROUP BY 1, 2
),
tables AS (
    SELECT c.oid::regclass::text AS name, 'table' AS kind,
        pg_relation_size(c.oid) AS bytes,
        -- 24 bytes of header, 4 of line pointer, and up to 7 of alignment
        c.reltuples * (28 + 4 + w.width) / 0.98 AS expected
    FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    JOIN widths AS w ON w.schemaname = n.nspname AND w.tablename = c.relname
    WHERE c.relkind IN ('r', 'm') AND c.reltuples > 0
),
indexes AS (
    SELECT i.indexrelid::regclass::text AS name, 'index' AS kind,
        pg_relation_size(i.indexrelid) AS bytes,
        -- 8 bytes of tuple header, 4 of line pointer, up to 7 of alignment; pages 90 % full
        ic.reltuples * (12 + 4 + k.width) / 0.9 AS expected
    FROM pg_index AS i
    JOIN pg_class AS ic ON ic.oid = i.indexrelid AND ic.reltuples > 0
    JOIN pg_am AS m ON m.oid = ic.relam AND m.amname = 'btree'
    JOIN pg_class AS c ON c.oid = i.indrelid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    JOIN LATERAL (
        SELECT sum((1 - s.null_frac) * s.avg_width) AS width, count(*) AS columns
        FROM pg_attribute AS a
        JOIN pg_stats AS s ON s.schemaname = n.nspname AND s.tablename = c.relname
            AND s.attname = a.attname AND NOT s.inherited
        WHERE a.attrelid = c.oid AND a.attnum = ANY (i.indkey)
    ) AS k ON k.columns = i.indnatts
    WHERE n.nspname NOT LIKE 'pg\_%'
)
SELECT name, kind, bytes::int8, expected::float8
FROM (TABLE tables UNION ALL TABLE indexes) AS everything
UNION ALL
-- Tables whose statistics this role may not read.
SELECT c.oid::regclass::text, 'hidden', pg_relation_size(c.oid), 0
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm') AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
    AND NOT has_table_privilege(c.oid, 'SELECT')
