-- A database with what check_health looks for.

CREATE TABLE parents (id integer PRIMARY KEY, name text);
INSERT INTO parents SELECT n, 'parent ' || n FROM generate_series(1, 1000) AS n;

CREATE TABLE children (
    id serial PRIMARY KEY,
    parent_id integer NOT NULL REFERENCES parents (id),
    name text NOT NULL
) WITH (autovacuum_enabled = off);
INSERT INTO children (parent_id, name)
SELECT 1 + n % 1000, repeat('name ', 20) || n FROM generate_series(1, 60000) AS n;
CREATE INDEX children_name_idx ON children (name);
CREATE INDEX parents_name_idx ON parents (name);
CREATE INDEX parents_name_again_idx ON parents (name);
CREATE INDEX children_name_id_idx ON children (name, id);
SELECT setval('children_id_seq', 2000000000);

ALTER TABLE children ADD CONSTRAINT positive CHECK (id > 0) NOT VALID;

CREATE TABLE wasted (id integer PRIMARY KEY, filler text) WITH (autovacuum_enabled = off);
INSERT INTO wasted SELECT n, repeat('x', 400) FROM generate_series(1, 80000) AS n;
DELETE FROM wasted WHERE id % 10 <> 0;

VACUUM ANALYZE;

DELETE FROM children WHERE id % 2 = 0;
