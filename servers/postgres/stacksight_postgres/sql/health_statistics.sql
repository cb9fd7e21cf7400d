SELECT s.relid::regclass::text AS name, greatest(c.reltuples, 0)::int8 AS rows,
    s.n_mod_since_analyze::int8 AS changed, s.n_live_tup::int8 AS live,
    greatest(s.last_analyze, s.last_autoanalyze) IS NOT NULL AS analyzed
FROM pg_stat_user_tables AS s JOIN pg_class AS c ON c.oid = s.relid
