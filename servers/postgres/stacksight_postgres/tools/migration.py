"""The tool check_migration."""

from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import Field

from stacksight_core.tools import source_of, tool
from stacksight_postgres.guard.statement import MAX_SQL_CHARS
from stacksight_postgres.migration.model import Migration
from stacksight_postgres.render.migration import render_migration
from stacksight_postgres.source.migrating import check_script
from stacksight_postgres.source.state import Source


@tool(title="Check a migration", render=render_migration)
async def check_migration(
    ctx: Context[Source],
    *,
    sql: Annotated[
        str,
        Field(min_length=1, max_length=MAX_SQL_CHARS, description="The script, in its order."),
    ],
) -> Migration:
    """Learn what a DDL script would do on this database before it runs. Runs nothing.

    For each statement: its lock and what that blocks, whether it scans or rewrites a table, of what
    size and traffic, and the safe way. Includes the rules of squawk.

    Example: check_migration(sql="ALTER TABLE orders ALTER COLUMN id TYPE bigint")
    """
    return await check_script(source_of(ctx).database, sql)
