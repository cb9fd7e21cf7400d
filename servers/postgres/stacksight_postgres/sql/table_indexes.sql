-- $1: OID
SELECT
    i.indexrelid::regclass::text AS name,
    regexp_replace(pg_get_indexdef(i.indexrelid), '^.* USING ', '') AS definition,
    pg_relation_size(i.indexrelid) AS bytes,
    coalesce(s.idx_scan, 0) AS scans,
    array_remove(ARRAY[
        CASE WHEN i.indisprimary THEN 'primary' WHEN i.indisunique THEN 'unique' END,
        CASE WHEN NOT i.indisvalid THEN 'INVALID' END
    ], NULL) AS flags
FROM pg_index AS i
LEFT JOIN pg_stat_all_indexes AS s ON s.indexrelid = i.indexrelid
WHERE i.indrelid = $1::bigint::oid
ORDER BY i.indisprimary DESC, 1
