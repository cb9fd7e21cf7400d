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

CREATE FUNCTION defaulted(a integer DEFAULT evil()) RETURNS integer LANGUAGE sql STABLE
    AS 'SELECT a';
CREATE FUNCTION takes_domain(a evil_domain) RETURNS integer LANGUAGE sql STABLE AS 'SELECT 1';
CREATE FUNCTION makes_domain(a text) RETURNS evil_domain LANGUAGE sql STABLE AS 'SELECT $1';
CREATE FUNCTION makes_domains() RETURNS TABLE (a evil_domain) LANGUAGE plpgsql STABLE
    AS $$ BEGIN a := 'x'; RETURN NEXT; END $$;
CREATE FUNCTION declares_domain() RETURNS integer LANGUAGE plpgsql STABLE
    AS $$ DECLARE a evil_domain; BEGIN a := 'x'; RETURN 1; END $$;
CREATE FUNCTION unlimited() RETURNS integer LANGUAGE sql STABLE SET statement_timeout = 0
    AS 'SELECT 1';

CREATE FUNCTION immutable_liar(integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE
    AS 'BEGIN PERFORM pg_advisory_lock(4711); RETURN 1; END';
CREATE TABLE indexed (id integer);
CREATE INDEX ON indexed (immutable_liar(1), id);
CREATE TABLE partly_indexed (id integer);
CREATE INDEX ON partly_indexed (id) WHERE immutable_liar(1) = 1;
CREATE TABLE checked (id integer);
CREATE TABLE checked_child (CHECK (id < immutable_liar(1))) INHERITS (checked);
CREATE TABLE with_default (id integer DEFAULT immutable_liar(1), n integer);
SELECT pg_advisory_unlock_all();

CREATE FUNCTION evil_text_of(cast_from) RETURNS text LANGUAGE sql VOLATILE
    AS $$ SELECT pg_advisory_lock(4711); SELECT 'x' $$;
CREATE CAST (cast_from AS text) WITH FUNCTION evil_text_of(cast_from);

CREATE TYPE sorted AS (a integer);
CREATE FUNCTION sorted_less(sorted, sorted) RETURNS boolean LANGUAGE sql IMMUTABLE
    AS 'SELECT ($1).a < ($2).a';
CREATE FUNCTION sorted_compare(sorted, sorted) RETURNS integer LANGUAGE plpgsql IMMUTABLE
    AS 'BEGIN PERFORM pg_advisory_lock(4711); RETURN 0; END';
CREATE OPERATOR <# (leftarg = sorted, rightarg = sorted, function = sorted_less);
CREATE OPERATOR <=# (leftarg = sorted, rightarg = sorted, function = sorted_less);
CREATE OPERATOR =# (leftarg = sorted, rightarg = sorted, function = sorted_less);
CREATE OPERATOR >=# (leftarg = sorted, rightarg = sorted, function = sorted_less);
CREATE OPERATOR ># (leftarg = sorted, rightarg = sorted, function = sorted_less);
CREATE OPERATOR CLASS sorted_ops DEFAULT FOR TYPE sorted USING btree AS
    OPERATOR 1 <#, OPERATOR 2 <=#, OPERATOR 3 =#, OPERATOR 4 >=#, OPERATOR 5 >#,
    FUNCTION 1 sorted_compare(sorted, sorted);
CREATE TABLE sortable (a sorted);
INSERT INTO sortable VALUES (ROW(1)), (ROW(2));

CREATE SCHEMA app;
CREATE TABLE app.things (id integer, name text);
INSERT INTO app.things VALUES (1, 'one');
CREATE FUNCTION app.find(integer) RETURNS SETOF app.things LANGUAGE plpgsql STABLE AS $$
DECLARE
    one app.things;
BEGIN
    RETURN QUERY SELECT * FROM app.things AS t WHERE t.id = $1;
END $$;
CREATE FUNCTION app.counted() RETURNS bigint LANGUAGE sql STABLE SET search_path = pg_catalog
    AS 'SELECT count(*) FROM app.things';
CREATE FUNCTION app.plus(a integer, b integer DEFAULT 1) RETURNS integer LANGUAGE sql IMMUTABLE
    AS 'SELECT a + b';
CREATE DOMAIN app.percent AS numeric CHECK (VALUE BETWEEN 0 AND 100);
CREATE FUNCTION app.half(a app.percent) RETURNS app.percent LANGUAGE sql IMMUTABLE
    AS 'SELECT a / 2';

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
CREATE FUNCTION own_path() RETURNS bigint LANGUAGE sql STABLE SET search_path = hidden, public
    AS 'SELECT count(1)';
