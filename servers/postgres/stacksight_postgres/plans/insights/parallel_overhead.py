"""Parallel workers that cost more than they save."""

from collections.abc import Iterator

from stacksight_core.units import format_count
from stacksight_postgres.plans.facts import PlanView
from stacksight_postgres.plans.findings import Finding
from stacksight_postgres.plans.shares import GATHERS

MIN_PART = 0.4
MIN_MS = 2.0
MANY_ROWS = 10_000


def find(view: PlanView) -> Iterator[Finding]:
    """Find gathers that take 40 % of the time themselves, and 2 ms or more."""
    for node in view.executed():
        launched = node.number_of("Workers Launched")
        own_ms = view.shares[node.number].self_ms or 0.0
        part = view.part(node)
        if node.kind not in GATHERS or not launched or part < MIN_PART or own_ms < MIN_MS:
            continue
        passed = node.all_rows >= MANY_ROWS
        yield Finding(
            kind="parallel_overhead",
            title=f"{node.title} itself takes {part:.0%} of the time: {format_count(launched)} "
            f"workers for {format_count(node.all_rows)} rows.",
            share=part,
            node=node.number,
            cause="Each row is passed from a worker to the leader"
            if passed
            else "Starting the workers takes longer than what they do",
            fix='compare_plans with settings={"max_parallel_workers_per_gather": "0"}; if that is '
            f"faster, raise {'parallel_tuple_cost' if passed else 'parallel_setup_cost'}",
        )
