-- The mean bytes of a value as an index holds it: short ones with a header of one byte for four.
-- {value}: which
avg(pg_column_size({value}) - CASE
    WHEN (SELECT t.typlen FROM pg_type AS t WHERE t.oid = pg_typeof({value})) = -1
        AND pg_column_size({value}) < 130 THEN 3
    ELSE 0
END)::float8
