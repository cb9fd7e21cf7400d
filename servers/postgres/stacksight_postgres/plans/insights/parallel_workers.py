"""Parallel workers that were planned and not had."""

from collections.abc import Iterator

from stacksight_core.units import format_count
from stacksight_postgres.plans.facts import PlanView
from stacksight_postgres.plans.findings import Finding


def find(view: PlanView) -> Iterator[Finding]:
    """Find gathers that got fewer workers than planned."""
    for node in view.executed():
        planned, launched = node.number_of("Workers Planned"), node.raw.get("Workers Launched")
        if launched is None or launched >= planned:
            continue
        yield Finding(
            kind="parallel_workers",
            title=f"{node.title} planned {format_count(planned)} workers and got "
            f"{format_count(launched)}.",
            share=view.part_with_children(node) * (1 - float(launched) / planned),
            node=node.number,
            cause="max_parallel_workers or max_worker_processes was used up by other sessions",
            fix="SELECT name, setting FROM pg_settings WHERE name LIKE 'max_%work%'",
        )
