"""Measuring that takes a good part of what is measured."""

from collections.abc import Iterator

from stacksight_core.units import format_count
from stacksight_postgres.plans.facts import PlanView
from stacksight_postgres.plans.findings import Finding

CLOCK_MS = 25e-6
"""A reading of the clock on today's machines (pg_test_timing: 20 to 40 ns)."""

MIN_READINGS = 2_000_000
MIN_PART = 0.2


def find(view: PlanView) -> Iterator[Finding]:
    """Find plans whose clock was read two million times, for a fifth of their time or more."""
    plan = view.plan
    if not plan.execution_ms:
        return
    readings = 2 * sum((node.rows + 1) * node.loops for node in plan.nodes)
    share = readings * CLOCK_MS / plan.execution_ms
    if readings < MIN_READINGS or share < MIN_PART:
        return
    yield Finding(
        kind="timing_overhead",
        title=f"Measuring read the clock {format_count(readings)} times: without it the statement "
        f"would take about {min(share, 0.9):.0%} less time.",
        share=0.03,
        cause="Each row of each node is timed. The shares of nodes with many rows look larger than "
        "they are",
    )
