-- What a web application has: accounts, posts with comments, a partitioned log, a view, odd names.

CREATE TABLE accounts (
    id integer PRIMARY KEY,
    email text NOT NULL,
    country text NOT NULL,
    created_at timestamp NOT NULL,
    deleted_at timestamp
);

CREATE TABLE posts (
    id integer PRIMARY KEY,
    account_id integer NOT NULL REFERENCES accounts (id),
    status text NOT NULL,
    slug text NOT NULL,
    title text NOT NULL,
    tags text[] NOT NULL,
    meta jsonb NOT NULL,
    published_at timestamp,
    score integer NOT NULL
);

CREATE TABLE "Comments" (
    id integer PRIMARY KEY,
    "postId" integer NOT NULL REFERENCES posts (id),
    account_id integer NOT NULL,
    body text NOT NULL,
    created_at timestamp NOT NULL
);

CREATE TABLE visits (at timestamp NOT NULL, account_id integer NOT NULL, path text NOT NULL)
    PARTITION BY RANGE (at);
CREATE TABLE visits_1 PARTITION OF visits FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE visits_2 PARTITION OF visits FOR VALUES FROM ('2026-02-01') TO ('2026-04-01');

INSERT INTO accounts
SELECT n, 'User' || n || '@example.org', 'C' || n % 40,
    timestamp '2025-01-01' + n * interval '1 minute',
    CASE WHEN n % 200 = 0 THEN timestamp '2026-01-01' END
FROM generate_series(1, 20000) AS n;

INSERT INTO posts
SELECT n, 1 + n * 17 % 20000, (ARRAY['live', 'live', 'live', 'draft', 'gone'])[1 + n % 5],
    'post-' || n * 7919 % 100003, 'Title ' || n % 977, ARRAY['t' || n % 50],
    jsonb_build_object('lang', n % 9), timestamp '2025-01-01' + n * 37 % 60000 * interval '1 minute',
    n * 31 % 1000
FROM generate_series(1, 60000) AS n;

INSERT INTO "Comments"
SELECT n, 1 + n * 7 % 60000, 1 + n * 13 % 20000, repeat('word ', n % 12),
    timestamp '2025-01-01' + n * interval '3 minutes'
FROM generate_series(1, 120000) AS n;

INSERT INTO visits
SELECT timestamp '2026-01-01' + n * interval '1 minute', 1 + n * 11 % 20000, '/p/' || n % 300
FROM generate_series(1, 80000) AS n;

CREATE INDEX posts_by_account ON posts (account_id);
CREATE VIEW live_posts AS SELECT id, account_id AS author, slug, score, published_at
    FROM posts WHERE status = 'live';

VACUUM ANALYZE;
