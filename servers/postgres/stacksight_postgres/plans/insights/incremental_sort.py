"""An incremental sort whose presorted groups are large."""

from collections.abc import Iterator

from stacksight_core.units import format_bytes, format_count
from stacksight_postgres.plans.facts import PlanView
from stacksight_postgres.plans.findings import Finding
from stacksight_postgres.plans.memory import raise_work_mem


def find(view: PlanView) -> Iterator[Finding]:
    """Find incremental sorts with a group that was sorted on disk."""
    for node in view.executed():
        if node.kind != "Incremental Sort":
            continue
        groups = [node.raw.get(key) or {} for key in ("Full-sort Groups", "Pre-sorted Groups")]
        disk_kb = max(
            (
                float((g.get("Sort Space Disk") or {}).get("Peak Sort Space Used", 0))
                for g in groups
            ),
            default=0.0,
        )
        if not disk_kb:
            continue
        count = sum(float(g.get("Group Count", 0)) for g in groups)
        yield Finding(
            kind="incremental_sort",
            title=f"Incremental sort by {node.text_of('Sort Key')} wrote a group of "
            f"{format_bytes(disk_kb * 1024)} to disk ({format_count(count)} groups).",
            share=view.part(node),
            node=node.number,
            cause=f"The rows are only ordered by {node.text_of('Presorted Key')} before, which has "
            "few different values",
            fix=raise_work_mem(view, disk_kb * 2.5),
        )
