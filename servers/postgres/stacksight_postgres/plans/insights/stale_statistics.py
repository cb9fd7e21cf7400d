"""Statistics that no longer describe a table."""

from collections.abc import Iterator

from stacksight_core.units import format_count
from stacksight_postgres.plans.facts import PlanView
from stacksight_postgres.plans.findings import Finding

MIN_CHANGED = 1_000
MIN_CHANGED_PART = 0.1


def find(view: PlanView) -> Iterator[Finding]:
    """Find tables never analyzed, or with a tenth of their rows changed since."""
    for table in view.around.tables.values():
        scans = [node for node in view.plan.nodes if view.table(node) is table]
        changed_part = table.changed / max(table.rows or 0, 1)
        if not scans:
            continue
        if table.analyzed and (table.changed < MIN_CHANGED or changed_part < MIN_CHANGED_PART):
            continue
        what = (
            f"{format_count(table.changed)} rows changed since the last ANALYZE "
            f"({min(changed_part, 9.99):.0%} of the table)"
            if table.analyzed
            else "it was never analyzed"
        )
        yield Finding(
            kind="stale_statistics",
            title=f"The statistics of {table.shown} are stale: {what}.",
            share=view.part(*scans),
            node=scans[0].number,
            cause="The planner works with an old picture of the table",
            fix=f"ANALYZE {table.shown}",
        )
