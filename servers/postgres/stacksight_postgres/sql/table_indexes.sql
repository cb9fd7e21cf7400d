-- $1: OID
SELECT
    i.indexrelid::regclass::text AS name,
    regexp_replace(pg_get_indexdef(i.indexrelid), '^.* USING ', '') AS definition,
    parts.bytes,
    parts.scans,
    array_remove(ARRAY[
        CASE WHEN i.indisprimary THEN 'primary' WHEN i.indisunique THEN 'unique' END,
        CASE WHEN NOT i.indisvalid THEN 'INVALID' END
    ], NULL) AS flags
FROM pg_index AS i
CROSS JOIN LATERAL (
    -- An index on a partitioned table is the sum of those on its partitions.
    SELECT sum(pg_relation_size(m.oid))::bigint AS bytes,
        coalesce(sum(s.idx_scan), 0)::bigint AS scans
    FROM (
        SELECT i.indexrelid AS oid
        UNION SELECT t.relid::oid FROM pg_partition_tree(i.indexrelid) AS t
    ) AS m
    LEFT JOIN pg_stat_all_indexes AS s ON s.indexrelid = m.oid
) AS parts
WHERE i.indrelid = $1::bigint::oid
ORDER BY i.indisprimary DESC, 1
