SELECT temp_files::int8 AS files, temp_bytes::int8 AS bytes,
    extract(epoch FROM now() - stats_reset)::float8 AS age_s,
    pg_size_bytes(current_setting('work_mem'))::int8 AS work_mem
FROM pg_stat_database WHERE datname = current_database()
