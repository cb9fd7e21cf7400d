"""The tool check_health."""

from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import Field

from stacksight_core.tools import source_of, tool
from stacksight_postgres.health.checks import CheckName
from stacksight_postgres.health.model import Health
from stacksight_postgres.render.health import render_health
from stacksight_postgres.source.health import check_database
from stacksight_postgres.source.state import Source


@tool(title="Check health", render=render_health)
async def check_health(
    ctx: Context[Source],
    *,
    checks: Annotated[
        list[CheckName] | None, Field(max_length=15, description="Only these; default: all.")
    ] = None,
) -> Health:
    """Check the database for what goes wrong slowly: bloat, vacuum, indexes, limits, settings.

    Each check says what it examined, what it found with the statement that fixes it, and what it
    skipped and why.

    Example: check_health(checks=["indexes", "foreign_keys"])
    """
    return await check_database(source_of(ctx).database, list(dict.fromkeys(checks or [])))
