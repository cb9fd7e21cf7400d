"""Telling a user's browser that something happened, through Redis pub/sub.

Jobs publish to `captions:user:<id>`. The web process keeps one subscription to all of these
channels and hands each message to the browsers that wait for that user.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any

from redis.asyncio import Redis

from captions.settings import REDIS_URL

CHANNEL = "captions:user:{user_id}"


async def notify(user_id: int, event: str, **details: Any) -> None:
    """Publish one event to everybody who watches this user."""
    async with Redis.from_url(REDIS_URL) as redis:
        payload = json.dumps({"event": event, **details})
        await redis.publish(CHANNEL.format(user_id=user_id), payload)


class Hub:
    """The web process's subscription, shared by all its browsers."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Queue[str]]] = defaultdict(set)

    async def run(self) -> None:
        """Read the subscription until cancelled."""
        async with Redis.from_url(REDIS_URL, decode_responses=True) as redis:
            pubsub = redis.pubsub()
            await pubsub.psubscribe(CHANNEL.format(user_id="*"))
            async for message in pubsub.listen():
                if message["type"] == "pmessage":
                    for queue in self._waiting[message["channel"]]:
                        queue.put_nowait(message["data"])

    async def events(self, user_id: int) -> AsyncIterator[str]:
        """The events of one user, in the text/event-stream format."""
        queue: asyncio.Queue[str] = asyncio.Queue()
        waiting = self._waiting[CHANNEL.format(user_id=user_id)]
        waiting.add(queue)
        try:
            while True:
                yield f"data: {await queue.get()}\n\n"
        finally:
            waiting.discard(queue)
