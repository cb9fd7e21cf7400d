"""The tool recommend_indexes."""

from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import Field

from stacksight_core.tools import source_of, tool
from stacksight_postgres.advice.answer import Advice
from stacksight_postgres.guard.statement import MAX_SQL_CHARS
from stacksight_postgres.render.advice import render_advice
from stacksight_postgres.source.advising import Request, advise
from stacksight_postgres.source.state import Source

Query = Annotated[str, Field(min_length=1, max_length=MAX_SQL_CHARS)]


@tool(title="Recommend indexes", render=render_advice)
async def recommend_indexes(
    ctx: Context[Source],
    queries: Annotated[
        list[Query] | None,
        Field(
            min_length=1,
            max_length=50,
            description="SQL as the application has it, $1 allowed. Default: what took the most "
            "time, from pg_stat_statements.",
        ),
    ] = None,
    budget_mb: Annotated[
        float | None,
        Field(
            gt=0,
            le=10_000_000,
            description="MB for all new indexes. Default: half of what the tables take.",
        ),
    ] = None,
    seconds: Annotated[float, Field(ge=1, le=300, description="Time limit of the search.")] = 25,
    max_indexes: Annotated[int, Field(ge=1, le=30, description="Most indexes to return.")] = 15,
) -> Advice:
    """Find the indexes that help a set of queries most within a size budget. Creates nothing.

    The planner is asked what each query would cost with indexes that do not exist: multi-column,
    covering, partial, expression, descending, BRIN; GIN is modelled. The answer gives
    CREATE INDEX CONCURRENTLY with size, queries helped, write cost and what becomes redundant, and
    why other queries gain nothing.

    Example: recommend_indexes(queries=["SELECT * FROM orders WHERE customer_id = $1 ORDER BY
    placed_at DESC LIMIT 20"], budget_mb=200)
    """
    return await advise(source_of(ctx).database, Request(queries, budget_mb, seconds, max_indexes))
