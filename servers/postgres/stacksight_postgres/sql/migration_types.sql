-- Types and functions that a script names.
-- $1: types as SQL writes them, $2: names of functions
SELECT
    ARRAY(
        SELECT DISTINCT p.proname::text FROM pg_proc AS p
        WHERE p.proname = ANY ($2::text[]) AND p.provolatile = 'v'
            AND p.pronamespace IN (
                SELECT n.oid FROM pg_namespace AS n WHERE n.nspname = ANY (current_schemas(true))
            )
    ) AS volatile,
    ARRAY(
        SELECT format_type(t.oid, NULL) FROM pg_type AS t
        WHERE t.typtype = 'd' AND EXISTS (
            SELECT FROM pg_constraint AS k WHERE k.contypid = t.oid
        )
    ) AS constrained,
    ARRAY(
        SELECT format_type(k.castsource, NULL) || '>' || format_type(k.casttarget, NULL)
        FROM pg_cast AS k WHERE k.castmethod = 'b'
    ) AS binary_casts,
    current_setting('TimeZone') IN ('UTC', 'Etc/UTC', 'GMT', 'Etc/GMT') AS utc,
    ARRAY(
        -- A domain without constraints is no more than the type below it.
        SELECT w.name || '>' || coalesce(
            (SELECT format_type(t.typbasetype, t.typtypmod) FROM pg_type AS t
                WHERE t.oid = to_regtype(w.name) AND t.typtype = 'd'
                    AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.contypid = t.oid)),
            to_regtype(w.name)::text, w.name)
        FROM unnest($1::text[]) AS w (name)
    ) AS types
