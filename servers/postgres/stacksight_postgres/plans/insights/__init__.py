"""The catalogue of what can be wrong with a plan: each insight in a module of its own."""

from collections.abc import Callable, Iterator

from stacksight_postgres.plans.facts import PlanView
from stacksight_postgres.plans.findings import Finding, rank
from stacksight_postgres.plans.insights import (
    bitmap_and,
    cte_filter,
    dirtied,
    disabled,
    disk_sort,
    duplicates,
    hash_aggregate,
    hash_batches,
    heap_fetches,
    incremental_sort,
    inefficient_index,
    jit,
    join_filter,
    large_result,
    lossy_bitmap,
    materialize,
    memoize,
    misestimate,
    nested_loop,
    offset,
    parallel_workers,
    partitions,
    planning,
    reading_from_disk,
    scattered_rows,
    sequential_scan,
    stale_statistics,
    subplan,
    top_n_sort,
    unindexable,
    unindexed_reference,
    wrong_index_for_limit,
)

INSIGHTS: tuple[Callable[[PlanView], Iterator[Finding]], ...] = (
    sequential_scan.find,
    inefficient_index.find,
    wrong_index_for_limit.find,
    unindexable.find,
    bitmap_and.find,
    join_filter.find,
    nested_loop.find,
    materialize.find,
    memoize.find,
    subplan.find,
    cte_filter.find,
    top_n_sort.find,
    offset.find,
    duplicates.find,
    misestimate.find,
    stale_statistics.find,
    disk_sort.find,
    incremental_sort.find,
    hash_batches.find,
    hash_aggregate.find,
    lossy_bitmap.find,
    heap_fetches.find,
    scattered_rows.find,
    reading_from_disk.find,
    dirtied.find,
    partitions.find,
    parallel_workers.find,
    jit.find,
    planning.find,
    large_result.find,
    unindexed_reference.find,
    disabled.find,
)


def find_all(view: PlanView) -> list[Finding]:
    """Return what every insight finds in a plan, what concerns most of it first."""
    return rank([finding for find in INSIGHTS for finding in find(view)])
