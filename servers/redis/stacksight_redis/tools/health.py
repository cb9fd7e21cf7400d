"""The tool about the server itself: check_health."""

import time
from typing import Any

from mcp.server.mcpserver import Context
from redis.exceptions import ResponseError

from stacksight_core.layout import render_table
from stacksight_core.tools import source_of, tool
from stacksight_core.units import format_duration, plural
from stacksight_core.untrusted import fence, inline
from stacksight_redis.analysis.health_answers import (
    READ_ONLY_ACL,
    describe_script,
    describe_server,
    find_delays,
    group_slow,
)
from stacksight_redis.analysis.health_facts import causes_of
from stacksight_redis.facts.info import parse_info
from stacksight_redis.models.health import Health
from stacksight_redis.source.connection import NotPermittedError, Source
from stacksight_redis.source.job_reader import text
from stacksight_redis.source.queue_reader import read_time

SLOW_ENTRIES = 128
NOTE_NODES = (
    "A cluster of {count} primaries: the figures above are of {node}, the problems and the slow "
    "log of all."
)


def render_health(answer: Health) -> str:
    """The text of check_health."""
    parts = [answer.conclusion, *(f"- {problem}" for problem in answer.problems), ""]
    parts += [f"{name}: {value}" for name, value in answer.facts.items()]
    if answer.dramatiq_script is not None:
        parts.append(f"scripts: {answer.dramatiq_script}")
    if answer.latency_events:
        parts.append(f"latency events: {'; '.join(answer.latency_events)}")
    if answer.slow_commands:
        rows = [
            (
                group.command,
                group.count,
                f"{group.worst_ms:.1f} ms",
                f"{group.total_ms:.1f} ms",
                f"{format_duration(group.newest_s)} ago",
                group.example,
            )
            for group in answer.slow_commands
        ]
        columns = ("command", "count", "worst", "total", "newest", "worst example")
        table = fence(render_table(columns, rows), "slow log")
        parts += [
            f"Slow log ({plural(answer.slow_total, 'entry', 'entries')}), longest first:",
            table,
        ]
    return "\n".join([*parts, *answer.connection, *answer.notes])


@tool(title="Check Redis", render=render_health)
async def check_health(ctx: Context[Source]) -> Health:
    """Tell whether Redis itself is the problem: memory, eviction, persistence, clients, slow log.

    Also whether this connection can write.
    Example: check_health()
    """
    source = source_of(ctx)
    notes: list[str] = []
    began = time.perf_counter()
    await source.run("PING")
    round_trip_ms = (time.perf_counter() - began) * 1000
    infos = [(node, parse_info(text)) for node, text in await source.run_everywhere("INFO")]
    info = infos[0][1]
    entries = await _permitted(source, notes, "SLOWLOG", "GET", SLOW_ENTRIES) or []
    slow = group_slow(entries, await read_time(source) / 1000)
    events = await _permitted(source, notes, "LATENCY", "LATEST") or []
    stats = parse_info(await source.run("INFO", "commandstats"))
    problems = [*causes_of(infos), *find_delays(info, slow, round_trip_ms)]
    if len(infos) > 1:
        notes.append(NOTE_NODES.format(count=len(infos), node=infos[0][0]))
    count = len(problems)
    return Health(
        conclusion=(
            f"Redis at {source.where} is fine as far as was looked at."
            if not problems
            else f"Redis at {source.where} has {count} problem{'' if count == 1 else 's'}:"
        ),
        problems=problems,
        facts=describe_server(info, round_trip_ms),
        slow_commands=slow,
        slow_total=int(await _permitted(source, notes, "SLOWLOG", "LEN") or 0),
        latency_events=[
            f"{text(event[0])}: latest {event[2]} ms, worst {event[3]} ms" for event in events
        ],
        dramatiq_script=describe_script(stats),
        connection=await _describe_connection(source, notes),
        notes=list(dict.fromkeys(notes)),
    )


async def _permitted(source: Source, notes: list[str], *command: Any) -> Any:
    """The answer of a command that the ACL may forbid; then None, and a note says so."""
    try:
        (answer,) = await source.run_all([command])
    except NotPermittedError as refused:
        notes.append(f"Not looked at: {refused}")
        return None
    if isinstance(answer, ResponseError):
        notes.append(f"Not looked at: {command[0]} {command[1]} ({answer}).")
        return None
    return answer


async def _describe_connection(source: Source, notes: list[str]) -> list[str]:
    user = await _permitted(source, notes, "ACL", "WHOAMI")
    if user is None:
        return []
    name = text(user)
    sends = "also writes, after asking the user" if source.settings.allow_writes else "only reads"
    told = f"Connected as user `{name}`. This server {sends}."
    if name != "default":
        # Asking would be one more refused command in the ACL log of a restricted user.
        check = f"ACL DRYRUN {inline(name, 60)} SET key value"
        return [f"{told} Whether this user could write, an administrator's `{check}` tells."]
    could = await _could_write(source, name)
    if could.startswith("cannot"):
        return [f"{told} The user itself {could}."]
    return [
        f"{told} The user itself {could}; this line makes one that cannot "
        f"(Redis 7 and newer): {READ_ONLY_ACL}"
    ]


async def _could_write(source: Source, user: str) -> str:
    """Ask Redis whether a user may write, without writing; Redis 6 cannot be asked."""
    try:
        (verdict,) = await source.run_all([("ACL", "DRYRUN", user, "SET", "stacksight", "1")])
    except NotPermittedError:
        return "has limits, and may not ask whether it could write"
    if isinstance(verdict, ResponseError):
        return "can probably write"
    return "could write" if verdict == b"OK" else f"cannot write ({text(verdict)})"
