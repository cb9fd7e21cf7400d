"""Functions and relations about which the catalogue's columns do not say enough."""

SAFE_VOLATILE = frozenset(
    # Volatile only because the value differs from call to call; nothing is changed or revealed.
    """
    random random_normal gen_random_uuid uuidv4 uuidv7 clock_timestamp timeofday currval lastval
    bernoulli system
    pg_relation_size pg_table_size pg_indexes_size pg_total_relation_size pg_database_size
    pg_tablespace_size pg_partition_tree pg_partition_ancestors pg_sequence_last_value
    pg_lock_status pg_blocking_pids pg_safe_snapshot_blocking_pids pg_prepared_xact
    pg_is_in_recovery pg_current_wal_lsn pg_current_wal_insert_lsn pg_current_wal_flush_lsn
    pg_last_wal_receive_lsn pg_last_wal_replay_lsn pg_last_xact_replay_timestamp
    pg_is_wal_replay_paused pg_get_wal_replay_pause_state pg_xact_commit_timestamp
    pg_xact_commit_timestamp_origin pg_last_committed_xact pg_xact_status txid_status
    pg_control_checkpoint pg_control_init pg_control_recovery pg_control_system
    pg_collation_actual_version pg_database_collation_actual_version pg_jit_available
    pg_notification_queue_usage pg_get_shmem_allocations pg_get_multixact_members
    pg_stat_get_xact_blocks_fetched pg_stat_get_xact_blocks_hit pg_stat_get_xact_function_calls
    pg_stat_get_xact_function_self_time pg_stat_get_xact_function_total_time
    pg_stat_get_xact_numscans pg_stat_get_xact_tuples_deleted pg_stat_get_xact_tuples_fetched
    pg_stat_get_xact_tuples_hot_updated pg_stat_get_xact_tuples_inserted
    pg_stat_get_xact_tuples_returned pg_stat_get_xact_tuples_updated
    """.split()
)

DENIED_BUILTINS = {
    # Declared stable, and yet they change something or run SQL that nobody has looked at.
    "pg_current_xact_id": "assigns a transaction id",
    "txid_current": "assigns a transaction id",
    **dict.fromkeys(
        """
        table_to_xml table_to_xmlschema table_to_xml_and_xmlschema schema_to_xml
        schema_to_xmlschema schema_to_xml_and_xmlschema database_to_xml database_to_xmlschema
        database_to_xml_and_xmlschema
        """.split(),
        "reads relations that are not named in the statement",
    ),
}

SAFE_VOLATILE_OF_EXTENSION = frozenset(
    """
    pg_stat_statements pg_stat_statements_info pg_buffercache_pages pg_buffercache_summary
    pg_freespace pgstattuple pgstatindex pgstattuple_approx hypopg hypopg_list_indexes
    gen_random_bytes gen_random_uuid gen_salt uuid_generate_v1 uuid_generate_v1mc uuid_generate_v4
    uuid_generate_v7 ulid_generate gen_ulid show_limit system_rows system_time normal_rand
    pg_visibility pg_visibility_map pg_visibility_map_summary pg_check_frozen pg_check_visible
    pgrowlocks bt_index_check bt_index_parent_check verify_heapam
    st_generatepoints time_bucket_gapfill locf interpolate
    """.split()
)

DENIED_EXTENSIONS = {
    "dblink": "runs SQL on another connection",
    "postgres_fdw": "opens connections to other servers",
    "file_fdw": "reads files of the server",
    "adminpack": "writes files of the server",
    "pageinspect": "reads raw pages, past all row security",
    "pg_surgery": "rewrites row headers",
    "pg_walinspect": "reads the write-ahead log",
    "http": "sends requests to the network",
    "pg_net": "sends requests to the network",
    "pg_cron": "schedules statements",
    "plpython3u": "runs any program",
    "plperlu": "runs any program",
    "xml2": "runs SQL given as text",
    "lo": "handles large objects",
}

RUNS_TEXT = frozenset({"crosstab", "crosstab2", "crosstab3", "crosstab4"})
"""Functions of extensions that run their arguments as SQL; literal ones can be looked at."""

DENIED_OF_EXTENSION = RUNS_TEXT | {"connectby"}

HARMLESS_SETTINGS = frozenset(
    """
    search_path work_mem hash_mem_multiplier jit timezone datestyle intervalstyle bytea_output
    extra_float_digits lc_messages lc_monetary lc_numeric lc_time client_min_messages
    plan_cache_mode random_page_cost from_collapse_limit join_collapse_limit geqo row_security
    default_text_search_config xmlbinary xmloption check_function_bodies
    """.split()
)
"""Settings that a function may change while it runs; besides, those that begin with enable_."""

SECRET_RELATIONS = frozenset(
    """
    pg_authid pg_shadow pg_user_mapping pg_user_mappings pg_hba_file_rules
    pg_ident_file_mappings pg_file_settings pg_largeobject pg_subscription
    user_mapping_options _pg_user_mappings
    """.split()
)
