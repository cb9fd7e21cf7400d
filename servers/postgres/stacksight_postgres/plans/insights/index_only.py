"""An index scan that goes to the table for a few columns the index could hold."""

import re
from collections.abc import Iterator

from stacksight_core.units import format_count
from stacksight_postgres.plans.facts import IndexFacts, PlanView, TableFacts, quote_name
from stacksight_postgres.plans.findings import Finding
from stacksight_postgres.plans.model import Node

MIN_ROWS = 1_000
MIN_PART = 0.2
MAX_COLUMNS = 3
MAX_BYTES = 64
_READING = (
    "Output",
    "Filter",
    "Join Filter",
    "Hash Cond",
    "Merge Cond",
    "Sort Key",
    "Group Key",
)
_WORD = re.compile(r'"((?:[^"]|"")+)"|(\w+)')


def find(view: PlanView) -> Iterator[Finding]:
    """Find index scans of 1,000 rows and a fifth of the whole that lack three columns or fewer."""
    for node in view.executed():
        table = view.table(node)
        if node.kind != "Index Scan" or table is None or view.part(node) < MIN_PART:
            continue
        index = next((i for i in table.indexes if i.name == node.raw.get("Index Name")), None)
        rows = node.all_rows + node.removed if node.measured else node.estimated_rows
        if index is None or index.method != "btree" or rows < MIN_ROWS:
            continue
        lacking = _lacking(view, node, table, index)
        if not lacking or len(lacking) > MAX_COLUMNS:
            continue
        if sum(table.columns[name].width for name in lacking) > MAX_BYTES:
            continue
        keys, included = ", ".join(index.keys), ", ".join(map(quote_name, lacking))
        where = f" WHERE {index.predicate}" if index.predicate else ""
        yield Finding(
            kind="index_only",
            title=f"{node.label} goes to the table for each of {format_count(rows)} rows, only for "
            f"{included}.",
            share=view.part(node),
            node=node.number,
            cause="An index that holds these columns as well can be read alone, once the table is "
            "vacuumed",
            fix=f"CREATE INDEX CONCURRENTLY ON {table.shown} ({keys}) INCLUDE ({included}){where}",
        )


def _lacking(view: PlanView, node: Node, table: TableFacts, index: IndexFacts) -> list[str]:
    """Return the columns that the statement uses and the index does not hold."""
    # What a scan below another node puts out may be whole rows, of which less is used.
    above = list(view.plan.ancestors(node)) or [node]
    texts = [other.text_of(key) for other in above for key in _READING]
    texts.append(node.text_of("Filter"))
    used = {quoted or plain for quoted, plain in _WORD.findall(" ".join(texts))}
    held = {quoted or plain for quoted, plain in _WORD.findall(index.definition)}
    return [name for name in table.columns if name in used and name not in held]
