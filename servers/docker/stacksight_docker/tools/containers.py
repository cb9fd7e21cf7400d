"""Which containers there are, and how one is set up."""

from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import Field

from stacksight_core.cursors import decode_cursor, encode_cursor
from stacksight_core.tools import source_of, tool
from stacksight_docker.analysis.drift import find_drift
from stacksight_docker.analysis.overview import ContainerList, StatusFilter
from stacksight_docker.analysis.view import ContainerView, view_container
from stacksight_docker.listing import list_overview
from stacksight_docker.parameters import Name
from stacksight_docker.render.container import render_container
from stacksight_docker.render.overview import render_containers
from stacksight_docker.resolve import find_container
from stacksight_docker.source.source import Source


@tool(title="List containers", render=render_containers)
async def list_containers(
    ctx: Context[Source],
    *,
    project: Annotated[
        str | None, Field(description="Only this compose project.", max_length=200)
    ] = None,
    match: Annotated[
        str | None, Field(description="Only names and images with this text.", max_length=200)
    ] = None,
    status: Annotated[StatusFilter, Field(description="Only these.")] = "all",
    cursor: Annotated[
        str | None, Field(description="From the previous page.", max_length=300)
    ] = None,
) -> ContainerList:
    """Which containers are there, and which are not well and why? Begin here.

    Problems come first, each with its reason (crash loop, out of memory, failing health check,
    could not start); the rest is counted by compose project and service, or listed when few.

    Example: list_containers(project="shop", status="problems")
    """
    scope = {"tool": "list_containers", "project": project, "match": match, "status": status}
    skip = decode_cursor(cursor, **scope) if cursor else 0
    listing, following = await list_overview(source_of(ctx), project, match, status, skip)
    listing.next_cursor = encode_cursor(following, **scope) if following else None
    return listing


@tool(title="Inspect a container", render=render_container)
async def inspect_container(ctx: Context[Source], container: Name) -> ContainerView:
    """How is one container set up, and how did it end last?

    State and last exit, image and whether its tag has moved on, command, health checks with their
    last outputs, restart policy, limits, ports, networks, mounts, and environment variables by name
    (set or empty; values are never shown).

    Example: inspect_container("shop/api")
    """
    source = source_of(ctx)
    listed = find_container(container, await source.containers())
    inspected = await source.container(listed.id)
    drift = find_drift(inspected, await source.image_tags())
    return view_container(inspected, listed, await source.now(), drift)
