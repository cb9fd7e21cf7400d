"""The tool that explains: diagnose_queue."""

import asyncio
from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import Field

from stacksight_core.errors import ToolFailure
from stacksight_core.names import did_you_mean
from stacksight_core.tools import source_of, tool
from stacksight_core.untrusted import inline
from stacksight_redis.analysis.case import Case
from stacksight_redis.analysis.dead_letters import Dead, describe_kinds
from stacksight_redis.analysis.diagnosis import diagnose
from stacksight_redis.analysis.health_facts import causes_of
from stacksight_redis.analysis.queue_answers import SHOWN_GROUPS, dead_letters, judge_all
from stacksight_redis.analysis.queue_status import is_backlog, needs_rates, needs_roles
from stacksight_redis.facts.info import parse_info
from stacksight_redis.facts.looks import BRIEF_S, OBSERVE_S
from stacksight_redis.facts.names import Queue
from stacksight_redis.facts.queues import QueueFacts
from stacksight_redis.models.diagnosis import Diagnosis
from stacksight_redis.render.diagnosis import render_diagnosis
from stacksight_redis.source.connection import Source
from stacksight_redis.source.discovery import discover
from stacksight_redis.source.process_reader import observe_flow, observe_processes
from stacksight_redis.source.queue_pages import read_page, sample_jobs
from stacksight_redis.source.queue_reader import read_snapshot
from stacksight_redis.tools.messages import view_message
from stacksight_redis.tools.queues import ERROR_NOT_A_QUEUE, read_last_errors, resolve_queue

DEAD_READ = 500
DELAYED_READ = 200
ACTOR_QUEUES = 20

ERROR_ONE_SUBJECT = (
    'Give exactly one of `queue`, `actor` and `message_id`: diagnose_queue(queue="exports").'
)
ERROR_NO_ACTOR = (
    "No message of actor `{actor}` was seen on the {count} queues looked at.{near} An actor whose "
    "queue is empty leaves nothing in Redis."
)


@tool(title="Diagnose a queue", render=render_diagnosis)
async def diagnose_queue(
    ctx: Context[Source],
    queue: Annotated[
        str | None, Field(description="Queue, or namespace:queue", max_length=200)
    ] = None,
    actor: Annotated[
        str | None, Field(description="Instead: the queue of this actor", max_length=200)
    ] = None,
    message_id: Annotated[
        str | None, Field(description="Instead: one message", max_length=200)
    ] = None,
) -> Diagnosis:
    """Explain why jobs do not run, fail, retry, run twice or pile up: verdict, evidence, next step.

    May watch for 1.6 s.
    Example: diagnose_queue(queue="exports")
    """
    source = source_of(ctx)
    if sum(value is not None for value in (queue, actor, message_id)) != 1:
        raise ToolFailure(ERROR_ONE_SUBJECT)
    if message_id is not None:
        return await _diagnose_message(source, message_id)
    if queue is not None:
        return await _diagnose(source, await resolve_queue(source, queue), None)
    assert actor is not None
    return await _diagnose(source, await _queue_of(source, actor), actor)


async def _diagnose(source: Source, queue: Queue, actor: str | None) -> Diagnosis:
    first = await read_snapshot(source, [queue])
    flow, observed = await asyncio.gather(
        observe_flow(source, queue, seconds=max(map(_watch_flow_s, first.queues), default=0.0)),
        observe_processes(
            source,
            [queue.namespace],
            {h.process.id for f in first.queues for h in f.held},
            seconds=OBSERVE_S if any(map(needs_roles, first.queues)) else 0.0,
        ),
    )
    snapshot = await read_snapshot(source, [queue])
    if not snapshot.queues:
        raise ToolFailure(ERROR_NOT_A_QUEUE.format(name=queue.label))
    timeout_s = source.settings.heartbeat_timeout_s
    judged = judge_all(snapshot, timeout_s, {})[0]
    dead_page = await read_page(
        source,
        judged.facts,
        "dead",
        lambda job: actor is None or job.actor == actor,
        limit=DEAD_READ,
        position=None,
    )
    dead = [Dead(placed.job, placed.died_ms or snapshot.now_ms) for placed in dead_page.placed]
    retrying = await read_page(
        source,
        judged.facts,
        "delayed",
        lambda job: job.retries > 0 and (actor is None or job.actor == actor),
        limit=DELAYED_READ,
        position=None,
    )
    last_errors = await read_last_errors(source, queue, dead)
    return diagnose(
        Case(
            judged=judged,
            flow=flow,
            observed=observed,
            dead=dead_letters(
                dead, last_errors, snapshot.now_ms, {name for _, name in source.actors}
            ),
            dead_looked_at=dead_page.looked_at,
            dead_kinds=describe_kinds(dead, SHOWN_GROUPS),
            retrying=[placed.job for placed in retrying.placed],
            causes=causes_of(
                [(node, parse_info(text)) for node, text in await source.run_everywhere("INFO")]
            ),
            timeout_s=timeout_s,
            now_ms=snapshot.now_ms,
            actor=actor,
        )
    )


def _watch_flow_s(facts: QueueFacts) -> float:
    if not needs_rates(facts):
        return 0.0
    return BRIEF_S if is_backlog(facts) else OBSERVE_S


async def _diagnose_message(source: Source, message_id: str) -> Diagnosis:
    """The message's own story, and that of its queue where it waits there."""
    view = await view_message(source, message_id.strip(), None, None)
    name = view.places[0].queue if view.places else None
    if name is None:
        return Diagnosis(
            verdict=view.conclusion.split(":", maxsplit=1)[0].split(".", maxsplit=1)[0].lower(),
            conclusion=view.conclusion,
            next=[f'inspect_message(message_id="{inline(message_id, 60)}")'],
            notes=[*view.searched, *view.notes],
        )
    diagnosis = await _diagnose(source, await resolve_queue(source, name), None)
    own = view.places[0].state
    return diagnosis.model_copy(
        update={
            "verdict": own,
            "conclusion": f"{view.conclusion}\nIts queue: {diagnosis.conclusion}",
            "next": [f'inspect_message(message_id="{view.message_id}")', *diagnosis.next],
            "notes": [*view.notes, *diagnosis.notes],
        }
    )


async def _queue_of(source: Source, actor: str) -> Queue:
    """The queue on which messages of an actor are, or were seen earlier."""
    found = await discover(source)
    by_name = {queue.name: queue for queue in found.queues}
    seen = [by_name[name] for name, known in source.actors if known == actor and name in by_name]
    if seen:
        return seen[0]
    snapshot = await read_snapshot(source, found.queues[:ACTOR_QUEUES])
    for facts in snapshot.queues:
        jobs = await sample_jobs(source, facts.queue) if facts.payloads else []
        for state in ("delayed", "dead"):
            page = await read_page(
                source, facts, state, lambda _: True, limit=DEAD_READ, position=None
            )
            jobs += [placed.job for placed in page.placed]
        if any(job.actor == actor for job in jobs):
            return facts.queue
    known_actors = {name for _, name in source.actors}
    near = did_you_mean(actor, known_actors)
    raise ToolFailure(
        ERROR_NO_ACTOR.format(actor=inline(actor, 80), count=len(snapshot.queues), near=near)
    )
