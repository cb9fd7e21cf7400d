"""The Postgres server: its tools on its source."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from stacksight_core.server import ServerSpec
from stacksight_core.tools import ToolDefinition
from stacksight_postgres.about import ABOUT
from stacksight_postgres.errors import translate
from stacksight_postgres.prompts import PROMPTS
from stacksight_postgres.resources import RESOURCES
from stacksight_postgres.settings import Settings
from stacksight_postgres.source.database import Database
from stacksight_postgres.source.state import Source
from stacksight_postgres.tools.activity import show_activity
from stacksight_postgres.tools.advice import recommend_indexes
from stacksight_postgres.tools.choosing import choosable
from stacksight_postgres.tools.compare import compare_plans
from stacksight_postgres.tools.explain import RUNS_WRITES, explain_query
from stacksight_postgres.tools.health import check_health
from stacksight_postgres.tools.migration import check_migration
from stacksight_postgres.tools.objects import describe_table, list_objects
from stacksight_postgres.tools.query import run_query
from stacksight_postgres.tools.statements import capture_queries, top_queries

TOOLS = [
    list_objects,
    describe_table,
    run_query,
    explain_query,
    compare_plans,
    recommend_indexes,
    top_queries,
    capture_queries,
    show_activity,
    check_health,
    check_migration,
]


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Source]:
    """Make the source; it connects at the first call."""
    databases = {name: Database(settings, url) for name, url in settings.urls.items()}
    try:
        yield Source(databases, settings.allow_writes)
    finally:
        for database in databases.values():
            await database.close()


def adapt(definition: ToolDefinition, settings: Settings) -> ToolDefinition:
    """Fit a tool to the settings: several databases, and statements that are run to be measured."""
    if settings.allow_writes and definition is explain_query:
        definition = replace(definition, annotations=RUNS_WRITES)
    return choosable(definition, settings)


SERVER = ServerSpec(
    ABOUT,
    Settings,
    TOOLS,
    connect,
    translate,
    PROMPTS,
    RESOURCES,
    adapt=adapt,
    adapts_to=("databases",),
)
