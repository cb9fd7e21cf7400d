-- A sample of a table's rows: how many, how many meet predicates, how many combinations there are.
-- {cells}: columns and predicates, {percent}: of the pages, {every}: of a page's rows each n-th
WITH sampled AS MATERIALIZED (
    SELECT {cells} FROM {table} TABLESAMPLE SYSTEM ({percent}) REPEATABLE (1)
    WHERE (ctid::text::point)[1]::int % {every} = 0
)
SELECT {counts} FROM sampled
