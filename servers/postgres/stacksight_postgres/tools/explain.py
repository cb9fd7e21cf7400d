"""The tool explain_query."""

from typing import Annotated

from mcp.server.mcpserver import Context, Resolve
from pydantic import Field

from stacksight_core.consent import Consent, Question, UserAnswer, ask_user, require_yes
from stacksight_core.errors import ToolFailure
from stacksight_core.tools import source_of, tool
from stacksight_core.untrusted import inline
from stacksight_postgres.explained import ExplainAnswer
from stacksight_postgres.guard.statement import parse_statement
from stacksight_postgres.render.plans import render_explained
from stacksight_postgres.source.plans import explain_statement
from stacksight_postgres.source.state import Source
from stacksight_postgres.tools.parameters import Hypothetical, Params, Sql, TimeoutS

QUESTION = (
    "Run this statement{where} to measure it, in a transaction that is rolled back? Its triggers "
    "run as well, rows are locked meanwhile, and sequences stay advanced: {sql}"
)


async def ask_to_run(ctx: Context[Source], sql: str, analyze: bool) -> Question | Consent:
    """Ask the user before a statement that writes is run; nothing has to be asked otherwise."""
    if not analyze or not source_of(ctx).allow_writes:
        return Consent(go_ahead=True)
    try:
        statement = parse_statement(sql)
    except ToolFailure:
        return Consent(go_ahead=True)  # it will be refused, with its reason
    if statement.kind != "write":
        return Consent(go_ahead=True)
    source = source_of(ctx)
    where = f" on the database {source.chosen}" if len(source.databases) > 1 else ""
    return ask_user(ctx, QUESTION.format(where=where, sql=inline(statement.sql, 1000)))


@tool(title="Explain a query", render=render_explained)
async def explain_query(
    ctx: Context[Source],
    *,
    sql: Sql,
    params: Params = None,
    analyze: Annotated[
        bool, Field(description="Run it and measure each node. Without: estimates only.")
    ] = False,
    hypothetical_indexes: Hypothetical = None,
    timeout_s: TimeoutS = None,
    answer: Annotated[UserAnswer, Resolve(ask_to_run)],
) -> ExplainAnswer:
    """Learn why a statement is slow and what would fix it: findings by share, then the plan.

    Missing indexes are tried hypothetically: a CREATE INDEX in the answer is one the planner would
    use. $1 without params gets typical and worst-case values from the statistics. INSERT, UPDATE
    and DELETE are not run (with --allow-writes: after asking, and rolled back).

    Example: explain_query(sql="SELECT * FROM captions WHERE video_id = $1", params=[7],
    analyze=true)
    """
    require_yes(answer)
    return await explain_statement(
        source_of(ctx),
        sql,
        params,
        analyze=analyze,
        hypothetical=hypothetical_indexes or [],
        timeout_s=timeout_s,
    )
