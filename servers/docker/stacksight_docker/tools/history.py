"""What happened."""

from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import Field

from stacksight_core.tools import source_of, tool
from stacksight_docker.analysis.history import History
from stacksight_docker.happenings import read_history
from stacksight_docker.parameters import Name
from stacksight_docker.render.history import render_history
from stacksight_docker.source.source import Source


@tool(title="List events", render=render_history)
async def list_events(
    ctx: Context[Source],
    *,
    containers: Annotated[
        list[Name] | None, Field(description="As for read_logs; left out: all.", max_length=20)
    ] = None,
    since: Annotated[str, Field(description="How long ago, or a UTC time.", max_length=40)] = "1h",
    until: Annotated[str | None, Field(description="As since.", max_length=40)] = None,
    limit: Annotated[int, Field(description="The newest so many.", ge=1, le=200)] = 40,
) -> History:
    """What happened: starts, ends with exit codes, kills, out-of-memory, health changes, networks?

    Runs of health checks are left out, repeated cycles folded. The engine remembers its last 256
    events only; from the first call on this server keeps more (5,000, while it runs).

    Example: list_events(containers=["shop/db"], since="30m")
    """
    return await read_history(source_of(ctx), containers, since, until, limit)
