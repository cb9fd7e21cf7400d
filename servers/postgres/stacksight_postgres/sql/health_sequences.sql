SELECT
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
