"""Hands finished captions to a partner's API, in a container of its own.

Started with `python -m captions.exporter`; needs CAPTIONS_API_KEY.
"""

import asyncio
import hmac
import logging
import os

from redis.asyncio import Redis

from captions.notifications import CHANNEL
from captions.settings import REDIS_URL

logger = logging.getLogger(__name__)


async def run(api_key: str) -> None:
    """Pass every notification on, until stopped."""
    logger.info("handing captions over")
    async with Redis.from_url(REDIS_URL, decode_responses=True) as redis:
        pubsub = redis.pubsub()
        await pubsub.psubscribe(CHANNEL.format(user_id="*"))
        async for message in pubsub.listen():
            if message["type"] == "pmessage":
                hand_over(message["data"], api_key)


def hand_over(event: str, api_key: str) -> None:
    """Post one event to the partner. The partner of the demo is the log."""
    signature = hmac.digest(api_key.encode(), event.encode(), "sha256").hex()
    logger.info("handed over %s signed %s", event, signature[:12])


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    asyncio.run(run(os.environ["CAPTIONS_API_KEY"]))
