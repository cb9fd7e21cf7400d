"""The tool about one message: inspect_message."""

import time
from typing import Annotated, Any

from mcp.server.mcpserver import Context
from pydantic import Field
from redis.exceptions import ResponseError

from stacksight_core.tools import source_of, tool
from stacksight_core.units import format_duration
from stacksight_core.untrusted import inline
from stacksight_redis.analysis.deliveries import describe_deliveries
from stacksight_redis.analysis.jobs import Job
from stacksight_redis.analysis.message_answers import answer_message, judge_group, steps_of
from stacksight_redis.analysis.queue_status import late_after_s
from stacksight_redis.analysis.relations import group_of
from stacksight_redis.facts.messages import Search, StoredResult
from stacksight_redis.facts.names import parse_queue
from stacksight_redis.facts.queues import Snapshot
from stacksight_redis.models.messages import Group, MessageView, Place, first_seen
from stacksight_redis.render.message import render_message
from stacksight_redis.source.connection import Source
from stacksight_redis.source.discovery import discover
from stacksight_redis.source.message_finder import find_messages
from stacksight_redis.source.queue_reader import read_snapshot
from stacksight_redis.source.result_reader import read_result

MAX_QUEUES = 100
MAX_RESULTS = 200
MEMBERS_SHOWN = 5
MAX_SEEN = 500
MOVING_AMONG = 4_000


@tool(title="Inspect a message", render=render_message)
async def inspect_message(
    ctx: Context[Source],
    message_id: Annotated[
        str,
        Field(
            description="As send() returned it, or its redis_message_id",
            min_length=1,
            max_length=200,
        ),
    ],
    queue: Annotated[str | None, Field(description="Only here: faster", max_length=200)] = None,
    actor: Annotated[
        str | None, Field(description="Finds the result of a finished one", max_length=200)
    ] = None,
) -> MessageView:
    """Find one Dramatiq message: where it is, why, its arguments, failures, result, what follows.

    Also its pipeline and group. Says where it looked.
    Example: inspect_message(message_id="5b6c0f0a-8e0e-4d3c-…")
    """
    return await view_message(source_of(ctx), message_id.strip(), queue, actor)


async def view_message(
    source: Source, message_id: str, queue: str | None, actor: str | None
) -> MessageView:
    """Search for a message and everything that is known about it."""
    found = await discover(source)
    queues = found.queues[:MAX_QUEUES] if queue is None else [parse_queue(queue)]
    snapshot = await read_snapshot(source, queues)
    search = await find_messages(source, snapshot.queues, message_id)
    if not search.sightings and not search.complete and sum(search.of.values()) <= MOVING_AMONG:
        # All of so few can be read, so what is missing has moved in the middle of the search.
        snapshot = await read_snapshot(source, queues)
        search = await find_messages(source, snapshot.queues, message_id)
    own = [sighting.job for sighting in search.sightings if not sighting.mentions]
    result = await _result(source, own, message_id, queue, actor)
    group = await _group(source, snapshot, own[0]) if own else None
    view = answer_message(
        message_id,
        search,
        result,
        group,
        snapshot.now_ms,
        {name for _, name in source.actors},
        _last_seen(source, message_id),
        late_s=late_after_s(source.settings.heartbeat_timeout_s),
    )
    now_s = time.monotonic()
    if view.places:
        _remember(source, message_id, view.places[0], now_s)
    seen = source.seen.get(message_id)
    told = None if seen is None else describe_deliveries(seen, now_s)
    if told is not None:
        view.notes.insert(0, told)
    return view


def _remember(source: Source, message_id: str, place: Place, now_s: float) -> None:
    """Keep where a message is, for the next call."""
    before = source.seen.pop(message_id, None)
    seen = first_seen(now_s, place) if before is None else before.then(now_s, place)
    source.seen[message_id] = seen
    while len(source.seen) > MAX_SEEN:
        del source.seen[next(iter(source.seen))]


def _last_seen(source: Source, message_id: str) -> str | None:
    """Where an earlier call found the message."""
    if message_id not in source.seen:
        return None
    seen = source.seen[message_id]
    place = seen.place
    held = "" if place.holder is None else f", held by process {place.holder}"
    ago = format_duration(time.monotonic() - seen.at_s)
    return f"{ago} ago it was {place.state} in {place.queue}{held}"


async def _result(
    source: Source, own: list[Job], message_id: str, queue: str | None, actor: str | None
) -> StoredResult | None:
    """The stored result; the key needs queue and actor, so without them all known are tried."""
    if own and own[0].message_id is not None:
        return await read_result(source, own[0].queue, own[0].actor, own[0].message_id)
    known = sorted(source.actors)[:MAX_RESULTS]
    if actor is not None:
        names = {name for name, _ in known} if queue is None else {parse_queue(queue).name}
        known = [(name, actor) for name in sorted(names | {"default"})]
    for name, candidate in known:
        result = await read_result(source, name, candidate, message_id)
        if result is not None:
            return result
    return None


async def _group(source: Source, snapshot: Snapshot, job: Job) -> Group | None:
    belongs = group_of(job)
    if belongs is None:
        return None
    group_id, callbacks = belongs
    answers: list[Any] = await source.run_all(
        [("GETRANGE", group_id, 0, 31), ("PTTL", group_id), ("EXISTS", f"{group_id}@events")]
    )
    value = answers[0] if isinstance(answers[0], bytes) and answers[0].isdigit() else None
    expires_s = answers[1] / 1000 if isinstance(answers[1], int) and answers[1] > 0 else None
    members: Search = await find_messages(source, snapshot.queues, group_id)
    dead = [
        sighting.job.message_id or sighting.job.redis_id
        for sighting in members.sightings
        if sighting.state == "dead" and (group_of(sighting.job) or [None])[0] == group_id
    ]
    remaining = None if value is None else int(value)
    cleared = not isinstance(answers[2], ResponseError) and bool(answers[2])
    return Group(
        id=inline(group_id, 60),
        remaining=remaining,
        expires_s=expires_s,
        cleared=cleared,
        dead_members=dead[:MEMBERS_SHOWN],
        callbacks=[step for target in callbacks for step in steps_of(target)[:1]],
        verdict=judge_group(remaining, cleared=cleared, dead=len(dead), expires_s=expires_s),
    )
