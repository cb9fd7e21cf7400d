"""A SELECT that writes: hint bits set for rows that were changed lately."""

from collections.abc import Iterator

from stacksight_core.units import format_count
from stacksight_postgres.plans.facts import PlanView
from stacksight_postgres.plans.findings import Finding

MIN_BLOCKS = 500


def find(view: PlanView) -> Iterator[Finding]:
    """Find measured reads that dirtied 500 blocks or more."""
    root = view.plan.root
    dirtied = root.number_of("Shared Dirtied Blocks")
    if dirtied < MIN_BLOCKS or root.kind == "ModifyTable":
        return
    touched = root.number_of("Shared Hit Blocks") + root.number_of("Shared Read Blocks")
    yield Finding(
        kind="dirtied",
        title=f"Reading changed {format_count(dirtied)} of {format_count(touched)} blocks.",
        share=min(dirtied / max(touched, 1), 1.0) / 2,
        node=root.number,
        cause="The rows were written lately and not vacuumed: the first reader marks them as "
        "committed. A second run is faster",
    )
