-- Functions that parallel workers cannot call, of those that a statement and its plan name. Where
-- functions share a name, all of them have to be so.
-- $1: names
SELECT p.proname AS name, min(p.proparallel::text) AS parallel,
    CASE WHEN count(*) = 1 AND max(p.oid::bigint) >= 16384
        THEN min(p.oid::regprocedure::text) END AS signature
FROM pg_proc AS p
WHERE p.proname = ANY ($1::text[])
GROUP BY p.proname
HAVING bool_and(p.proparallel <> 's' AND p.prokind = 'f')
ORDER BY 2 DESC, 1
