"""What completes an argument: tables and views, and the plans that are kept."""

from stacksight_postgres.source.objects import list_page
from stacksight_postgres.source.state import Source

MOST = 200


async def table_names(source: Source, typed: str) -> list[str]:
    """Return tables and views whose names contain what was typed, the largest first."""
    schema, _, name = typed.rpartition(".")
    async with source.database.session() as session:
        found = await list_page(session, None, schema or None, name or None, offset=0, limit=MOST)
    # Names in the search path come without their schema, but somebody may type it.
    prefix = f"{schema}." if schema else ""
    return [prefix + listed.name.removeprefix(prefix) for listed in found]


async def plan_names(source: Source, _: str) -> list[str]:
    """Return the handles of the explained plans, newest first."""
    return [handle for handle, _plan in source.plans][::-1]
