"""A condition on a column that hides it from an index."""

from collections.abc import Iterator

from stacksight_postgres.plans.conditions import predicates
from stacksight_postgres.plans.facts import PlanView, TableFacts
from stacksight_postgres.plans.findings import Finding

MIN_PART = 0.1
SCANS = ("Seq Scan", "Index Scan", "Bitmap Heap Scan")


def find(view: PlanView) -> Iterator[Finding]:
    """Find functions, casts and leading wildcards on columns that an index begins with."""
    for node in view.executed():
        table = view.table(node)
        if node.kind not in SCANS or table is None or view.part(node) < MIN_PART:
            continue
        for predicate in predicates(node.text_of("Filter") or "true", node.alias or ""):
            column = _hidden_column(predicate.key, table) if predicate.column is None else None
            if predicate.use == "pattern" and predicate.column:
                column = _indexed(predicate.column, table)
            if column is None:
                continue
            yield Finding(
                kind="unindexable",
                title=f"{node.label} filters by {predicate.key} {predicate.operator} …, which the "
                f"index on {column} cannot look up.",
                share=view.part(node),
                node=node.number,
                cause="A pattern that begins with a wildcard, or ignores the case, has no place in "
                "the order of a B-tree"
                if predicate.column
                else "The index holds the column, not the expression on it",
                fix=None
                if predicate.column
                else f"Compare {column} itself, or CREATE INDEX CONCURRENTLY ON {table.shown} "
                f"({predicate.key})",
            )


def _hidden_column(key: str, table: TableFacts) -> str | None:
    inside = key.replace("(", " ").replace(")", " ").replace(",", " ").replace("::", " ").split()
    for word in inside:
        if word in table.columns and _indexed(word, table):
            return word
    return None


def _indexed(column: str, table: TableFacts) -> str | None:
    leading = {index.keys[0] for index in table.indexes if index.keys and index.method == "btree"}
    return column if column in leading else None
