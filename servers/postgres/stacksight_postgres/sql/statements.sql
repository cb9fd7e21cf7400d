-- Statements of this database, without ours and without transaction control.
SELECT
    s.queryid AS id,
    min(s.query) AS query,
    count(*) AS entries,
    sum(s.calls)::int8 AS calls,
    sum(s.rows)::int8 AS rows,
    sum(s.total_exec_time)::float8 AS total_ms,
    sum(s.shared_blks_hit)::int8 AS hit,
    sum(s.shared_blks_read)::int8 AS read,
    sum(s.shared_blks_dirtied)::int8 AS dirtied,
    sum(s.temp_blks_written + s.temp_blks_read)::int8 AS temp,
    sum(s.wal_bytes)::int8 AS wal
FROM {schema}.pg_stat_statements AS s
WHERE s.dbid = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
    AND (
        s.queryid IS NULL  -- of another role, and not to be seen
        -- Ours, and how asyncpg (ours, or the application's) asks for types that it does not know.
        OR strpos(s.query, '/* stacksight */') = 0
        AND s.query NOT LIKE 'WITH RECURSIVE typeinfo_tree(%'
        AND s.query !~ '^\s*SELECT\s+current_setting\(\$\d\) AS cur,\s+set_config\('
        AND s.query !~ '^\s*SELECT\s+set_config\(\$2, \$1, \$3\)\s*$'
        AND s.query !~* '^\s*(begin|start transaction|commit|end|rollback|abort|savepoint|release|set|show|reset|discard|deallocate|close|listen|unlisten|explain)\M'
    )
GROUP BY s.queryid
