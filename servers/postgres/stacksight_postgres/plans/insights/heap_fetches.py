"""An index-only scan that has to look into the table after all."""

from collections.abc import Iterator

from stacksight_core.units import format_count
from stacksight_postgres.plans.facts import PlanView
from stacksight_postgres.plans.findings import Finding

MIN_FETCHES = 1_000
MIN_PART_OF_ROWS = 0.1


def find(view: PlanView) -> Iterator[Finding]:
    """Find index-only scans that fetch a tenth of their rows, and 1,000 or more, from the table."""
    for node in view.executed():
        fetches = node.number_of("Heap Fetches")
        rows = max(node.all_rows + node.removed, 1.0)
        if fetches < MIN_FETCHES or fetches / rows < MIN_PART_OF_ROWS:
            continue
        table = view.table(node)
        yield Finding(
            kind="heap_fetches",
            title=f"{node.label} looked {format_count(fetches)} of {format_count(rows)} rows up "
            "in the table.",
            share=view.part(node),
            node=node.number,
            cause="The visibility map is not current, since the table has not been vacuumed lately",
            fix=f"VACUUM {table.shown}" if table else "VACUUM the table",
        )
