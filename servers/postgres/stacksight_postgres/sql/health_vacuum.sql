-- Dead rows of each table, and at how many autovacuum begins: by the table's own settings where it
-- has some.
SELECT s.relid::regclass::text AS name, s.n_dead_tup AS dead, greatest(c.reltuples, 0)::int8 AS rows,
    greatest(s.last_vacuum, s.last_autovacuum)::text AS last_vacuum,
    NOT coalesce(own.enabled, true) AS switched_off,
    coalesce(own.threshold, own.scale_factor, own.most) IS NOT NULL AS own_settings,
    least(
        coalesce(own.threshold, current_setting('autovacuum_vacuum_threshold')::float8)
            + coalesce(own.scale_factor, current_setting('autovacuum_vacuum_scale_factor')::float8)
            * greatest(c.reltuples, 0),
        -- Since 18; -1 is no limit.
        nullif(coalesce(
            own.most, current_setting('autovacuum_vacuum_max_threshold', true)::float8), -1)
    ) AS due_at
FROM pg_stat_user_tables AS s
JOIN pg_class AS c ON c.oid = s.relid
CROSS JOIN LATERAL (
    SELECT
        max(o.option_value) FILTER (WHERE o.option_name = 'autovacuum_vacuum_threshold')::float8
            AS threshold,
        max(o.option_value) FILTER (WHERE o.option_name = 'autovacuum_vacuum_scale_factor')::float8
            AS scale_factor,
        max(o.option_value) FILTER (WHERE o.option_name = 'autovacuum_vacuum_max_threshold')::float8
            AS most,
        bool_and(o.option_value::bool) FILTER (WHERE o.option_name = 'autovacuum_enabled') AS enabled
    FROM pg_options_to_table(c.reloptions) AS o
) AS own
