"""A hash join whose table did not fit into memory."""

from collections.abc import Iterator

from stacksight_core.units import format_bytes, format_count
from stacksight_postgres.plans.facts import PlanView
from stacksight_postgres.plans.findings import Finding
from stacksight_postgres.plans.memory import raise_work_mem


def find(view: PlanView) -> Iterator[Finding]:
    """Find hashes that were split into batches on disk."""
    for node in view.executed():
        batches = node.number_of("Hash Batches")
        if node.kind != "Hash" or batches <= 1:
            continue
        planned = node.number_of("Original Hash Batches")
        memory_kb = node.number_of("Peak Memory Usage")
        multiplier = float(view.around.settings.get("hash_mem_multiplier", "1"))
        cause = "The inner side does not fit into work_mem times hash_mem_multiplier"
        if planned and batches > planned:
            cause += (
                f"; {format_count(planned)} batches were planned, so the inner side is larger than "
                "expected"
            )
        yield Finding(
            kind="hash_batches",
            title=f"The hash join keeps its inner side in {format_count(batches)} batches on disk "
            f"({format_bytes(memory_kb * 1024)} in memory at a time).",
            share=view.part(node, view.plan.parent(node)),
            node=node.number,
            cause=cause,
            fix=raise_work_mem(view, memory_kb * batches / multiplier),
        )
