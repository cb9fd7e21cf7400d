SELECT
    current_setting('server_version_num')::int AS version,
    split_part(current_setting('server_version'), ' ', 1) AS version_text,
    version() LIKE '%linux%' AND current_setting('server_version_num')::int >= 140000 AS watches_clients,
    current_database() AS database,
    current_user::text AS role,
    (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS superuser,
    pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') AS monitor,
    ARRAY(SELECT e.extname::text FROM pg_extension AS e ORDER BY e.oid) AS extensions,
    ARRAY(
        SELECT n.nspname::text
        FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace
        ORDER BY e.oid
    ) AS extension_schemas,
    ARRAY(SELECT a.name::text FROM pg_available_extensions AS a) AS available,
    CASE WHEN pg_has_role(current_user, 'pg_read_all_settings', 'USAGE')
        THEN string_to_array(
            replace(current_setting('shared_preload_libraries', true), ' ', ''), ','
        )
        ELSE ARRAY[]::text[]
    END AS preloaded
