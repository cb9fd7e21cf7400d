"""Resources: explained plans, in the form that plan viewers read, and captures."""

import json

from mcp.server.mcpserver import Context
from mcp_types import Resource

from stacksight_core.captures import JSON_TYPE, capture_resources
from stacksight_core.redact import redact_text, redact_value
from stacksight_core.resources import ResourceDefinition, Resources
from stacksight_core.tools import source_of
from stacksight_core.untrusted import clean, inline
from stacksight_postgres.explained import KeptPlan
from stacksight_postgres.names import plan_names
from stacksight_postgres.plans.model import print_plan
from stacksight_postgres.source.capturing import report_capture
from stacksight_postgres.source.state import Source
from stacksight_postgres.statements.answers import Captured

TITLE_CHARS = 100


async def read_plan_json(plan: str, ctx: Context[Source]) -> str:
    """Return a plan as EXPLAIN (FORMAT JSON) prints it."""
    kept = source_of(ctx).plans.get(plan)
    return clean(json.dumps(redact_value(print_plan(kept.plan)), ensure_ascii=False, indent=1))


async def tell_capture(source: Source, capture: str) -> Captured:
    """Return what the database did so far, or until the capture was stopped."""
    return await report_capture(source.captures, capture, stop=False)


def known_captures(source: Source) -> dict[str, str]:
    """Return what each capture is about, by handle, newest first."""
    names = {id(database): name for name, database in source.databases.items()}
    return {
        handle: f"{names[id(kept.database)]}, {'running' if kept.told is None else 'stopped'}"
        for handle, kept in reversed(list(source.captures))
    }


CAPTURES = capture_resources(
    "postgres",
    "What the database did during a capture of capture_queries, so far or until it was stopped. "
    "The last 10 are kept while the server runs; secrets are masked.",
    known_captures,
    tell_capture,
)


async def listed(source: Source) -> list[Resource]:
    """Return the explained plans, newest first, then the captures."""
    plans = [_resource(handle, kept) for handle, kept in source.plans][::-1]
    return [*plans, *await CAPTURES.listed(source)]


def _resource(handle: str, kept: KeptPlan) -> Resource:
    return Resource(
        uri=f"postgres://plans/{handle}.json",
        name=f"{handle}.json",
        title=redact_text(inline(kept.sql, TITLE_CHARS)),
        mime_type=JSON_TYPE,
    )


RESOURCES = Resources(
    (
        ResourceDefinition(
            "postgres://plans/{plan}.json",
            "plan",
            "Query plan",
            "A plan that explain_query or compare_plans made, as EXPLAIN (FORMAT JSON) prints it, "
            "for a plan viewer. The last 50 are kept while the server runs; secrets are masked.",
            JSON_TYPE,
            read_plan_json,
            {"plan": plan_names},
        ),
        *CAPTURES.definitions,
    ),
    listed,
)
