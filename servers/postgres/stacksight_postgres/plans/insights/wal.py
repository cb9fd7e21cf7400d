"""A statement that writes a great deal of write-ahead log."""

from collections.abc import Iterator

from stacksight_core.units import format_bytes, format_count, plural
from stacksight_postgres.plans.facts import PlanView
from stacksight_postgres.plans.findings import Finding

MIN_BYTES = 4 * 1024**2
MANY_IMAGES = 0.3


def find(view: PlanView) -> Iterator[Finding]:
    """Find statements that wrote 4 MB of write-ahead log or more."""
    root = view.plan.root
    size, images = root.number_of("WAL Bytes"), root.number_of("WAL FPI")
    if size < MIN_BYTES:
        return
    changed = sum(child.all_rows for child in root.children)
    table = view.table(root)
    indexes = plural(len(table.indexes), "index", "indexes") if table else "the indexes"
    whole_pages = images * 8192 > MANY_IMAGES * size
    about_pages = f", {format_count(images)} pages of it whole" if images else ""
    yield Finding(
        kind="wal",
        title=f"{format_bytes(size)} of write-ahead log for {format_count(changed)} rows"
        f"{about_pages}.",
        share=0.1,
        node=root.number,
        cause="The first change of a page after a checkpoint writes the whole page"
        if whole_pages
        else f"Each row is written to the table and to {indexes} (an UPDATE of indexed columns "
        "writes all of them)",
        fix="Raise max_wal_size and checkpoint_timeout, so that checkpoints are rarer"
        if whole_pages
        else None,
    )
