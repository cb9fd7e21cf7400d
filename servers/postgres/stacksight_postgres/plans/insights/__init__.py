"""The catalogue of what can be wrong with a plan: each insight in a module of its own."""

from collections.abc import Callable, Iterator

from stacksight_postgres.plans.facts import PlanView
from stacksight_postgres.plans.findings import Finding, rank
from stacksight_postgres.plans.insights import (
    disk_sort,
    hash_aggregate,
    hash_batches,
    heap_fetches,
    inefficient_index,
    jit,
    join_filter,
    lossy_bitmap,
    misestimate,
    nested_loop,
    offset,
    planning,
    sequential_scan,
    stale_statistics,
    subplan,
    top_n_sort,
    unindexed_reference,
)

INSIGHTS: tuple[Callable[[PlanView], Iterator[Finding]], ...] = (
    sequential_scan.find,
    inefficient_index.find,
    join_filter.find,
    nested_loop.find,
    subplan.find,
    top_n_sort.find,
    offset.find,
    misestimate.find,
    stale_statistics.find,
    disk_sort.find,
    hash_batches.find,
    hash_aggregate.find,
    lossy_bitmap.find,
    heap_fetches.find,
    jit.find,
    planning.find,
    unindexed_reference.find,
)


def find_all(view: PlanView) -> list[Finding]:
    """Return what every insight finds in a plan, what concerns most of it first."""
    return rank([finding for find in INSIGHTS for finding in find(view)])
