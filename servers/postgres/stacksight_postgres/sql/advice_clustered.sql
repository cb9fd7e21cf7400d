-- How many values lie on a page, for a column whose equal values lie together.
-- {column}, {table}: as SQL writes them; {percent}: of the pages
SELECT
    count(*)::float8 AS rows,
    count(DISTINCT ((ctid::text::point)[0], {column}))::float8 AS values
FROM {table} TABLESAMPLE SYSTEM ({percent}) REPEATABLE (1)
