"""The answer about one message as compact text. Pure."""

from stacksight_core.layout import render_table
from stacksight_core.units import format_duration
from stacksight_core.untrusted import fence
from stacksight_redis.models.messages import Group, MessageView, Result, Step
from stacksight_redis.render.queues import duration


def render_message(answer: MessageView) -> str:
    """The text of inspect_message."""
    parts = [answer.conclusion]
    if answer.places:
        rows = [
            (
                place.queue,
                place.state,
                place.redis_id,
                place.holder,
                place.position,
                duration(place.due_in_s),
                duration(place.died_s),
            )
            for place in answer.places
        ]
        columns = ("queue", "state", "id in Redis", "held by", "before it", "due in", "dead for")
        parts += ["", render_table(columns, rows)]
    if answer.actor is not None:
        told = [
            f"message_id: {answer.message_id}",
            f"actor: {answer.actor} (queue {answer.queue})",
            f"arguments: {answer.arguments}",
            f"created: {duration(answer.age_s) or 'unknown time'} ago; failures: {answer.retries}",
            *(f"option {name}: {value}" for name, value in answer.options.items()),
            *(["then: " + _steps(answer.pipeline)] if answer.pipeline else []),
            *([f"traceback:\n{answer.traceback}"] if answer.traceback else []),
        ]
        parts += ["", fence("\n".join(told), "message")]
    if answer.result is not None:
        parts.append(_result(answer.result))
    if answer.group is not None:
        parts.append(_group(answer.group))
    if answer.mentioned_by:
        parts.append(f"Named by: {'; '.join(answer.mentioned_by)}")
    if answer.searched:
        parts.append(f"Searched: {'; '.join(answer.searched)}; results of the known actors.")
    return "\n".join([*parts, *answer.notes])


def _result(result: Result) -> str:
    left = (
        "" if result.expires_s is None else f", kept for {format_duration(result.expires_s)} more"
    )
    if result.problem is not None:
        return f"Result{left}: {result.problem}"
    if result.error is not None:
        return f"Result{left}, an exception:\n{fence(result.error, 'exception')}"
    return f"Result{left}:\n{fence(result.value or 'null', 'result')}"


def _group(group: Group) -> str:
    dead = f" Dead members: {', '.join(group.dead_members)}." if group.dead_members else ""
    then = f" Callbacks: {_steps(group.callbacks)}." if group.callbacks else ""
    return f"Group {group.id}: {group.verdict}.{dead}{then}"


def _steps(steps: list[Step]) -> str:
    return " → ".join(f"{step.actor} ({step.message_id})" for step in steps)
