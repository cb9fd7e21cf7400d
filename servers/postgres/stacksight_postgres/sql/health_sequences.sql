SELECT
    'sequence' AS kind,
    format('%I.%I', s.schemaname, s.sequencename) AS name, s.last_value::int8 AS last,
    CASE WHEN s.increment_by > 0 THEN least(s.max_value, CASE a.atttypid
        WHEN 'int2'::regtype THEN 32767 WHEN 'int4'::regtype THEN 2147483647
        ELSE s.max_value END) END::int8 AS most,
    s.cycle,
    has_sequence_privilege(format('%I.%I', s.schemaname, s.sequencename), 'SELECT, USAGE') AS readable,
    d.refobjid::regclass::text || '.' || quote_ident(a.attname) AS column,
    format_type(a.atttypid, NULL) AS type
FROM pg_sequences AS s
LEFT JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
    AND d.objid = format('%I.%I', s.schemaname, s.sequencename)::regclass AND d.refobjsubid > 0
LEFT JOIN pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
UNION ALL
-- Keys of few bytes that no sequence fills, by the largest value that the statistics know.
SELECT DISTINCT
    'key', k.conrelid::regclass::text || '.' || quote_ident(a.attname),
    (s.histogram_bounds::text::int8[])[cardinality(s.histogram_bounds::text::int8[])],
    CASE a.atttypid WHEN 'int2'::regtype THEN 32767 ELSE 2147483647 END::int8,
    false, true, NULL, NULL
FROM pg_constraint AS k
JOIN pg_class AS c ON c.oid = k.conrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)
    AND a.atttypid IN ('int2'::regtype, 'int4'::regtype)
JOIN pg_stats AS s ON s.schemaname = n.nspname AND s.tablename = c.relname
    AND s.attname = a.attname AND s.inherited = (c.relkind = 'p') AND s.histogram_bounds IS NOT NULL
WHERE k.contype IN ('p', 'f') AND NOT EXISTS (
    SELECT FROM pg_depend AS d JOIN pg_class AS q ON q.oid = d.objid AND q.relkind = 'S'
    WHERE d.refobjid = a.attrelid AND d.refobjsubid = a.attnum AND d.deptype IN ('a', 'i')
)
