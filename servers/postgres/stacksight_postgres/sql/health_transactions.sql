SELECT pid, state, extract(epoch FROM clock_timestamp() - xact_start)::float8 AS age_s,
    age(backend_xmin)::int8 AS holds_back, left(query, 200) AS query
FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
    AND backend_type = 'client backend'
UNION ALL
SELECT NULL, 'prepared ' || gid, extract(epoch FROM clock_timestamp() - prepared)::float8,
    age(transaction)::int8, NULL
FROM pg_prepared_xacts WHERE database = current_database()
