"""The tool about keys of any kind: inspect_keys."""

from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import Field

from stacksight_core.cursors import decode_cursor, encode_cursor
from stacksight_core.errors import ToolFailure
from stacksight_core.layout import render_table
from stacksight_core.names import did_you_mean
from stacksight_core.tools import source_of, tool
from stacksight_core.units import format_bytes, format_count, format_duration
from stacksight_core.untrusted import fence, inline
from stacksight_redis.analysis.key_answers import answer_key, answer_keys
from stacksight_redis.models.keys import KeyList, KeyView
from stacksight_redis.render.queues import duration, next_page
from stacksight_redis.source.commands import SCAN_COUNT
from stacksight_redis.source.connection import Source
from stacksight_redis.source.job_reader import text
from stacksight_redis.source.key_reader import read_key, scan_keys

ERROR_BOTH = "Give `key` for one key, or `match` for a summary of many, not both."
ERROR_NO_KEY = "There is no key `{key}` in this database.{near}"


def render_keys(answer: KeyList) -> str:
    """The text of inspect_keys."""
    parts = [answer.conclusion]
    if answer.key is not None:
        parts += _key(answer.key)
    if answer.prefixes:
        prefixes = [
            (
                prefix.prefix,
                format_count(prefix.keys),
                prefix.types,
                format_bytes(prefix.memory_bytes),
                format_count(prefix.without_expiry),
            )
            for prefix in answer.prefixes
        ]
        columns = ("keys like", "count", "types", "memory", "never expire")
        parts += ["", fence(render_table(columns, prefixes), "key names")]
    if answer.largest:
        largest = [
            (key.key, key.type, _size(key), duration(key.expires_s)) for key in answer.largest
        ]
        table = render_table(("largest keys", "type", "memory", "expires in"), largest)
        parts += ["", fence(table, "key names")]
    return "\n".join([*parts, *answer.notes, *next_page(answer.next_cursor)])


def _size(key: KeyView) -> str | None:
    return None if key.memory_bytes is None else format_bytes(key.memory_bytes)


def _key(key: KeyView) -> list[str]:
    expires = "never" if key.expires_s is None else f"in {format_duration(key.expires_s)}"
    told = [f"memory {_size(key)} (estimated)", f"expires {expires}"]
    told += [f"encoding {key.encoding}"] if key.encoding else []
    told += [f"idle for {format_duration(key.idle_s)}"] if key.idle_s is not None else []
    lines = [f"{'; '.join(told)}."]
    if key.content:
        count = format_count(key.shown)
        of = "" if key.length is None or key.type == "string" else f" of {format_count(key.length)}"
        head = "Content:" if key.type == "string" or key.length is None else f"{count}{of} members:"
        lines += [head, fence("\n".join(key.content), "key content")]
    return lines


@tool(title="Inspect keys", render=render_keys)
async def inspect_keys(
    ctx: Context[Source],
    key: Annotated[
        str | None, Field(description="One key: shows its content", max_length=1000)
    ] = None,
    match: Annotated[
        str | None, Field(description="Summarise keys like this pattern", max_length=200)
    ] = None,
    cursor: Annotated[str | None, Field(description="From the last answer", max_length=500)] = None,
) -> KeyList:
    """Show one Redis key of any type, or summarise many: prefixes, sizes, expiry, the largest.

    Scans for 0.2 s a call; pickles are never executed.
    Example: inspect_keys(match="session:*")
    """
    source = source_of(ctx)
    if key is not None:
        if match is not None:
            raise ToolFailure(ERROR_BOTH)
        found = await read_key(source, key)
        if found is None:
            raise ToolFailure(
                ERROR_NO_KEY.format(key=inline(key, 80), near=await _near(source, key))
            )
        return answer_key(*found)
    pattern = match or "*"
    position = decode_cursor(cursor, tool="inspect_keys", match=match) if cursor else 0
    scan = await scan_keys(source, pattern, position)
    more = None
    if scan.position:
        more = encode_cursor(scan.position, tool="inspect_keys", match=match)
    return answer_keys(scan, pattern, more)


async def _near(source: Source, key: str) -> str:
    """Names like the one that is missing, among the first keys of the database."""
    _, names = await source.run("SCAN", 0, "COUNT", SCAN_COUNT)
    return did_you_mean(key, [inline(text(name), 120) for name in names])
