-- Things in a database that would do harm when a "reading" statement reaches them.

CREATE TABLE victims (id integer PRIMARY KEY, n integer);
INSERT INTO victims SELECT n, n FROM generate_series(1, 10) AS n;
CREATE SEQUENCE numbers;

CREATE FUNCTION evil() RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_advisory_lock(4711);
    RETURN 1;
END $$;
CREATE FUNCTION evil_int(integer) RETURNS integer LANGUAGE sql VOLATILE
    AS 'SELECT pg_advisory_lock(4711); SELECT $1';
CREATE FUNCTION evil_pair(integer, integer) RETURNS integer LANGUAGE sql VOLATILE
    AS 'SELECT pg_advisory_lock(4711); SELECT $1';
CREATE FUNCTION evil_text(text) RETURNS boolean LANGUAGE sql VOLATILE
    AS 'SELECT pg_advisory_lock(4711); SELECT true';
CREATE FUNCTION evil_row(victims) RETURNS integer LANGUAGE sql VOLATILE
    AS 'SELECT pg_advisory_lock(4711); SELECT 1';
CREATE FUNCTION liar() RETURNS void LANGUAGE sql STABLE AS 'SELECT pg_advisory_lock(4711)';
CREATE FUNCTION deep_liar() RETURNS void LANGUAGE plpgsql IMMUTABLE
    AS 'BEGIN PERFORM liar(); END';
CREATE FUNCTION dynamic_liar(what text) RETURNS void LANGUAGE plpgsql STABLE
    AS 'BEGIN EXECUTE what; END';
CREATE FUNCTION owner_rights() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER
    AS 'SELECT count(*) FROM pg_authid';
CREATE FUNCTION upper(integer) RETURNS text LANGUAGE sql VOLATILE
    AS 'SELECT pg_advisory_lock(4711); SELECT ''''';

CREATE OPERATOR ### (leftarg = integer, rightarg = integer, function = evil_pair);
CREATE AGGREGATE evil_sum (integer) (sfunc = evil_pair, stype = integer, initcond = '0');

CREATE DOMAIN evil_domain AS text CHECK (evil_text(VALUE));
CREATE TYPE evil_pair_type AS (a integer, b evil_domain);
CREATE TYPE cast_from AS (a integer);
CREATE FUNCTION evil_cast(cast_from) RETURNS integer LANGUAGE sql VOLATILE
    AS 'SELECT pg_advisory_lock(4711); SELECT 1';
CREATE CAST (cast_from AS integer) WITH FUNCTION evil_cast(cast_from);
CREATE TABLE holds_cast (a cast_from);
INSERT INTO holds_cast VALUES (ROW(1));
CREATE FUNCTION made_cast() RETURNS cast_from LANGUAGE sql STABLE AS 'SELECT ROW(1)::cast_from';

CREATE VIEW evil_view AS SELECT evil() AS n;
CREATE VIEW view_of_evil_view AS SELECT * FROM evil_view;
CREATE VIEW window_view AS SELECT evil_sum(n) OVER () AS n FROM victims;

CREATE TABLE guarded (id integer);
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY evil_policy ON guarded USING (evil() = 1);

CREATE SCHEMA hidden;
CREATE FUNCTION hidden.count(integer) RETURNS integer LANGUAGE sql VOLATILE AS 'SELECT 1';

CREATE FUNCTION kind_text(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower($1)';
CREATE FUNCTION kind_loop(integer) RETURNS integer LANGUAGE plpgsql STABLE AS $$
DECLARE
    total integer := 0;
    found record;
BEGIN
    FOR found IN SELECT n FROM victims WHERE n <= $1 LOOP
        total := total + found.n;
    END LOOP;
    RETURN total;
END $$;
CREATE VIEW kind_view AS SELECT kind_text('A') AS a, count(*) AS n FROM victims;
