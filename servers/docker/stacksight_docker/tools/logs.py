"""What containers said."""

from typing import Annotated, Literal

from mcp.server.mcpserver import Context
from pydantic import Field

from stacksight_core.tools import source_of, tool
from stacksight_docker.logs.answer import LogAnswer
from stacksight_docker.logs.levels import Level
from stacksight_docker.parameters import Names
from stacksight_docker.reading import LogRequest, read_containers
from stacksight_docker.render.logs import render_logs
from stacksight_docker.resolve import find_containers
from stacksight_docker.source.source import Source


@tool(title="Read logs", render=render_logs)
async def read_logs(
    ctx: Context[Source],
    *,
    containers: Names,
    mode: Annotated[
        Literal["auto", "lines", "patterns"],
        Field(
            description="lines: the lines. patterns: counted shapes, errors first, what was said "
            "before each end. auto: lines with a filter or limit or for a short log that does not "
            "repeat itself, else patterns."
        ),
    ] = "auto",
    match: Annotated[
        str | None,
        Field(description="Only records with this regular expression.", max_length=300),
    ] = None,
    level: Annotated[Level | None, Field(description="Only this level and worse.")] = None,
    since: Annotated[
        str | None,
        Field(description="How long ago (90s, 10m, 2h, 1d) or a UTC time.", max_length=40),
    ] = None,
    until: Annotated[str | None, Field(description="As since.", max_length=40)] = None,
    around: Annotated[
        str | None, Field(description="30 s before and after; as since.", max_length=40)
    ] = None,
    limit: Annotated[
        int | None, Field(description="Records in lines mode; left out: 60.", ge=1, le=500)
    ] = None,
    context: Annotated[
        int, Field(description="Records around each that matches.", ge=0, le=20)
    ] = 0,
    cursor: Annotated[
        str | None, Field(description="Only what is new since that answer.", max_length=300)
    ] = None,
) -> LogAnswer:
    """What do the logs of these containers say? Merged in time order, filtered before you see them.

    Tracebacks stay together, JSON logs are understood, secrets masked. Reads from the end of the
    log and says how far back it got.

    Example: read_logs(containers=["shop/api", "shop/db"], level="error", since="15m")
    """
    source = source_of(ctx)
    chosen = find_containers(containers, await source.containers())
    request = LogRequest(mode, match, level, since, until, around, limit, context, cursor)
    return await read_containers(source, chosen, request)
