"""The tool about subscriptions: list_channels."""

from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import Field
from redis.exceptions import ResponseError

from stacksight_core.cursors import decode_cursor, encode_cursor
from stacksight_core.errors import ToolFailure
from stacksight_core.names import nearest
from stacksight_core.tools import source_of, tool
from stacksight_core.untrusted import inline
from stacksight_redis.analysis.channel_answers import (
    channels_of,
    listeners_of,
    show_name,
)
from stacksight_redis.facts.info import parse_info
from stacksight_redis.models.channels import Channel, ChannelList
from stacksight_redis.render.channels import render_channel_list
from stacksight_redis.source.connection import NotPermittedError, Source

CHANNELS_A_PAGE = 50
MAX_CHANNELS = 20_000
MAX_CLIENTS = 1_000
GLOB = frozenset("*?[")
LISTENERS_SHOWN = 20

ERROR_MANY_CHANNELS = (
    '{count} channels are in use, too many to list. Give `match`, for example match="user:*".'
)
NOTE_PATTERNS = (
    "Redis counts pattern subscriptions but does not tell the patterns; any of them may match a "
    "channel without direct subscribers. Counts are of this node."
)


@tool(title="List channels", render=render_channel_list)
async def list_channels(
    ctx: Context[Source],
    match: Annotated[
        str | None,
        Field(description="A channel or a pattern", max_length=200),
    ] = None,
    cursor: Annotated[str | None, Field(description="From the last answer", max_length=500)] = None,
) -> ChannelList:
    """Say who listens to pub/sub right now: channels, subscribers, patterns.

    Tells whether anybody would receive a message.
    Example: list_channels(match="captions:user:*")
    """
    source = source_of(ctx)
    stats = parse_info(await source.run("INFO", "stats"))
    in_use = int(stats.get("pubsub_channels", 0))
    if match is None and in_use > MAX_CHANNELS:
        raise ToolFailure(ERROR_MANY_CHANNELS.format(count=f"{in_use:,}"))
    names = await _channels(source, match)
    scope = {"tool": "list_channels", "match": match}
    start = decode_cursor(cursor, **scope) if cursor else 0
    page = names[start : start + CHANNELS_A_PAGE]
    patterns = int(await source.run("PUBSUB", "NUMPAT"))
    answer = ChannelList(
        conclusion=_conclude(match, len(names), patterns),
        channels=channels_of(page, await _count_subscribers(source, page)),
        patterns=patterns,
        notes=[NOTE_PATTERNS] if patterns or not names else [],
    )
    if len(names) > start + CHANNELS_A_PAGE:
        answer.next_cursor = encode_cursor(start + CHANNELS_A_PAGE, **scope)
    if match is not None and not names:
        answer.near = await _near(source, match, in_use)
    if cursor is None:
        answer.channels += await _sharded(source, match)
    await _add_listeners(source, answer)
    return answer


async def _channels(source: Source, match: str | None) -> list[bytes]:
    """Channels with direct subscribers; a plain name is asked for without walking through all."""
    if match is None or GLOB & set(match):
        return sorted(await source.run("PUBSUB", "CHANNELS", match or "*"))
    name, count = await source.run("PUBSUB", "NUMSUB", match)
    return [name] if int(count) else []


def _conclude(match: str | None, channels: int, patterns: int) -> str:
    what = "channels have" if channels != 1 else "channel has"
    which = "" if match is None else f" that matches {inline(match, 80)!r}"
    if not channels:
        direct = f"No channel{which} has a direct subscriber"
    else:
        direct = f"{channels:,} {what} direct subscribers" + (
            "" if match is None else f" and match {inline(match, 80)!r}"
        )
    return f"{direct}; pattern subscriptions: {patterns:,}."


async def _count_subscribers(source: Source, names: list[bytes]) -> list[int]:
    if not names:
        return []
    answer = await source.run("PUBSUB", "NUMSUB", *names)
    return [int(count) for count in answer[1::2]]


async def _sharded(source: Source, match: str | None) -> list[Channel]:
    """Sharded channels, which Redis 7 and newer list apart; the first 50."""
    (names,) = await source.run_all([("PUBSUB", "SHARDCHANNELS", match or "*")])
    if isinstance(names, ResponseError) or not names:
        return []
    shown = sorted(names)[:CHANNELS_A_PAGE]
    counts = await source.run("PUBSUB", "SHARDNUMSUB", *shown)
    return channels_of(shown, [int(count) for count in counts[1::2]], sharded=True)


async def _near(source: Source, match: str, in_use: int) -> list[str]:
    if in_use > MAX_CHANNELS:
        return []
    names = [show_name(name) for name in await source.run("PUBSUB", "CHANNELS", "*")]
    return nearest(match.strip("*?"), names)


async def _add_listeners(source: Source, answer: ChannelList) -> None:
    """Add the connections that listen, where the ACL and their number allow it."""
    clients = parse_info(await source.run("INFO", "clients"))
    if int(clients.get("connected_clients", 0)) > MAX_CLIENTS:
        answer.notes.append("Too many connections to list the subscribers.")
        return
    try:
        listing = await source.run("CLIENT", "LIST", "TYPE", "pubsub")
    except NotPermittedError as refused:
        answer.notes.append(f"The subscribers are not named: {refused}")
        return
    listeners = listeners_of(listing)
    answer.listeners = listeners[:LISTENERS_SHOWN]
    if len(listeners) > LISTENERS_SHOWN:
        answer.notes.append(f"{len(listeners) - LISTENERS_SHOWN} more subscribers are not shown.")
