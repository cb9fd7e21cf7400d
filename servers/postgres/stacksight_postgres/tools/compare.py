"""The tool compare_plans."""

from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import Field

from stacksight_core.tools import source_of, tool
from stacksight_postgres.comparing import PlanComparison
from stacksight_postgres.guard.statement import MAX_SQL_CHARS
from stacksight_postgres.render.comparing import render_comparison
from stacksight_postgres.source.comparing import compare_statements
from stacksight_postgres.source.state import Source
from stacksight_postgres.tools.parameters import Hypothetical


@tool(title="Compare two plans", render=render_comparison)
async def compare_plans(
    ctx: Context[Source],
    *,
    before: Annotated[
        str,
        Field(min_length=1, max_length=MAX_SQL_CHARS, description="Handle of a plan, or SQL."),
    ],
    after: Annotated[
        str | None,
        Field(max_length=MAX_SQL_CHARS, description="The same. Default: the SQL of before."),
    ] = None,
    hypothetical_indexes: Hypothetical = None,
    settings: Annotated[
        dict[str, str] | None,
        Field(max_length=10, description='For after only, e.g. {"work_mem": "64MB"}.'),
    ] = None,
    analyze: Annotated[bool, Field(description="Run the SELECTs and measure.")] = False,
) -> PlanComparison:
    """Compare two plans: verdict, totals, and how each table is read before and after.

    Use it after a change (handles of explain_query), or to see what an index or a setting would do.
    The last 50 plans are kept while the server runs.

    Example: compare_plans(before="plan-3fa9c1d2", hypothetical_indexes=["captions (video_id)"])
    """
    return await compare_statements(
        source_of(ctx),
        before,
        after,
        hypothetical=hypothetical_indexes or [],
        settings=settings or {},
        analyze=analyze,
    )
