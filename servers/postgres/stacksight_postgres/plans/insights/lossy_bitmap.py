"""A bitmap that did not fit into memory, so that whole pages were checked again."""

from collections.abc import Iterator

from stacksight_core.units import format_count
from stacksight_postgres.plans.facts import PlanView
from stacksight_postgres.plans.findings import Finding
from stacksight_postgres.plans.memory import raise_work_mem


def find(view: PlanView) -> Iterator[Finding]:
    """Find bitmap heap scans with lossy pages."""
    for node in view.executed():
        lossy = node.number_of("Lossy Heap Blocks")
        if node.kind != "Bitmap Heap Scan" or not lossy:
            continue
        exact = node.number_of("Exact Heap Blocks")
        rechecked = node.number_of("Rows Removed by Index Recheck") * node.loops
        # A page's exact entry takes about 64 bytes (MaxHeapTuplesPerPage bits and a header).
        needed_kb = int((lossy + exact) * 64 / 1024) + 1
        yield Finding(
            kind="lossy_bitmap",
            title=f"{node.label} kept only whole pages for {format_count(lossy)} of "
            f"{format_count(lossy + exact)} blocks and checked {format_count(rechecked)} rows in "
            "vain.",
            share=view.part(node),
            node=node.number,
            cause="The bitmap did not fit into work_mem",
            fix=raise_work_mem(view, needed_kb),
        )
