"""A deleted or re-keyed row that other tables reference by columns without an index."""

from collections.abc import Iterator

from stacksight_core.units import format_count
from stacksight_postgres.plans.facts import PlanView, quote_name
from stacksight_postgres.plans.findings import Finding

MIN_ROWS = 1_000
_VERBS = {"Delete": "deleted", "Update": "given another key"}


def find(view: PlanView) -> Iterator[Finding]:
    """Find foreign keys to the changed table whose every check reads the whole other table.

    The check runs in a trigger, once for each changed row, and is in no estimate.
    """
    for node in view.plan.nodes:
        if node.kind != "ModifyTable" or node.raw.get("Operation") not in _VERBS:
            continue
        table, verb = view.table(node), _VERBS[node.raw["Operation"]]
        for reference in table.unindexed_references if table else ():
            if reference.rows < MIN_ROWS:
                continue
            columns = ", ".join(quote_name(column) for column in reference.columns)
            yield Finding(
                kind="unindexed_reference",
                title=f"Each row that is {verb} makes PostgreSQL read all of {reference.table}, "
                f"{format_count(reference.rows)} rows, in search of references ({columns}).",
                share=1.0,
                node=node.number,
                cause=f"The foreign key {reference.name} has no index on its referencing columns; "
                "its check is in no estimate",
                fix=f"CREATE INDEX CONCURRENTLY ON {reference.table} ({columns})",
            )
