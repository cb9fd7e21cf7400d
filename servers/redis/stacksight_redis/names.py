"""What completes an argument: queues with messages, and channels with subscribers."""

from stacksight_redis.facts.info import parse_info
from stacksight_redis.source.connection import Source
from stacksight_redis.source.discovery import discover

MOST_CHANNELS = 20_000
"""Listing more would keep Redis busy for a suggestion."""


async def queue_names(source: Source, _: str) -> list[str]:
    """Return the queues that have messages."""
    return [queue.label for queue in (await discover(source)).queues]


async def channel_names(source: Source, _: str) -> list[str]:
    """Return the channels that somebody has subscribed to."""
    stats = parse_info(await source.run("INFO", "stats"))
    if int(stats.get("pubsub_channels", 0)) > MOST_CHANNELS:
        return []
    names = await source.run("PUBSUB", "CHANNELS", "*")
    return sorted(name.decode(errors="replace") for name in names)
