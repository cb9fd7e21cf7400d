"""Changes containers, once the user said yes."""

from collections.abc import Sequence

import anyio
from docker.errors import APIError, NotFound

from stacksight_core.errors import ToolFailure
from stacksight_docker.analysis.changes import Action, Controlled, Ran
from stacksight_docker.analysis.exits import describe_trouble
from stacksight_docker.facts import Listed
from stacksight_docker.resolve import find_container
from stacksight_docker.source.source import Source

SETTLE_SECONDS = 1.0
OUTPUT_CHARS = 12_000

ERROR_CANNOT_START = (
    "{name} was not started: {reason}. diagnose says more; the container is as it was."
)
ERROR_NOT_RUNNING = (
    "{name} does not run ({status}), so nothing can be run in it. diagnose says why it is down."
)


async def control(source: Source, name: str, action: Action, seconds: int) -> Controlled:
    """Start, stop, restart, pause or unpause a container, and look how it is a moment later.

    Raises:
        ToolFailure: nothing or several go by the name, or the container could not be started.
        docker.errors.APIError: its state does not allow it.
    """
    listed = find_container(name, await source.containers())
    try:
        changed = await source.control(listed.id, action, seconds)
    except APIError as error:
        if action not in ("start", "restart") or error.status_code == 409:
            raise
        reason = error.explanation or error
        raise ToolFailure(ERROR_CANNOT_START.format(name=listed.name, reason=reason)) from error
    if changed and action in ("start", "restart"):
        await anyio.sleep(SETTLE_SECONDS)  # a program that fails does so at once
    after, trouble = await _look(source, listed)
    before = listed.status or listed.state
    return Controlled(
        container=listed.name,
        service=listed.service,
        action=action,
        changed=changed,
        before=before,
        after=after,
        trouble=None if action in ("stop", "pause") else trouble,
    )


async def _look(source: Source, listed: Listed) -> tuple[str, str | None]:
    try:
        container = await source.container(listed.id)
    except NotFound:
        return "removed (it was made to go when it ends)", None
    now = next((c for c in await source.containers() if c.id == listed.id), None)
    status = now.status or now.state if now else container.status
    return status, describe_trouble(container, await source.now())


async def run(
    source: Source, name: str, command: Sequence[str], user: str | None, seconds: int
) -> Ran:
    """Run a command in a container.

    Raises:
        ToolFailure: nothing or several go by the name, or the container does not run.
    """
    listed = find_container(name, await source.containers())
    if listed.state != "running":
        status = listed.status or listed.state
        raise ToolFailure(ERROR_NOT_RUNNING.format(name=listed.name, status=status))
    result = await source.run(listed.id, command, user, seconds)
    text = "".join(result.pieces)
    return Ran(
        container=listed.name,
        service=listed.service,
        command=list(command),
        exit_code=result.exit_code,
        seconds=round(result.seconds, 2),
        output=_middle_cut(text),
        bytes_left_out=result.bytes_left_out,
    )


def _middle_cut(text: str) -> str:
    """Keep the beginning and the end of an output."""
    if len(text) <= OUTPUT_CHARS:
        return text
    half = OUTPUT_CHARS // 2
    return f"{text[:half]}\n… ({len(text) - OUTPUT_CHARS:,} characters left out)\n{text[-half:]}"
