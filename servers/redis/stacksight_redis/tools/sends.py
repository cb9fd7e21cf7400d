"""The tools that send something, after asking: enqueue_message, publish_message."""

import uuid
from typing import Annotated, Any

from mcp.server.mcpserver import Context, Resolve
from pydantic import Field

from stacksight_core.consent import Question, UserAnswer, ask_user, require_yes
from stacksight_core.errors import ToolFailure
from stacksight_core.names import did_you_mean
from stacksight_core.tools import source_of, tool
from stacksight_core.units import plural
from stacksight_core.untrusted import inline
from stacksight_redis.analysis.change_questions import ask_enqueue, ask_publish
from stacksight_redis.analysis.jobs import Job
from stacksight_redis.analysis.new_messages import encode, new_message
from stacksight_redis.facts.names import is_namespace, is_queue_name, parse_queue
from stacksight_redis.facts.plans import Plan
from stacksight_redis.models.changes import Change, render_change
from stacksight_redis.source.connection import Source, UnknownOutcomeError
from stacksight_redis.source.discovery import discover
from stacksight_redis.source.queue_pages import sample_jobs
from stacksight_redis.source.queue_reader import read_snapshot, read_time
from stacksight_redis.source.queue_writer import enqueue, publish
from stacksight_redis.tools.queues import ERROR_NOT_A_NAME, ERROR_NOT_A_QUEUE

WEEK_S = 7 * 24 * 3600
MAX_PAYLOAD_BYTES = 256 * 1024

ERROR_LARGE = "Nothing was done: the message has {size:,} bytes, {limit:,} is the most."
ERROR_PERHAPS_ENQUEUED = (
    "The connection was lost while it was enqueued, in one step that has happened or not: "
    'inspect_message(message_id="{message_id}") tells. {reason}'
)
ERROR_PERHAPS_PUBLISHED = (
    "The connection was lost while it was published, so it may have been, or not. It is not sent "
    "again by itself. {reason}"
)

QueueName = Annotated[str, Field(description="Queue, or namespace:queue", max_length=200)]
ActorName = Annotated[str, Field(description="Actor", max_length=200)]
Args = Annotated[list[Any], Field(description="Positional arguments", max_length=100)]
Kwargs = Annotated[dict[str, Any], Field(description="Named arguments", max_length=100)]
Delay = Annotated[float | None, Field(description="Run it so much later", gt=0, le=WEEK_S)]
Channel = Annotated[str, Field(description="Channel", max_length=500)]
Payload = Annotated[str, Field(description="Text or JSON", max_length=MAX_PAYLOAD_BYTES)]


async def plan_enqueue(
    ctx: Context[Source],
    *,
    queue: str,
    actor: str,
    args: list[Any],
    kwargs: dict[str, Any],
    delay_s: float | None,
) -> Plan:
    """Find out what is known about queue and actor, and give the message its id."""
    source = source_of(ctx)
    call = {
        "tool": "enqueue", "queue": queue, "actor": actor, "args": args, "kwargs": kwargs,
        "delay_s": delay_s,
    }  # fmt: skip
    if (plan := source.plans.find(**call)) is not None:
        return plan
    asked = parse_queue(queue)
    if not (is_queue_name(asked.name) and is_namespace(asked.namespace)):
        raise ToolFailure(ERROR_NOT_A_NAME.format(name=inline(queue, 80)))
    found = await discover(source)
    snapshot = await read_snapshot(source, [asked])
    if not snapshot.queues:
        raise ToolFailure(ERROR_NOT_A_QUEUE.format(name=asked.label))
    (facts,) = snapshot.queues
    sample = await sample_jobs(source, asked) if facts.payloads else []
    warnings = ""
    actors = {name for known, name in source.actors if known == asked.name}
    if asked not in found.queues and not actors:
        near = did_you_mean(asked.label, [known.label for known in found.queues])
        warnings += f" No message has been seen on this queue.{near}"
    if actor not in actors:
        near = did_you_mean(actor, {name for _, name in source.actors})
        warnings += (
            f" No message of the actor `{inline(actor, 80)}` has been seen on it; a worker that "
            f"does not know it moves the message to the dead letters at once.{near}"
        )
    plan = Plan(
        ask_enqueue(facts, Job("", None, actor=actor, args=args, kwargs=kwargs), warnings, delay_s),
        asked,
        message_id=str(uuid.uuid4()),
        pickled=any(job.encoding == "pickle" for job in sample),
    )
    source.plans.keep(plan, **call)
    return plan


