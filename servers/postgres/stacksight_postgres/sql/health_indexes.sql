SELECT
    i.indexrelid::regclass::text AS name, i.indrelid::regclass::text AS "table",
    pg_relation_size(i.indexrelid) AS bytes, coalesce(s.idx_scan, 0) AS scans,
    i.indisunique AS "unique", i.indisvalid AS valid,
    EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = i.indexrelid) AS constrains,
    m.amname AS method,
    string_to_array(i.indkey::text, ' ') AS columns,
    string_to_array(i.indclass::text, ' ') AS classes,
    string_to_array(i.indoption::text, ' ') AS options,
    i.indnkeyatts::int AS key_columns,
    coalesce(pg_get_expr(i.indexprs, i.indrelid), '') AS expressions,
    coalesce(pg_get_expr(i.indpred, i.indrelid), '') AS predicate,
    (SELECT extract(epoch FROM now() - d.stats_reset)::float8
        FROM pg_stat_database AS d WHERE d.datname = current_database()) AS age_s
FROM pg_index AS i
JOIN pg_class AS c ON c.oid = i.indexrelid
JOIN pg_am AS m ON m.oid = c.relam
JOIN pg_stat_user_indexes AS s ON s.indexrelid = i.indexrelid
ORDER BY 1
