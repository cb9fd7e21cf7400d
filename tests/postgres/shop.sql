-- A shop, small but large enough that plans matter, with some planted faults.

CREATE TYPE status AS ENUM ('new', 'paid', 'sent');

CREATE TABLE customers (
    id integer PRIMARY KEY,
    email text NOT NULL UNIQUE,
    city text NOT NULL,
    country text NOT NULL,
    "isVip" boolean NOT NULL DEFAULT false,
    CONSTRAINT has_at CHECK (email LIKE '%@%')
);
COMMENT ON TABLE customers IS 'Everybody who ever bought something';

CREATE TABLE orders (
    id integer PRIMARY KEY,
    customer_id integer NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    status status NOT NULL,
    placed_at timestamptz NOT NULL,
    total numeric(10, 2) NOT NULL,
    note text
);

CREATE TABLE lines (
    order_id integer NOT NULL,
    position integer NOT NULL,
    product text NOT NULL,
    tags text[] NOT NULL,
    details jsonb NOT NULL,
    PRIMARY KEY (order_id, position)
);

CREATE TABLE events (at date NOT NULL, kind text NOT NULL, n integer NOT NULL)
    PARTITION BY RANGE (at);
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');

INSERT INTO customers
SELECT n, 'c' || n || '@shop.example', 'city' || n % 100, 'country' || n % 100 / 10, n % 50 = 0
FROM generate_series(1, 5000) AS n;

INSERT INTO orders
SELECT n, 1 + n * 7 % 5000, (ARRAY['new', 'paid', 'sent'])[1 + n % 3]::status,
    timestamptz '2026-01-01 00:00+00' + n * interval '5 minutes', n % 1000 / 10.0,
    CASE WHEN n % 10 = 0 THEN 'note ' || n END
FROM generate_series(1, 60000) AS n;

INSERT INTO lines
SELECT n / 2, n % 2, 'product ' || n % 700, ARRAY['t' || n % 9, 'u' || n % 11],
    jsonb_build_object('weight', n % 50, 'gift', n % 7 = 0)
FROM generate_series(2, 120001) AS n;

INSERT INTO events
SELECT date '2025-01-01' + n % 700, 'kind' || n % 5, n FROM generate_series(1, 20000) AS n;

CREATE VIEW paid_orders AS SELECT * FROM orders WHERE status = 'paid';
CREATE MATERIALIZED VIEW totals AS
    SELECT customer_id, sum(total) AS total FROM orders GROUP BY customer_id;

CREATE FUNCTION vat(amount numeric) RETURNS numeric LANGUAGE sql IMMUTABLE
    AS 'SELECT round(amount * 0.19, 2)';

VACUUM ANALYZE;
