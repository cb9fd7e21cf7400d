"""Explained plans as resources, in the form that plan viewers read."""

import json

from mcp.server.mcpserver import Context
from mcp_types import Resource

from stacksight_core.redact import redact_text, redact_value
from stacksight_core.resources import ResourceDefinition, Resources
from stacksight_core.tools import source_of
from stacksight_core.untrusted import clean, inline
from stacksight_postgres.explained import KeptPlan
from stacksight_postgres.names import plan_names
from stacksight_postgres.plans.model import print_plan
from stacksight_postgres.source.state import Source

JSON_TYPE = "application/json"
TITLE_CHARS = 100


async def read_plan_json(plan: str, ctx: Context[Source]) -> str:
    """Return a plan as EXPLAIN (FORMAT JSON) prints it."""
    kept = source_of(ctx).plans.get(plan)
    return clean(json.dumps(redact_value(print_plan(kept.plan)), ensure_ascii=False, indent=1))


async def listed(source: Source) -> list[Resource]:
    """Return the explained plans, newest first."""
    return [_resource(handle, kept) for handle, kept in source.plans][::-1]


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
    ),
    listed,
)
