"""The tools about queues: list_queues, inspect_queue."""

import time
from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import Field

from stacksight_core.cursors import decode_cursor, encode_cursor
from stacksight_core.errors import ToolFailure
from stacksight_core.names import did_you_mean
from stacksight_core.tools import source_of, tool
from stacksight_core.units import plural
from stacksight_core.untrusted import inline
from stacksight_redis.analysis.dead_letters import Dead, group_dead
from stacksight_redis.analysis.job_view import matches
from stacksight_redis.analysis.queue_answers import (
    SHOWN_GROUPS,
    Judged,
    answer_list,
    answer_view,
    conclude,
    judge_all,
    page_of,
    row_of,
)
from stacksight_redis.analysis.queue_status import Earlier
from stacksight_redis.facts.info import parse_info
from stacksight_redis.facts.names import Queue, is_namespace, is_queue_name, parse_queue
from stacksight_redis.facts.queues import STATES, Page, QueueFacts, State
from stacksight_redis.models.queues import QueueList, QueueView
from stacksight_redis.render.queues import render_queue_list, render_queue_view
from stacksight_redis.source.connection import Source
from stacksight_redis.source.discovery import discover
from stacksight_redis.source.queue_pages import read_page, sample_jobs
from stacksight_redis.source.queue_reader import read_snapshot
from stacksight_redis.source.rate_reader import read_marks
from stacksight_redis.source.result_reader import read_result

QUEUES_A_PAGE = 25
MAX_QUEUES = 500
FIRST_MESSAGES = 3
DEAD_GROUPED = 500
EARLIER_FROM_S, EARLIER_TO_S = 1.0, 600.0

ERROR_NO_QUEUE = (
    "There is no queue `{name}` with a message at {where}.{near} {known} A queue that is empty "
    "leaves nothing in Redis; another namespace is written `namespace:queue`."
)
ERROR_NOT_A_NAME = (
    "`{name}` cannot be a queue's name: letters, digits, `_`, `-` and `.`, not beginning with a "
    "digit; another namespace is written `namespace:queue`."
)
ERROR_NOT_A_QUEUE = "The keys named like a queue `{name}` are not of the types Dramatiq uses."
KNOWN_QUEUES = "Queues with messages: {names}."
KNOWN_NONE = "No queue has any message."
NOTE_NONE_FOUND = "No message matches. Other states, or a wider filter, may have it."

QueueName = Annotated[str, Field(description="Queue, or namespace:queue", max_length=200)]
Cursor = Annotated[
    str | None,
    Field(description="From the last answer: its next page", max_length=500),
]


@tool(title="List queues", render=render_queue_list)
async def list_queues(
    ctx: Context[Source],
    match: Annotated[
        str | None, Field(description="Only names that contain this", max_length=200)
    ] = None,
    cursor: Cursor = None,
) -> QueueList:
    """List every Dramatiq queue: what waits, runs, is delayed or dead, and which need attention.

    Begin here when background jobs do not run, fail or pile up.
    Example: list_queues()
    """
    source = source_of(ctx)
    found = await discover(source)
    queues = [q for q in found.queues if match is None or match.casefold() in q.label.casefold()]
    snapshot = await read_snapshot(source, queues[:MAX_QUEUES], found.namespaces)
    earlier = _remember(source, snapshot.queues)
    await read_marks(source, [f.queue for f in snapshot.queues if f.waiting])
    judged = judge_all(snapshot, source.settings.heartbeat_timeout_s, earlier)
    answer = answer_list(judged, snapshot, found, source.where)
    if match is not None:
        answer.notes.insert(0, f"Only queues whose name contains {match!r}.")
    if len(queues) > MAX_QUEUES:
        answer.notes.append(
            f"{plural(len(queues) - MAX_QUEUES, 'queue')} more not looked at; use match."
        )
    if not found.queues:
        answer.notes += await _other_databases(source)
    start = decode_cursor(cursor, tool="list_queues", match=match) if cursor else 0
    stop = start + QUEUES_A_PAGE
    if len(answer.queues) > stop:
        answer.next_cursor = encode_cursor(stop, tool="list_queues", match=match)
    answer.queues = answer.queues[start:stop]
    return answer


