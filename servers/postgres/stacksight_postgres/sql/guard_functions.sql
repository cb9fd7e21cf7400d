-- Every function that one of the names may mean, or that has one of the OIDs.
-- $1: names, $2: OIDs
SELECT
    p.oid::bigint AS oid,
    n.nspname AS schema,
    p.proname AS name,
    n.nspname = ANY (current_schemas(true)) AS on_path,
    p.oid < 16384 AND n.nspname IN ('pg_catalog', 'information_schema') AS builtin,
    e.extname AS extension,
    p.provolatile::text AS volatility,
    p.prosecdef AS security_definer,
    l.lanname AS language,
    CASE
        WHEN p.oid < 16384 OR e.extname IS NOT NULL THEN NULL
        -- A header that names no schemas, for a parser that knows none.
        WHEN l.lanname = 'plpgsql' THEN format(
            'CREATE FUNCTION f(%s) RETURNS %s%I LANGUAGE plpgsql AS %L',
            (SELECT string_agg(
                    concat_ws(' ',
                        CASE p.proargmodes[a.o]
                            WHEN 'o' THEN 'OUT' WHEN 't' THEN 'OUT' WHEN 'b' THEN 'INOUT'
                            WHEN 'v' THEN 'VARIADIC' END,
                        quote_ident(nullif(p.proargnames[a.o], '')), quote_ident(at.typname)),
                    ', ' ORDER BY a.o)
                FROM unnest(coalesce(p.proallargtypes, p.proargtypes::oid[]))
                    WITH ORDINALITY AS a (type, o)
                JOIN pg_type AS at ON at.oid = a.type),
            CASE WHEN p.proretset THEN 'SETOF ' END,
            (SELECT rt.typname FROM pg_type AS rt WHERE rt.oid = p.prorettype),
            p.prosrc)
        WHEN l.lanname = 'sql' THEN coalesce(nullif(p.prosrc, ''), pg_get_functiondef(p.oid))
    END AS body,
    CASE WHEN p.oid >= 16384 THEN pg_get_expr(p.proargdefaults, 0) END AS defaults,
    -- What it takes and returns, where these are types that somebody made.
    ARRAY(
        SELECT a.type::bigint
        FROM unnest(p.proargtypes::oid[] || coalesce(p.proallargtypes, '{}') || p.prorettype)
            AS a (type)
        WHERE p.oid >= 16384 AND a.type >= 16384
    ) AS types,
    ARRAY(SELECT split_part(c.setting, '=', 1) FROM unnest(p.proconfig) AS c (setting)) AS settings,
    (p.pronargs - p.pronargdefaults)::int AS least_arguments,
    CASE WHEN p.provariadic = 0 THEN p.pronargs::int END AS most_arguments,
    p.pronargs - p.pronargdefaults <= 1 AND p.pronargs >= 1
        AND (t.typtype IN ('c', 'p') OR t.typname = 'record') AS takes_row,
    ARRAY(
        SELECT part::oid::bigint
        FROM pg_aggregate AS a,
            unnest(ARRAY[
                a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn,
                a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn
            ]) AS part
        WHERE a.aggfnoid = p.oid AND p.oid >= 16384 AND part <> 0
    ) AS parts
FROM pg_proc AS p
JOIN pg_namespace AS n ON n.oid = p.pronamespace
JOIN pg_language AS l ON l.oid = p.prolang
LEFT JOIN pg_depend AS d
    ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
LEFT JOIN pg_extension AS e ON e.oid = d.refobjid
LEFT JOIN pg_type AS t ON t.oid = p.proargtypes[0]
WHERE p.proname = ANY ($1::text[]) OR p.oid = ANY ($2::bigint[]::oid[])
