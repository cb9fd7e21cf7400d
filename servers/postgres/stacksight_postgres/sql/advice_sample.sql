-- A sample of a table's rows: how many, how many meet predicates, how many combinations there are.
-- {cells}: columns and predicates, {percent}: of the pages, {every}: of these rows each n-th
WITH sampled AS MATERIALIZED (
    SELECT {cells} FROM (
        SELECT *, row_number() OVER () AS stacksight_place
        FROM {table} TABLESAMPLE SYSTEM ({percent}) REPEATABLE (1)
    ) AS s
    WHERE stacksight_place % {every} = 0
)
SELECT {counts} FROM sampled
