"""The tools that move and delete messages, after asking: requeue_messages, delete_messages."""

from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any, Literal

from mcp.server.mcpserver import Context, Resolve
from pydantic import Field

from stacksight_core.consent import Question, UserAnswer, ask_user, require_yes
from stacksight_core.errors import ToolFailure
from stacksight_core.tools import source_of, tool
from stacksight_core.units import format_count, plural
from stacksight_redis.analysis.change_questions import ask_delete, ask_requeue
from stacksight_redis.analysis.job_view import matches
from stacksight_redis.analysis.jobs import Job
from stacksight_redis.analysis.new_messages import renew
from stacksight_redis.facts.plans import Plan
from stacksight_redis.facts.queues import QueueFacts, State
from stacksight_redis.models.changes import Change, render_change
from stacksight_redis.source.connection import Source, UnknownOutcomeError
from stacksight_redis.source.queue_pages import read_page
from stacksight_redis.source.queue_reader import read_snapshot
from stacksight_redis.source.queue_writer import STEP, delete, requeue
from stacksight_redis.tools.queues import ERROR_NOT_A_QUEUE, resolve_queue

ERROR_NONE = "Nothing was done: no {state} message of `{queue}` matches, of {looked_at} looked at."
ERROR_BROKEN_OFF = (
    "{done} of {planned} messages were {what}; then the connection was lost in the middle of a "
    "step of up to {step}, which has happened as a whole or not at all. No message is lost or "
    'doubled: each is where it was, or {where}. inspect_queue(queue="{queue}") shows which; repeat '
    "the call for the rest. {reason}"
)
NOTE_SKIPPED = (
    "{count} were left alone: they had gone meanwhile (fetched by a worker, requeued or deleted by "
    "somebody else)."
)

Queue = Annotated[str, Field(description="Queue, or namespace:queue", max_length=200)]
Match = Annotated[str | None, Field(description="Only those with this text", max_length=200)]
Limit = Annotated[int, Field(description="At most so many", ge=1, le=1_000)]
Deletable = Literal["dead", "waiting", "delayed"]


async def plan_requeue(ctx: Context[Source], queue: str, match: str | None, limit: int) -> Plan:
    """Find out what would be moved."""
    source = source_of(ctx)
    call = {"tool": "requeue", "queue": queue, "match": match, "limit": limit}
    if (plan := source.plans.find(**call)) is not None:
        return plan
    facts, jobs = await _select(
        source, queue, "dead", match, limit, lambda job: not job.undecodable
    )
    question = ask_requeue(facts, jobs, STEP)
    plan = Plan(question, facts.queue, tuple(job.redis_id.encode() for job in jobs))
    source.plans.keep(plan, **call)
    return plan


async def ask_to_requeue(
    ctx: Context[Source], plan: Annotated[Plan, Resolve(plan_requeue)]
) -> Question:
    """Ask the user."""
    return ask_user(ctx, plan.question)


@tool(
    title="Requeue dead letters", render=render_change, read_only=False, idempotent=False,
    destructive=True,
)  # fmt: skip
async def requeue_messages(
    ctx: Context[Source],
    *,
    queue: Queue,
    match: Match = None,
    limit: Limit = 100,
    plan: Annotated[Plan, Resolve(plan_requeue)],
    answer: Annotated[UserAnswer, Resolve(ask_to_requeue)],
) -> Change:
    """Put dead letters back into their queue, the newest first, after asking the user.

    Example: requeue_messages(queue="exports", match="export_subtitles")
    """
    source = source_of(ctx)
    source.plans.forget(plan)
    require_yes(answer)
    assert plan.queue is not None
    label = plan.queue.label
    steps = requeue(source, plan.queue, plan.ids, renew)
    return Change(
        **await _carry_out(ctx, steps, plan, "requeued", "waiting"),
        next=[f'inspect_queue(queue="{label}")', f'watch_queues(queue="{label}", seconds=10)'],
    )


