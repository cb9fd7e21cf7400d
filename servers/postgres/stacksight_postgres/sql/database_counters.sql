SELECT
    xact_commit AS commits, xact_rollback AS rollbacks, deadlocks, conflicts,
    temp_files, temp_bytes, blks_read AS read, blks_hit AS hit
FROM pg_stat_database WHERE datname = current_database()
