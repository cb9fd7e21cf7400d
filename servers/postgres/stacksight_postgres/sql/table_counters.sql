SELECT
    s.relid::regclass::text AS table,
    s.seq_scan, s.seq_tup_read, coalesce(s.idx_scan, 0) AS idx_scan,
    s.n_tup_ins AS inserted, s.n_tup_upd AS updated, s.n_tup_del AS deleted
FROM pg_stat_user_tables AS s
