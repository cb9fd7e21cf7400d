"""Kept audits as resources: Lighthouse's result as JSON, and its report as HTML."""

import json

from mcp.server.mcpserver import Context
from mcp_types import Resource

from stacksight_core.resources import ResourceDefinition, Resources
from stacksight_core.threads import in_thread
from stacksight_core.tools import source_of
from stacksight_lighthouse.models.audits import AuditEntry
from stacksight_lighthouse.names import audit_names
from stacksight_lighthouse.render.html import render_html
from stacksight_lighthouse.source.lighthouse import Lighthouse

LISTED = 50
JSON_TYPE, HTML_TYPE = "application/json", "text/html"


async def read_json(audit_id: str, ctx: Context[Lighthouse]) -> str:
    """Return Lighthouse's result of an audit."""
    audit = await in_thread(source_of(ctx).store.load, audit_id)
    return json.dumps(audit.lhr, ensure_ascii=False)


async def read_html(audit_id: str, ctx: Context[Lighthouse]) -> str:
    """Return Lighthouse's report of an audit."""
    source = source_of(ctx)
    audit = await in_thread(source.store.load, audit_id)
    template, javascript = await source.report_assets()
    return await in_thread(render_html, audit.lhr, template, javascript)


async def listed(source: Lighthouse) -> list[Resource]:
    """Return both forms of the newest audits."""
    entries = await in_thread(source.store.entries)
    return [
        _resource(entry, kind, mime_type)
        for entry in entries[:LISTED]
        for kind, mime_type in (("html", HTML_TYPE), ("json", JSON_TYPE))
    ]


def _resource(entry: AuditEntry, kind: str, mime_type: str) -> Resource:
    return Resource(
        uri=f"lighthouse://audits/{entry.audit_id}/report.{kind}",
        name=f"{entry.audit_id}.{kind}",
        title=f"{entry.url} ({entry.device}, {entry.made})",
        mime_type=mime_type,
    )


RESOURCES = Resources(
    (
        ResourceDefinition(
            "lighthouse://audits/{audit_id}/report.html",
            "audit-report",
            "Report of an audit",
            "Lighthouse's own report, one HTML file to open in a browser; secrets are masked.",
            HTML_TYPE,
            read_html,
            {"audit_id": audit_names},
        ),
        ResourceDefinition(
            "lighthouse://audits/{audit_id}/report.json",
            "audit-result",
            "Result of an audit",
            "Lighthouse's whole result (LHR) as JSON, with this server's own checks; secrets are "
            "masked.",
            JSON_TYPE,
            read_json,
            {"audit_id": audit_names},
        ),
    ),
    listed,
)
