"""Images, volumes, networks and the disk."""

from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import Field

from stacksight_core.tools import source_of, tool
from stacksight_docker.analysis.resources import Kind, Resources
from stacksight_docker.inventory import list_kind
from stacksight_docker.render.resources import render_resources
from stacksight_docker.source.source import Source


@tool(title="List resources", render=render_resources)
async def list_resources(
    ctx: Context[Source],
    kind: Annotated[
        Kind, Field(description="disk: what takes space, by kind of data, with large logs.")
    ] = "disk",
) -> Resources:
    """What images, volumes and networks are there, what is unused, and what fills the disk?

    The unused come first, with how much removing them frees. Adding up disk use has a time limit.

    Example: list_resources(kind="volumes")
    """
    return await list_kind(source_of(ctx), kind)