@tool(title="Inspect a queue", render=render_queue_view)
async def inspect_queue(
    ctx: Context[Source],
    *,
    queue: QueueName,
    state: Annotated[
        State | None, Field(description="List its messages; without it, an overview")
    ] = None,
    actor: Annotated[str | None, Field(description="Only of this actor", max_length=200)] = None,
    match: Annotated[
        str | None,
        Field(description="Only with this text: id, argument, error", max_length=200),
    ] = None,
    limit: Annotated[int, Field(description="Messages a page", ge=1, le=50)] = 15,
    cursor: Cursor = None,
) -> QueueView:
    """Show one queue: messages by state and actor, who holds them, dead letters by cause.

    Without `state` an overview; with it a page of its messages.
    Example: inspect_queue(queue="exports", state="dead")
    """
    source = source_of(ctx)
    asked = await resolve_queue(source, queue)
    snapshot = await read_snapshot(source, [asked])
    if not snapshot.queues:
        raise ToolFailure(ERROR_NOT_A_QUEUE.format(name=asked.label))
    judged = judge_all(snapshot, source.settings.heartbeat_timeout_s, {})[0]
    if state is None and actor is None and match is None and cursor is None:
        return await _overview(source, judged, snapshot.now_ms)
    view = QueueView(conclusion=conclude(judged), row=row_of(judged))
    scope = {"tool": "inspect_queue", "queue": asked.label, "actor": actor, "match": match}
    for name in STATES if state is None else [state]:
        position = decode_cursor(cursor, **scope, state=state) if cursor else None
        page = await read_page(
            source,
            judged.facts,
            name,
            lambda job: matches(job, actor, match),
            limit=limit,
            position=position,
        )
        more = None
        if page.position is not None and state is not None:
            more = encode_cursor(page.position, **scope, state=state)
        if page.placed or state is not None:
            view.pages.append(page_of(page, name, judged.facts, snapshot.now_ms, more))
    if not any(page.messages for page in view.pages):
        view.notes.append(NOTE_NONE_FOUND)
    return view


async def _overview(source: Source, judged: Judged, now_ms: float) -> QueueView:
    facts = judged.facts
    sample = await sample_jobs(source, facts.queue) if facts.payloads else []
    newest = await _first(source, facts, "dead", DEAD_GROUPED)
    dead = [Dead(placed.job, placed.died_ms or now_ms) for placed in newest.placed]
    last_errors = await read_last_errors(source, facts.queue, dead)
    view = answer_view(
        judged, sample, dead, last_errors, now_ms, {actor for _, actor in source.actors}
    )
    for state in ("waiting", "in_flight", "delayed"):
        page = await _first(source, facts, state, FIRST_MESSAGES)
        if page.placed:
            view.pages.append(page_of(page, state, facts, now_ms, None))
    return view


async def _first(source: Source, facts: QueueFacts, state: State, limit: int) -> Page:
    return await read_page(source, facts, state, lambda _: True, limit=limit, position=None)


async def read_last_errors(source: Source, queue: Queue, dead: list[Dead]) -> dict[str, str]:
    """The error in the stored result of each group's newest message."""
    errors = {}
    for group in group_dead(dead)[:SHOWN_GROUPS]:
        message_id = group.newest.message_id
        if message_id is not None:
            result = await read_result(source, queue.name, group.actor, message_id)
            if result is not None and result.error is not None:
                errors[message_id] = result.error
    return errors


async def resolve_queue(source: Source, name: str) -> Queue:
    """Return the queue that a name means.

    Raises:
        ToolFailure: no queue of this name has had a message; near names are given.
    """
    asked = parse_queue(name)
    if not (is_queue_name(asked.name) and is_namespace(asked.namespace)):
        raise ToolFailure(ERROR_NOT_A_NAME.format(name=inline(name, 80)))
    keys = (asked.payloads, asked.delayed_payloads, asked.dead, asked.base)
    if await source.run("EXISTS", *keys):
        source.discovery.queues.add(asked)
        source.discovery.namespaces.add(asked.namespace)
        return asked
    found = await discover(source)
    if asked in found.queues:
        return asked
    elsewhere = [queue for queue in found.queues if queue.name == asked.name]
    if len(elsewhere) == 1 and ":" not in name:
        return elsewhere[0]
    labels = [queue.label for queue in found.queues]
    known = KNOWN_QUEUES.format(names=", ".join(labels[:20])) if labels else KNOWN_NONE
    near = did_you_mean(name, labels)
    raise ToolFailure(
        ERROR_NO_QUEUE.format(name=inline(name, 80), where=source.where, near=near, known=known)
    )


async def _other_databases(source: Source) -> list[str]:
    """Say which numbered databases hold keys, where this one holds no queue."""
    keyspace = parse_info(await source.run("INFO", "keyspace"))
    if not keyspace:
        return ["This Redis holds no key at all, in any database."]
    shown = ", ".join(f"{name} ({value.split(',')[0]})" for name, value in keyspace.items())
    return [f"Databases with keys: {shown}. The number at the end of REDIS_URL chooses one."]


def _remember(source: Source, queues: list[QueueFacts]) -> dict[Queue, Earlier]:
    """Return what the last look saw, where it is neither too fresh nor too old, and keep this."""
    now = time.monotonic()
    earlier = {
        queue: Earlier(waiting, now - at)
        for queue, (at, waiting) in source.last_waiting.items()
        if EARLIER_FROM_S <= now - at <= EARLIER_TO_S
    }
    source.last_waiting |= {facts.queue: (now, facts.waiting) for facts in queues}
    return earlier
