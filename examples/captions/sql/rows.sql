-- 500 users with 40 videos each, 20 captions and 3 reviews per video. The same rows every time.

INSERT INTO users (email, name, plan, created_at)
SELECT
    'user' || n || '@captions.example',
    (ARRAY['Ada', 'Grace', 'Alan', 'Edsger', 'Barbara', 'Donald'])[1 + n % 6] || ' ' || n,
    CASE WHEN n % 10 = 0 THEN 'studio' WHEN n % 3 = 0 THEN 'pro' ELSE 'free' END,
    timestamptz '2026-01-01' + n * interval '7 hours'
FROM generate_series(1, 500) AS n;

INSERT INTO videos (user_id, title, language, duration_s, status, created_at)
SELECT
    1 + n % 500,
    (ARRAY['Keynote', 'Interview', 'Lecture', 'Podcast', 'Product tour'])[1 + n % 5] || ' ' || n,
    (ARRAY['en', 'de', 'fr', 'es', 'ja'])[1 + (n * 7) % 5],
    80 + n % 3600,
    CASE WHEN n % 25 = 0 THEN 'uploaded' ELSE 'captioned' END,
    timestamptz '2026-02-01' + n * interval '11 minutes'
FROM generate_series(1, 20000) AS n;

-- Jobs run side by side, so the captions of one video lie scattered over the whole table.
INSERT INTO captions (video_id, starts_at_ms, ends_at_ms, speaker, body, confidence, created_at)
SELECT
    1 + n % 20000,
    (n / 20000) * 4000,
    CASE WHEN n / 20000 < 19 THEN (n / 20000) * 4000 + 3500 END,
    'Speaker ' || 1 + n % 3,
    (ARRAY['So let us begin.', 'That is the part I like best.', 'Can everybody hear me?',
           'We measured it twice.', 'And this is where it broke.', 'Next slide, please.',
           'Thank you all for coming.'])[1 + n % 7] || ' (' || n || ')',
    0.5 + ((n::bigint * 7919) % 4999) / 10000.0,
    timestamptz '2026-02-01' + n * interval '33 seconds'
FROM generate_series(0, 399999) AS n;

INSERT INTO reviews (video_id, reviewer_id, verdict, created_at)
SELECT
    1 + n % 20000,
    1 + (n * 13) % 500,
    CASE WHEN n % 9 = 0 THEN 'rejected' ELSE 'approved' END,
    timestamptz '2026-03-01' + n * interval '3 minutes'
FROM generate_series(0, 59999) AS n;
