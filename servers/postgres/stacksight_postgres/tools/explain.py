"""The tool explain_query."""

from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import Field

from stacksight_core.tools import source_of, tool
from stacksight_postgres.explained import ExplainAnswer
from stacksight_postgres.render.plans import render_explained
from stacksight_postgres.source.plans import explain_statement
from stacksight_postgres.source.state import Source
from stacksight_postgres.tools.parameters import Hypothetical, Params, Sql, TimeoutS


@tool(title="Explain a query", render=render_explained)
async def explain_query(
    ctx: Context[Source],
    *,
    sql: Sql,
    params: Params = None,
    analyze: Annotated[
        bool, Field(description="Run the SELECT and measure each node. Without: estimates only.")
    ] = False,
    hypothetical_indexes: Hypothetical = None,
    timeout_s: TimeoutS = None,
) -> ExplainAnswer:
    """Learn why a statement is slow and what would fix it: findings by their share, then the plan.

    Missing indexes are found and tried hypothetically, so that a CREATE INDEX in the answer is one
    the planner would use. Parameters ($1) without params get typical and worst-case values from the
    statistics. INSERT, UPDATE and DELETE are explained without running them.

    Example: explain_query(sql="SELECT * FROM captions WHERE video_id = $1", params=[7],
    analyze=true)
    """
    return await explain_statement(
        source_of(ctx),
        sql,
        params,
        analyze=analyze,
        hypothetical=hypothetical_indexes or [],
        timeout_s=timeout_s,
    )