async def ask_to_enqueue(
    ctx: Context[Source], plan: Annotated[Plan, Resolve(plan_enqueue)]
) -> Question:
    """Ask the user."""
    return ask_user(ctx, plan.question)


@tool(title="Enqueue a message", render=render_change, read_only=False, idempotent=False)
async def enqueue_message(
    ctx: Context[Source],
    *,
    queue: QueueName,
    actor: ActorName,
    args: Args = [],  # noqa: B006  never changed
    kwargs: Kwargs = {},  # noqa: B006
    delay_s: Delay = None,
    plan: Annotated[Plan, Resolve(plan_enqueue)],
    answer: Annotated[UserAnswer, Resolve(ask_to_enqueue)],
) -> Change:
    """Enqueue a Dramatiq message as send() does, after asking the user.

    Example: enqueue_message(queue="mail", actor="welcome", args=[7])
    """
    source = source_of(ctx)
    source.plans.forget(plan)
    require_yes(answer)
    assert plan.queue is not None
    now_ms = await read_time(source)
    redis_id = str(uuid.uuid4())
    message = new_message(
        plan.queue.name,
        actor,
        args,
        kwargs,
        message_id=plan.message_id,
        redis_id=redis_id,
        now_ms=int(now_ms),
        eta_ms=None if delay_s is None else int(now_ms + delay_s * 1000),
    )
    payload = encode(message, pickled=plan.pickled)
    _check_size(payload)
    try:
        await enqueue(source, plan.queue, redis_id, payload, delayed=delay_s is not None)
    except UnknownOutcomeError as error:
        raise ToolFailure(
            ERROR_PERHAPS_ENQUEUED.format(message_id=plan.message_id, reason=error)
        ) from error
    return Change(
        conclusion=f"Enqueued on {plan.queue.label}: message {plan.message_id}.",
        done=1,
        message_id=plan.message_id,
        next=[f'inspect_message(message_id="{plan.message_id}", queue="{plan.queue.label}")'],
    )


async def plan_publish(ctx: Context[Source], channel: str, payload: str) -> Plan:
    """Find out who would receive it."""
    source = source_of(ctx)
    _check_size(payload.encode())
    return Plan(ask_publish(channel, payload, await _receivers(source, channel)))


async def ask_to_publish(
    ctx: Context[Source], plan: Annotated[Plan, Resolve(plan_publish)]
) -> Question:
    """Ask the user."""
    return ask_user(ctx, plan.question)


@tool(title="Publish a message", render=render_change, read_only=False, idempotent=False)
async def publish_message(
    ctx: Context[Source],
    *,
    channel: Channel,
    payload: Payload,
    answer: Annotated[UserAnswer, Resolve(ask_to_publish)],
) -> Change:
    """Publish to a pub/sub channel, after asking the user.

    Example: publish_message(channel="news:7", payload="{}")
    """
    require_yes(answer)
    source = source_of(ctx)
    try:
        receivers = await publish(source, channel, payload)
    except UnknownOutcomeError as error:
        raise ToolFailure(ERROR_PERHAPS_PUBLISHED.format(reason=error)) from error
    return Change(
        conclusion=f"Published; {plural(receivers, 'subscription')} received it.",
        done=receivers,
        next=[] if receivers else [f'list_channels(match="{inline(channel, 200)}")'],
    )


async def _receivers(source: Source, channel: str) -> str:
    direct = (await source.run("PUBSUB", "NUMSUB", channel))[1]
    patterns = await source.run("PUBSUB", "NUMPAT")
    return (
        f"It has {plural(int(direct), 'direct subscriber')}; "
        f"{plural(int(patterns), 'pattern subscription')} may match it."
    )


def _check_size(payload: bytes) -> None:
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise ToolFailure(ERROR_LARGE.format(size=len(payload), limit=MAX_PAYLOAD_BYTES))
