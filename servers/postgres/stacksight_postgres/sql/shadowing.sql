-- What would be called or read in the place of PostgreSQL's own by queries of the catalogue.
-- Written so that nothing in it can be taken for something else.
SELECT
    pg_catalog.current_setting('search_path') AS path,
    (pg_catalog.current_schemas(true))[1] OPERATOR(pg_catalog.=) 'pg_catalog'::pg_catalog.name
        AS first,
    ARRAY(
        SELECT p.oid::pg_catalog.regprocedure::pg_catalog.text
        FROM pg_catalog.pg_proc AS p
        WHERE p.oid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid
            AND p.pronamespace OPERATOR(pg_catalog.=) ANY (ARRAY(
                SELECT n.oid FROM pg_catalog.pg_namespace AS n
                WHERE n.nspname OPERATOR(pg_catalog.=) ANY (pg_catalog.current_schemas(true))
            ))
            AND EXISTS (
                SELECT FROM pg_catalog.pg_proc AS b
                WHERE b.oid OPERATOR(pg_catalog.<) 16384::pg_catalog.oid
                    AND b.proname OPERATOR(pg_catalog.=) p.proname
            )
            AND p.proargtypes::pg_catalog.oid[] OPERATOR(pg_catalog.&&) ARRAY[
                'pg_catalog.name', 'pg_catalog.name[]', 'pg_catalog."char"', 'pg_catalog.oid',
                'pg_catalog.regclass', 'pg_catalog.regtype', 'pg_catalog.regproc',
                'pg_catalog.int2vector', 'pg_catalog.oidvector', 'pg_catalog.pg_node_tree',
                'pg_catalog.xid', 'pg_catalog.aclitem[]'
            ]::pg_catalog.regtype[]::pg_catalog.oid[]
            AND NOT EXISTS (
                SELECT FROM pg_catalog.pg_depend AS d
                WHERE d.objid OPERATOR(pg_catalog.=) p.oid
                    AND d.classid OPERATOR(pg_catalog.=)
                        'pg_catalog.pg_proc'::pg_catalog.regclass::pg_catalog.oid
                    AND d.deptype OPERATOR(pg_catalog.=) 'e'::pg_catalog."char"
            )
        LIMIT 5
    )
    OPERATOR(pg_catalog.||) ARRAY(
        SELECT o.oid::pg_catalog.regoperator::pg_catalog.text
        FROM pg_catalog.pg_operator AS o
        WHERE o.oid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid
            AND o.oprnamespace OPERATOR(pg_catalog.=) ANY (ARRAY(
                SELECT n.oid FROM pg_catalog.pg_namespace AS n
                WHERE n.nspname OPERATOR(pg_catalog.=) ANY (pg_catalog.current_schemas(true))
            ))
            AND ARRAY[o.oprleft, o.oprright] OPERATOR(pg_catalog.&&) ARRAY[
                'pg_catalog.name', 'pg_catalog.name[]', 'pg_catalog."char"', 'pg_catalog.oid',
                'pg_catalog.regclass', 'pg_catalog.int2vector', 'pg_catalog.oidvector'
            ]::pg_catalog.regtype[]::pg_catalog.oid[]
            AND NOT EXISTS (
                SELECT FROM pg_catalog.pg_depend AS d
                WHERE d.objid OPERATOR(pg_catalog.=) o.oid
                    AND d.deptype OPERATOR(pg_catalog.=) 'e'::pg_catalog."char"
            )
        LIMIT 5
    ) AS shadows
