-- Four tables of one size; how many dead rows are too many differs.

CREATE TABLE usual (n integer);
CREATE TABLE eager (n integer) WITH (autovacuum_vacuum_scale_factor = 0.1);
CREATE TABLE patient (n integer) WITH (autovacuum_vacuum_threshold = 1000000);
CREATE TABLE quiet (n integer) WITH (autovacuum_enabled = 0, autovacuum_vacuum_scale_factor = 0.2);

INSERT INTO usual SELECT generate_series(1, 100000);
INSERT INTO eager SELECT generate_series(1, 100000);
INSERT INTO patient SELECT generate_series(1, 100000);
INSERT INTO quiet SELECT generate_series(1, 100000);

VACUUM ANALYZE;
