SELECT name, setting FROM pg_settings
WHERE name IN (
    'work_mem', 'hash_mem_multiplier', 'shared_buffers', 'effective_cache_size', 'random_page_cost',
    'seq_page_cost', 'jit', 'jit_above_cost', 'track_io_timing', 'max_parallel_workers_per_gather',
    'max_parallel_workers', 'parallel_setup_cost', 'parallel_tuple_cost',
    'min_parallel_table_scan_size', 'default_statistics_target'
) OR (name LIKE 'enable\_%' AND setting = 'off')
