"""A sort that did not fit into memory."""

from collections.abc import Iterator

from stacksight_core.units import format_bytes
from stacksight_postgres.plans.facts import PlanView
from stacksight_postgres.plans.findings import Finding
from stacksight_postgres.plans.memory import raise_work_mem
from stacksight_postgres.plans.model import Node

IN_MEMORY_FACTOR = 2.5
"""A sorted row takes 2 to 3 times as much in memory as on disk."""


def find(view: PlanView) -> Iterator[Finding]:
    """Find sorts that wrote to disk, those of parallel workers included."""
    for node in view.executed():
        disk_kb = _disk_kb(node)
        if not disk_kb:
            continue
        yield Finding(
            kind="disk_sort",
            title=f"{node.title} by {node.text_of('Sort Key')} wrote "
            f"{format_bytes(disk_kb * 1024)} to disk, with work_mem at "
            f"{format_bytes(view.around.work_mem_kb() * 1024)}.",
            share=view.part(node),
            node=node.number,
            cause="What is sorted does not fit into work_mem; an index in this order would "
            "need no sort",
            fix=raise_work_mem(view, disk_kb * IN_MEMORY_FACTOR),
        )


def _disk_kb(node: Node) -> float:
    runs = [node.raw, *node.raw.get("Workers", ())]
    return max(
        (float(r.get("Sort Space Used", 0)) for r in runs if r.get("Sort Space Type") == "Disk"),
        default=0.0,
    )
