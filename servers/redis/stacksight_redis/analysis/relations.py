"""How one message is related to another that it names: pipelines and groups. Pure."""

from collections.abc import Iterator
from typing import Any, Literal

from stacksight_redis.analysis.jobs import Job

Relation = Literal["pipeline", "callback", "named"]

MAX_STEPS = 100
GROUP = "group_completion_uuid"
CALLBACKS = "group_completion_callbacks"


def chain_of(target: Any) -> Iterator[dict[str, Any]]:
    """The messages of a pipeline from a ``pipe_target`` on; at most 100."""
    for _ in range(MAX_STEPS):
        if not isinstance(target, dict):
            return
        yield target
        options = target.get("options")
        target = options.get("pipe_target") if isinstance(options, dict) else None


def relation_to(job: Job, message_id: str) -> Relation:
    """What a message id is to a message in which it stands.

    Returns:
        ``pipeline``: a later step; ``callback``: of its group, or of the group at the pipeline's
        end; ``named``: it only stands in an argument, an error or another option.
    """
    steps = list(chain_of(job.options.get("pipe_target")))
    if any(step.get("message_id") == message_id for step in steps):
        return "pipeline"
    for options in (job.options, *(step.get("options") for step in steps)):
        callbacks = options.get(CALLBACKS) if isinstance(options, dict) else None
        for callback in callbacks if isinstance(callbacks, list) else []:
            if any(step.get("message_id") == message_id for step in chain_of(callback)):
                return "callback"
    return "named"


def group_of(job: Job) -> tuple[str, list[Any]] | None:
    """The group that a message, or the end of its pipeline, is a member of, with its callbacks."""
    steps = (step.get("options") for step in chain_of(job.options.get("pipe_target")))
    for options in (job.options, *steps):
        if isinstance(options, dict) and isinstance(group_id := options.get(GROUP), str):
            callbacks = options.get(CALLBACKS)
            return group_id, callbacks if isinstance(callbacks, list) else []
    return None
