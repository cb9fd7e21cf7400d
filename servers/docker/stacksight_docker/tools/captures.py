"""What containers do meanwhile."""

from typing import Annotated, Literal

from mcp.server.mcpserver import Context
from pydantic import Field

from stacksight_core.errors import ToolFailure
from stacksight_core.tools import source_of, tool
from stacksight_docker.analysis.activity import Activity
from stacksight_docker.capturing import CAPTURES, ERROR_NO_CAPTURE
from stacksight_docker.parameters import Name
from stacksight_docker.render.activity import render_activity
from stacksight_docker.resolve import find_containers
from stacksight_docker.source.source import Source


@tool(title="Capture activity", render=render_activity, idempotent=False)
async def capture_activity(
    ctx: Context[Source],
    *,
    action: Annotated[
        Literal["start", "read", "stop"],
        Field(description="start returns a handle; read tells so far; stop tells and ends."),
    ],
    capture: Annotated[
        str | None, Field(description="The handle, for read and stop.", max_length=60)
    ] = None,
    containers: Annotated[
        list[Name] | None, Field(description="What to watch; left out: all.", max_length=20)
    ] = None,
) -> Activity:
    """What did the containers do while I did something? Start, do it, stop.

    Restarts and state changes, events, log records never seen before, errors, peak CPU and memory.
    A capture lives as long as this server process, or until a fifth is started; usage is sampled
    for 30 min.

    Example: capture_activity(action="start", containers=["shop"])
    """
    source = source_of(ctx)
    if action == "start":
        listed = await source.containers()
        chosen = find_containers(containers, listed) if containers else listed
        return await CAPTURES.start(source, chosen)
    if capture is None:
        raise ToolFailure(ERROR_NO_CAPTURE.format(action=action))
    return await CAPTURES.read(source, capture, stop=action == "stop")
