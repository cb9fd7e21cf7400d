-- Tables in states that a plan suffers from. Autovacuum stays off, so that they keep them.

CREATE TABLE items (
    id integer PRIMARY KEY,
    category integer NOT NULL,
    shop integer NOT NULL,
    code text NOT NULL,
    city integer NOT NULL,
    country integer NOT NULL,
    filler text NOT NULL
) WITH (autovacuum_enabled = off);
INSERT INTO items
SELECT n, n % 10, n / 7 % 12, 'C' || n, n % 500, n % 500,
    repeat('x', 90) || CASE WHEN n > 99000 THEN 'late' ELSE '' END
FROM generate_series(1, 100000) AS n;
CREATE INDEX items_category_idx ON items (category);
CREATE INDEX items_shop_idx ON items (shop);
CREATE INDEX items_code_idx ON items (code);

CREATE TABLE measures (at date NOT NULL, n integer NOT NULL) PARTITION BY RANGE (at);
DO $$
BEGIN
    FOR month IN 1..12 LOOP
        EXECUTE format(
            'CREATE TABLE measures_%s PARTITION OF measures FOR VALUES FROM (%L) TO (%L)', month,
            date '2026-01-01' + (month - 1) * interval '1 month',
            date '2026-01-01' + month * interval '1 month'
        );
    END LOOP;
END $$;
INSERT INTO measures SELECT date '2026-01-01' + n % 365, n FROM generate_series(1, 20000) AS n;

-- The planner is told that there are five different keys.
CREATE TABLE keys (item integer NOT NULL) WITH (autovacuum_enabled = off);
ALTER TABLE keys ALTER COLUMN item SET (n_distinct = 5);
INSERT INTO keys SELECT n * 3 FROM generate_series(1, 20000) AS n;

CREATE TABLE written (id integer, filler text) WITH (autovacuum_enabled = off);
INSERT INTO written SELECT n, repeat('x', 300) FROM generate_series(1, 20000) AS n;

-- Functions are PARALLEL UNSAFE unless they say otherwise, also where they are inlined.
CREATE FUNCTION twice(n integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT n * 2';

CREATE TABLE alone (n integer, filler text) WITH (parallel_workers = 0, autovacuum_enabled = off);
INSERT INTO alone SELECT n, repeat('x', 80) FROM generate_series(1, 90000) AS n;

VACUUM ANALYZE;

CREATE TABLE unvacuumed (id integer PRIMARY KEY, n integer) WITH (autovacuum_enabled = off);
INSERT INTO unvacuumed SELECT n, n FROM generate_series(1, 20000) AS n;
ANALYZE unvacuumed;

CREATE TABLE unanalyzed (id integer, n integer) WITH (autovacuum_enabled = off);
INSERT INTO unanalyzed SELECT n, n FROM generate_series(1, 20000) AS n;

CREATE TABLE unread (id integer, filler text) WITH (autovacuum_enabled = off);
INSERT INTO unread SELECT n, repeat('x', 500) FROM generate_series(1, 20000) AS n;

CREATE TABLE emptied (id integer PRIMARY KEY, n integer) WITH (autovacuum_enabled = off);
INSERT INTO emptied SELECT n, n FROM generate_series(1, 60000) AS n ORDER BY md5(n::text);
ANALYZE emptied;
DELETE FROM emptied WHERE id % 1000 <> 0;

CHECKPOINT;
