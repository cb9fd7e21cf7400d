"""What eats the machine."""

from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import Field

from stacksight_core.tools import source_of, tool
from stacksight_docker.analysis.overview import is_running
from stacksight_docker.analysis.usage import SortKey, UsageAnswer
from stacksight_docker.metering import measure_containers
from stacksight_docker.parameters import Name
from stacksight_docker.render.usage import render_usage
from stacksight_docker.resolve import find_containers
from stacksight_docker.source.source import Source


@tool(title="Measure usage", render=render_usage)
async def measure_usage(
    ctx: Context[Source],
    containers: Annotated[
        list[Name] | None,
        Field(description="As for read_logs; left out: all that run.", max_length=20),
    ] = None,
    seconds: Annotated[
        float, Field(description="How long to measure CPU use.", ge=0.2, le=30)
    ] = 0.2,
    sort: Annotated[SortKey, Field(description="Largest first by this.")] = "cpu",
) -> UsageAnswer:
    """What is eating the machine? CPU, memory against the limit, network, disk, processes now.

    The figures of `docker stats`, largest first, with who is near a limit or throttled.

    Example: measure_usage(sort="memory")
    """
    source = source_of(ctx)
    listed = await source.containers()
    running = [c for c in listed if is_running(c)]
    chosen = find_containers(containers, listed) if containers else running
    return await measure_containers(source, chosen, seconds, sort)
