SELECT s.relid::regclass::text AS name, s.n_dead_tup AS dead, greatest(c.reltuples, 0)::int8 AS rows,
    greatest(s.last_vacuum, s.last_autovacuum)::text AS last_vacuum,
    coalesce('autovacuum_enabled=off' = ANY (c.reloptions)
        OR 'autovacuum_enabled=false' = ANY (c.reloptions), false) AS switched_off,
    (current_setting('autovacuum_vacuum_threshold')::float8
        + current_setting('autovacuum_vacuum_scale_factor')::float8 * greatest(c.reltuples, 0))
        AS due_at
FROM pg_stat_user_tables AS s JOIN pg_class AS c ON c.oid = s.relid
