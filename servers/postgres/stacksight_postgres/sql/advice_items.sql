-- In how many rows of a sample each item of a column occurs: what a GIN index has entries for.
-- {cell}: the column or expression; {table}; {percent}: of the pages; {rows}: at most;
-- {items}: a query of the distinct items of s.v, as text
WITH s AS MATERIALIZED (
    SELECT {cell} AS v FROM {table} TABLESAMPLE SYSTEM ({percent}) REPEATABLE (1) LIMIT {rows}
), found AS (
    SELECT i.item, count(*) AS times FROM s CROSS JOIN LATERAL ({items}) AS i (item) GROUP BY i.item
)
SELECT
    (SELECT count(*) FROM s) AS rows,
    f.times, count(*) AS items, avg(coalesce(octet_length(f.item), 0))::float8 AS width
FROM found AS f
GROUP BY f.times
ORDER BY f.times