async def plan_delete(
    ctx: Context[Source],
    *,
    queue: str,
    state: Deletable,
    match: str | None,
    limit: int,
) -> Plan:
    """Find out what would be deleted."""
    source = source_of(ctx)
    call = {
        "tool": "delete", "queue": queue, "state": state, "match": match,
        "limit": limit,
    }  # fmt: skip
    if (plan := source.plans.find(**call)) is not None:
        return plan
    facts, jobs = await _select(source, queue, state, match, limit)
    total = {"dead": facts.dead, "waiting": facts.waiting, "delayed": facts.delayed}[state]
    plan = Plan(
        ask_delete(facts, state, jobs, total, STEP),
        facts.queue,
        tuple(job.redis_id.encode() for job in jobs),
    )
    source.plans.keep(plan, **call)
    return plan


async def ask_to_delete(
    ctx: Context[Source], plan: Annotated[Plan, Resolve(plan_delete)]
) -> Question:
    """Ask the user."""
    return ask_user(ctx, plan.question)


@tool(
    title="Delete messages", render=render_change, read_only=False, idempotent=False,
    destructive=True,
)  # fmt: skip
async def delete_messages(
    ctx: Context[Source],
    *,
    queue: Queue,
    state: Annotated[Deletable, Field(description="Fetched ones stay")],
    match: Match = None,
    limit: Limit = 100,
    plan: Annotated[Plan, Resolve(plan_delete)],
    answer: Annotated[UserAnswer, Resolve(ask_to_delete)],
) -> Change:
    """Delete messages for good, after asking the user.

    Example: delete_messages(queue="exports", state="dead", match="7")
    """
    source = source_of(ctx)
    source.plans.forget(plan)
    require_yes(answer)
    assert plan.queue is not None
    steps = delete(source, plan.queue, state, plan.ids)
    return Change(
        **await _carry_out(ctx, steps, plan, "deleted", "deleted"),
        next=[f'inspect_queue(queue="{plan.queue.label}")'],
    )


async def _select(
    source: Source,
    name: str,
    state: State,
    match: str | None,
    limit: int,
    wanted: Callable[[Job], bool] | None = None,
) -> tuple[QueueFacts, list[Job]]:
    asked = await resolve_queue(source, name)
    snapshot = await read_snapshot(source, [asked])
    if not snapshot.queues:
        raise ToolFailure(ERROR_NOT_A_QUEUE.format(name=asked.label))
    (facts,) = snapshot.queues
    page = await read_page(
        source, facts, state, lambda job: matches(job, None, match), limit=limit, position=None
    )
    # What a worker has fetched into its memory runs whatever becomes of the payload.
    jobs = [
        placed.job
        for placed in page.placed
        if placed.holder is None and (wanted is None or wanted(placed.job))
    ]
    if not jobs:
        raise ToolFailure(
            ERROR_NONE.format(state=state, queue=asked.label, looked_at=f"{page.looked_at:,}")
        )
    return facts, jobs


async def _carry_out(
    ctx: Context[Source], steps: AsyncIterator[int], plan: Plan, what: str, where: str
) -> dict[str, Any]:
    """Do step after step, with progress; say what has been done if it breaks off."""
    assert plan.queue is not None
    done, planned = 0, len(plan.ids)
    try:
        async for count in steps:
            done += count
            await ctx.report_progress(done, planned, f"{format_count(done)} {what}")
    except UnknownOutcomeError as error:
        raise ToolFailure(
            ERROR_BROKEN_OFF.format(
                done=f"{done:,}", planned=f"{planned:,}", what=what, where=where, step=STEP,
                queue=plan.queue.label, reason=error,
            )
        ) from error  # fmt: skip
    left = planned - done
    return {
        "conclusion": f"{plural(done, 'message')} of {plan.queue.label} {what}.",
        "done": done,
        "notes": [NOTE_SKIPPED.format(count=format_count(left))] if left else [],
    }
