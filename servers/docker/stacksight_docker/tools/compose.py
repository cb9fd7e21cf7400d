"""What runs beside what is written."""

from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import Field

from stacksight_core.tools import source_of, tool
from stacksight_docker.analysis.compose import Comparison
from stacksight_docker.comparing import compare_file
from stacksight_docker.render.compose import render_comparison
from stacksight_docker.source.source import Source


@tool(title="Compare with compose file", render=render_comparison)
async def compare_compose(
    ctx: Context[Source],
    file: Annotated[
        str, Field(description="Compose file, or its folder.", min_length=1, max_length=500)
    ],
    project: Annotated[
        str | None,
        Field(description="Left out: the file's `name`, else its folder's.", max_length=200),
    ] = None,
) -> Comparison:
    """Does what runs match the compose file? What is missing, extra, stale or configured otherwise?

    Also ports in conflict, dependencies that cannot be met, variables without a value.

    Example: compare_compose(file="compose.yml")
    """
    return await compare_file(source_of(ctx), file, project)
