"""Index advice without a planner to ask: what the statistics alone allow. Pure."""

from collections.abc import Sequence

from stacksight_postgres.advice.candidates import candidate_indexes
from stacksight_postgres.advice.model import IndexSpec, Query, Table, Use

LEAST_PAGES = 128
SELECTIVE = 0.05
"""Below this share of the rows an index usually beats reading the table."""


def choose_by_statistics(queries: Sequence[Query]) -> list[tuple[IndexSpec, str]]:
    """Return one selective index per use of a large table, with the reason.

    Only equality is counted on: the statistics at hand do not tell how much a range keeps.
    """
    possible = set(candidate_indexes(queries))
    found: dict[IndexSpec, str] = {}
    for query in queries:
        for use in query.uses:
            best = _best(use, possible)
            if best is not None and not any(_begins(other, best[0]) for other in found):
                found[best[0]] = f"{query.label}: {best[1]}"
    return list(found.items())


def _best(use: Use, possible: set[IndexSpec]) -> tuple[IndexSpec, str] | None:
    if use.table.pages < LEAST_PAGES:
        return None
    equal = {p.key.sql for p in use.predicates if p.kind == "equal" and p.key is not None}
    ranked = []
    for spec in possible:
        if spec.table != use.table.name or spec.include or spec.where or spec.method != "btree":
            continue
        fixed = [key.sql for key in spec.keys if key.sql in equal]
        if len(fixed) == len(spec.keys):
            ranked.append((_share(spec, use.table), len(spec.keys), spec))
    if not ranked:
        return None
    share, _, spec = min(ranked)
    if share > SELECTIVE:
        return None
    return spec, f"its equality keeps about {share:.2%} of the rows"


def _share(spec: IndexSpec, table: Table) -> float:
    share = 1.0
    for key in spec.keys:
        for name in key.columns:
            share /= max(table.columns[name].distinct or 1.0, 1.0)
    return max(share, 1.0 / max(table.rows, 1.0))


def _begins(longer: IndexSpec, spec: IndexSpec) -> bool:
    return longer.table == spec.table and longer.keys[: len(spec.keys)] == spec.keys
