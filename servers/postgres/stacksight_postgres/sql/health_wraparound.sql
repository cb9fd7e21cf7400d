SELECT c.oid::regclass::text AS name, age(c.relfrozenxid)::int8 AS xid_age,
    mxid_age(c.relminmxid)::int8 AS multixact_age,
    current_setting('autovacuum_freeze_max_age')::int8 AS freeze_at,
    count(*) OVER () AS examined
FROM pg_class AS c
WHERE c.relkind IN ('r', 'm', 't') AND c.relfrozenxid <> '0'
ORDER BY greatest(age(c.relfrozenxid), mxid_age(c.relminmxid)) DESC LIMIT 5
