"""The Postgres server: its tools on its source."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from mcp_types import ToolAnnotations

from stacksight_core.server import ServerSpec
from stacksight_core.tools import ToolDefinition
from stacksight_postgres.about import ABOUT
from stacksight_postgres.errors import translate
from stacksight_postgres.settings import Settings
from stacksight_postgres.source.database import Database
from stacksight_postgres.source.state import Source
from stacksight_postgres.tools.choosing import choosable

TOOLS = {
    "list_objects": "stacksight_postgres.tools.objects",
    "describe_table": "stacksight_postgres.tools.objects",
    "run_query": "stacksight_postgres.tools.query",
    "explain_query": "stacksight_postgres.tools.explain",
    "compare_plans": "stacksight_postgres.tools.compare",
    "recommend_indexes": "stacksight_postgres.tools.advice",
    "top_queries": "stacksight_postgres.tools.statements",
    "capture_queries": "stacksight_postgres.tools.statements",
    "show_activity": "stacksight_postgres.tools.activity",
    "check_health": "stacksight_postgres.tools.health",
    "check_migration": "stacksight_postgres.tools.migration",
}

MEASURES = "explain_query"
RUNS_WRITES = ToolAnnotations(
    read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)
"""With --allow-writes it runs an INSERT, UPDATE or DELETE, if the user agrees."""


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Source]:
    """Make the source; it connects at the first call."""
    databases = {name: Database(settings, url) for name, url in settings.urls.items()}
    try:
        yield Source(databases, settings.allow_writes)
    finally:
        await asyncio.gather(*(database.close() for database in databases.values()))


def adapt(definition: ToolDefinition, settings: Settings) -> ToolDefinition:
    """Fit a tool to the settings: several databases, and statements that are run to be measured."""
    if settings.allow_writes and definition.handler.__name__ == MEASURES:
        definition = replace(definition, annotations=RUNS_WRITES)
    return choosable(definition, settings)


SERVER = ServerSpec(
    ABOUT,
    Settings,
    TOOLS,
    connect,
    translate,
    "stacksight_postgres.prompts",
    "stacksight_postgres.resources",
    adapt=adapt,
    adapts_to=("databases",),
)
