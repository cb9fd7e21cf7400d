"""The service's SQL: loading the schema, and the statements that the web and the jobs run."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from captions.settings import DATABASE_URL

SQL_DIR = Path(__file__).parent / "sql"
SCRIPTS = ("tables.sql", "rows.sql", "keys.sql")

VIDEO = "SELECT id, user_id, title, language, duration_s, status FROM videos WHERE id = $1"

CAPTIONS_OF_VIDEO = """
SELECT id, starts_at_ms, ends_at_ms, speaker, body
FROM captions
WHERE video_id = $1
ORDER BY starts_at_ms
"""

VIDEOS_OF_USER = "SELECT id, title, status FROM videos WHERE user_id = $1 ORDER BY id"

REVIEWS_OF_VIDEO = """
SELECT count(*) AS reviews, count(*) FILTER (WHERE verdict = 'rejected') AS rejected
FROM reviews
WHERE video_id = $1
"""

UNSURE_CAPTIONS = """
SELECT c.id, c.video_id, c.body, c.confidence, v.title
FROM captions AS c
JOIN videos AS v ON v.id = c.video_id
WHERE c.confidence < 0.51
ORDER BY c.confidence, c.id
LIMIT $1
"""

CORRECT_CAPTION = "UPDATE captions SET body = $2, confidence = 1 WHERE id = $1"

MARK_CAPTIONED = "UPDATE videos SET status = 'captioned' WHERE id = $1 RETURNING user_id, title"


@asynccontextmanager
async def connection(url: str = DATABASE_URL) -> AsyncIterator[asyncpg.Connection]:
    """One connection for the length of a job."""
    opened = await asyncpg.connect(url)
    try:
        yield opened
    finally:
        await opened.close()


async def load(url: str) -> None:
    """Create the tables, the generated rows and the keys in an empty database."""
    for script in SCRIPTS:
        # One connection each: its end hands the row counts over before the next one analyzes.
        async with connection(url) as opened:
            await opened.execute((SQL_DIR / script).read_text())
