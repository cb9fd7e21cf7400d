-- Tables for migrations: statements are run on them in transactions that are rolled back.

CREATE DOMAIN percent AS integer CHECK (VALUE BETWEEN 0 AND 100);
CREATE DOMAIN plain_text AS text;

CREATE TABLE owners (id integer PRIMARY KEY, name text NOT NULL UNIQUE);
INSERT INTO owners SELECT n, 'owner ' || n FROM generate_series(1, 500) AS n;

CREATE TABLE things (
    id integer PRIMARY KEY,
    owner_id integer NOT NULL REFERENCES owners (id),
    code varchar(20) NOT NULL,
    amount numeric(10, 2) NOT NULL,
    seen timestamp(3) NOT NULL,
    flags bit varying(8),
    note text,
    kept text,
    CONSTRAINT kept_there CHECK (kept IS NOT NULL)
);
INSERT INTO things
SELECT n, 1 + n % 500, 'c' || n, n, now(), B'1', CASE WHEN n % 2 = 0 THEN 'x' END, 'k'
FROM generate_series(1, 5000) AS n;
CREATE INDEX things_code ON things (code);
CREATE VIEW noted AS SELECT id, note FROM things;
CREATE SEQUENCE numbers;

CREATE TABLE large (id bigint PRIMARY KEY, body text, n integer NOT NULL);
INSERT INTO large SELECT n, repeat('x', 200), n FROM generate_series(1, 120000) AS n;

CREATE TABLE days (day date NOT NULL, n integer) PARTITION BY RANGE (day);
CREATE TABLE days_2025 PARTITION OF days FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE days_rest PARTITION OF days DEFAULT;
CREATE TABLE days_2026 (day date NOT NULL, n integer);

CREATE MATERIALIZED VIEW counted AS SELECT owner_id, count(*) AS n FROM things GROUP BY owner_id;
CREATE UNIQUE INDEX counted_key ON counted (owner_id);

VACUUM ANALYZE;
