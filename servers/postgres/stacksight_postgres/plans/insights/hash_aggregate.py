"""An aggregation by hash that did not fit into memory."""

from collections.abc import Iterator

from stacksight_core.units import format_bytes, format_count
from stacksight_postgres.plans.facts import PlanView
from stacksight_postgres.plans.findings import Finding
from stacksight_postgres.plans.memory import raise_work_mem


def find(view: PlanView) -> Iterator[Finding]:
    """Find hash aggregates that wrote to disk."""
    for node in view.executed():
        disk_kb = node.number_of("Disk Usage")
        if node.kind != "Aggregate" or not disk_kb:
            continue
        batches = node.number_of("HashAgg Batches")
        yield Finding(
            kind="hash_aggregate",
            title=f"{node.title} by {node.text_of('Group Key')} wrote "
            f"{format_bytes(disk_kb * 1024)} to disk in {format_count(batches)} batches.",
            share=view.part(node),
            node=node.number,
            cause="The groups do not fit into work_mem",
            fix=raise_work_mem(view, (disk_kb + node.number_of("Peak Memory Usage")) * 1.5),
        )
