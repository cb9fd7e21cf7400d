-- Indexes of tables.
-- $1: tables as SQL writes them
SELECT
    w.name AS "table",
    c.relname AS name,
    i.indexrelid::regclass::text AS shown,
    coalesce(s.idx_scan, 0) AS scans,
    EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = i.indexrelid AND k.contype <> 'f')
        AS owned
FROM unnest($1::text[]) AS w (name)
JOIN pg_index AS i ON i.indrelid = to_regclass(w.name)
JOIN pg_class AS c ON c.oid = i.indexrelid
LEFT JOIN pg_stat_all_indexes AS s ON s.indexrelid = i.indexrelid
