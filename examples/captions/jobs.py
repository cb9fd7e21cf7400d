"""The background jobs: `dramatiq captions.jobs`."""

import time
from collections.abc import Iterable
from typing import Any

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware.asyncio import AsyncIO
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend

from captions import database
from captions.notifications import notify
from captions.settings import REDIS_URL

RENDER_SECONDS = 30

# dramatiq leaves these two constructors without type hints
broker = RedisBroker(url=REDIS_URL)  # type: ignore[no-untyped-call]
broker.add_middleware(AsyncIO())
results = Results(backend=RedisBackend(url=REDIS_URL))  # type: ignore[no-untyped-call]
broker.add_middleware(results)
dramatiq.set_broker(broker)


@dramatiq.actor(queue_name="captions", store_results=True)
async def caption_video(video_id: int) -> dict[str, Any]:
    """Transcribe a video and tell its owner."""
    async with database.connection() as connection:
        video = await connection.fetchrow(database.MARK_CAPTIONED, video_id)
    if video is None:
        raise LookupError(f"no video {video_id}")
    await notify(video["user_id"], "captioned", video_id=video_id, title=video["title"])
    return {"video_id": video_id, "status": "captioned"}


@dramatiq.actor(
    queue_name="exports", store_results=True, max_retries=2, min_backoff=200, max_backoff=400
)
async def export_subtitles(video_id: int) -> str:
    """Write the captions of a video as an SRT file."""
    async with database.connection() as connection:
        captions = await connection.fetch(database.CAPTIONS_OF_VIDEO, video_id)
    return to_srt(captions)


@dramatiq.actor(queue_name="thumbnails")
def render_thumbnail(video_id: int) -> None:
    """Render the picture of a video; the wait stands for the encoder's work."""
    render_thumbnail.logger.info("rendering the thumbnail of video %d", video_id)
    time.sleep(RENDER_SECONDS)


@dramatiq.actor(queue_name="mail")
async def send_digest(user_id: int) -> None:
    """Tell a user what was captioned this week; scheduled ahead."""
    await notify(user_id, "digest")


def to_srt(captions: Iterable[Any]) -> str:
    """SRT blocks: a number, a time span, the text."""
    return "\n\n".join(
        f"{number}\n{srt_time(caption['starts_at_ms'])} --> {srt_time(caption['ends_at_ms'])}\n"
        f"{caption['body']}"
        for number, caption in enumerate(captions, start=1)
    )


def srt_time(milliseconds: int) -> str:
    """Milliseconds as `hh:mm:ss,mmm`."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02},{rest:03}"
