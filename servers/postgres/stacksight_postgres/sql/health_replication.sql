SELECT 'slot' AS kind, s.slot_name::text AS name, s.active,
    CASE WHEN pg_is_in_recovery() THEN NULL
        ELSE pg_wal_lsn_diff(pg_current_wal_lsn(), s.restart_lsn) END::float8 AS bytes,
    NULL::float8 AS lag_s
FROM pg_replication_slots AS s
UNION ALL
SELECT 'replica', coalesce(nullif(r.application_name, ''), host(r.client_addr)), true,
    CASE WHEN pg_is_in_recovery() THEN NULL
        ELSE pg_wal_lsn_diff(pg_current_wal_lsn(), r.replay_lsn) END::float8,
    extract(epoch FROM r.replay_lag)::float8
FROM pg_stat_replication AS r
UNION ALL
SELECT 'standby', 'this server', true,
    pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())::float8,
    extract(epoch FROM now() - pg_last_xact_replay_timestamp())::float8
WHERE pg_is_in_recovery()
