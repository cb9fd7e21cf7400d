"""A cache in front of a nested loop's inner side that does not help."""

from collections.abc import Iterator

from stacksight_core.units import format_count
from stacksight_postgres.plans.facts import PlanView
from stacksight_postgres.plans.findings import Finding

MIN_LOOKUPS = 1_000
MIN_HIT_PART = 0.5


def find(view: PlanView) -> Iterator[Finding]:
    """Find Memoize nodes with evictions, or with less than half of 1,000 lookups found."""
    for node in view.executed():
        hits, misses = node.number_of("Cache Hits"), node.number_of("Cache Misses")
        evictions = node.number_of("Cache Evictions") + node.number_of("Cache Overflows")
        lookups = hits + misses
        if node.kind != "Memoize" or lookups < MIN_LOOKUPS:
            continue
        if not evictions and hits / lookups >= MIN_HIT_PART:
            continue
        evicted = f" and {format_count(evictions)} evictions" if evictions else ""
        yield Finding(
            kind="memoize",
            title=f"Memoize found {hits / lookups:.0%} of {format_count(lookups)} lookups, with "
            f"{format_count(misses)} misses{evicted}.",
            share=view.part_with_children(node),
            node=node.number,
            cause="The keys do not fit into work_mem times hash_mem_multiplier"
            if evictions
            else "There are more different keys than the planner expected",
            fix=None if evictions else "SET enable_memoize = off for this statement, and compare",
        )
