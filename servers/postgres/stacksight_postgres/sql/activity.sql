-- Sessions of clients in this database, and of others when they block it.
SELECT
    a.pid,
    a.usename::text AS role,
    coalesce(
        nullif(a.application_name, ''),
        CASE WHEN a.backend_type <> 'client backend' THEN a.backend_type END
    ) AS application,
    host(a.client_addr) AS client,
    a.state,
    CASE WHEN a.wait_event_type IS NOT NULL AND a.state = 'active'
        THEN a.wait_event_type || ': ' || a.wait_event END AS waits_for,
    extract(epoch FROM clock_timestamp() - a.xact_start)::float8 AS transaction_s,
    extract(epoch FROM clock_timestamp() - a.state_change)::float8 AS state_s,
    extract(epoch FROM clock_timestamp() - a.query_start)::float8 AS query_s,
    age(a.backend_xmin)::int8 AS holds_back,
    CASE WHEN a.wait_event_type = 'Lock' THEN pg_blocking_pids(a.pid) ELSE '{}' END AS blocked_by,
    (SELECT format('%s on %s', l.mode, coalesce(l.relation::regclass::text, l.locktype))
        FROM pg_locks AS l WHERE l.pid = a.pid AND NOT l.granted LIMIT 1) AS wanted_lock,
    a.query,
    a.datname = current_database() AS here
FROM pg_stat_activity AS a
WHERE a.pid <> pg_backend_pid()
    AND (
        a.backend_type = 'client backend' AND (a.datname = current_database() OR a.state IS NULL)
        OR a.pid IN (
            SELECT unnest(pg_blocking_pids(w.pid)) FROM pg_stat_activity AS w
            WHERE w.datname = current_database() AND w.wait_event_type = 'Lock'
        )
    )
ORDER BY a.xact_start NULLS LAST, a.pid
