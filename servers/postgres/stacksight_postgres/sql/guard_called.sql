-- OIDs of user-made functions that operators, casts and operator classes call, and the checks of
-- domains.
-- $1: operator names, $2: type names, $3: schemas that the statement
-- names, $4: names of relations, $5: names of functions, $6: OIDs of types, $7: operators of all
-- schemas
WITH RECURSIVE types AS (  -- of values that are made
    SELECT t.oid, t.typtype, t.typbasetype, t.typelem, t.typrelid
    FROM pg_type AS t
    WHERE (t.typname = ANY ($2::text[]) OR t.oid = ANY ($6::bigint[]::oid[])) AND t.oid >= 16384
    UNION
    SELECT inner_t.oid, inner_t.typtype, inner_t.typbasetype, inner_t.typelem, inner_t.typrelid
    FROM types AS t
    JOIN pg_type AS inner_t ON inner_t.oid >= 16384 AND (
        inner_t.oid IN (t.typbasetype, t.typelem)
        OR inner_t.oid IN (
            SELECT a.atttypid FROM pg_attribute AS a WHERE a.attrelid = t.typrelid AND a.attnum > 0
        )
        OR inner_t.oid = (SELECT r.rngsubtype FROM pg_range AS r WHERE r.rngtypid = t.oid)
    )
),
compared AS (  -- of values that are read, and may be sorted or hashed
    SELECT oid, typbasetype, typelem, typrelid FROM types
    UNION
    SELECT t.oid, t.typbasetype, t.typelem, t.typrelid
    FROM pg_class AS c
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
    JOIN pg_type AS t ON t.oid >= 16384 AND t.oid IN (a.atttypid, c.reltype)
    WHERE c.relname = ANY ($4::text[])
    UNION
    SELECT inner_t.oid, inner_t.typbasetype, inner_t.typelem, inner_t.typrelid
    FROM compared AS t
    JOIN pg_type AS inner_t ON inner_t.oid >= 16384 AND (
        inner_t.oid IN (t.typbasetype, t.typelem)
        OR inner_t.oid IN (
            SELECT a.atttypid FROM pg_attribute AS a WHERE a.attrelid = t.typrelid AND a.attnum > 0
        )
    )
)
SELECT
    ARRAY(
        SELECT o.oprcode::oid::bigint
        FROM pg_operator AS o
        JOIN pg_namespace AS n ON n.oid = o.oprnamespace
        WHERE o.oprname = ANY ($1::text[]) AND o.oprcode::oid >= 16384
            AND ($7 OR n.nspname = ANY (current_schemas(true) || $3::name[]))
        UNION
        -- Sorting, grouping and hashing call these without their being named.
        SELECT p.amproc::oid::bigint FROM pg_amproc AS p
        WHERE p.amproc::oid >= 16384 AND p.amproclefttype IN (SELECT oid FROM compared)
        UNION
        SELECT o.oprcode::oid::bigint FROM pg_amop AS p JOIN pg_operator AS o ON o.oid = p.amopopr
        WHERE o.oprcode::oid >= 16384 AND p.amoplefttype IN (SELECT oid FROM compared)
        UNION
        SELECT r.rngcanonical::oid::bigint FROM pg_range AS r
        WHERE r.rngcanonical::oid >= 16384 AND r.rngtypid IN (SELECT oid FROM types)
        UNION
        -- Implicit casts are applied without being written. A cast that is written runs a function
        -- of this pair of types only: it matters when a value of the source type can be there.
        SELECT k.castfunc::bigint
        FROM pg_cast AS k
        JOIN pg_type AS source ON source.oid = k.castsource
        WHERE k.castfunc >= 16384
            AND (k.castcontext = 'i' OR k.casttarget IN (SELECT oid FROM types)
                OR k.casttarget IN (
                    SELECT t.oid FROM pg_type AS t WHERE t.typname = ANY ($2::text[])
                ))
            AND (k.castcontext = 'i' OR source.oid < 16384 OR source.typname = ANY ($2::text[])
                OR EXISTS (
                    SELECT FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
                    WHERE (c.relname = ANY ($4::text[]) OR c.relkind = 'c')
                        AND (a.atttypid IN (source.oid, source.typarray)
                            OR c.reltype = source.oid AND c.relkind <> 'c')
                )
                OR EXISTS (
                    SELECT FROM pg_proc AS p
                    WHERE p.proname = ANY ($5::text[])
                        AND p.prorettype IN (source.oid, source.typarray)
                ))
    ) AS called,
    ARRAY(
        SELECT pg_get_expr(k.conbin, 0)
        FROM pg_constraint AS k WHERE k.contypid IN (SELECT oid FROM types) AND k.conbin IS NOT NULL
    ) AS checks
