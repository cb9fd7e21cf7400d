-- How many combinations of columns a sample has, and how many of them once. {columns}: which
ARRAY(
    SELECT unnest(ARRAY[count(*), count(*) FILTER (WHERE g.n = 1)])
    FROM (SELECT count(*) AS n FROM sampled GROUP BY {columns}) AS g
)
