SELECT xact_rollback AS rollbacks, deadlocks, temp_bytes
FROM pg_stat_database WHERE datname = current_database()
