"""From what was judged to the answer. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stacksight_core.units import format_bytes
from stacksight_core.untrusted import inline
from stacksight_postgres.advice.answer import (
    Advice,
    DropAdvice,
    IndexAdvice,
    QueryGain,
    QueryVerdict,
)
from stacksight_postgres.advice.model import ExistingIndex, IndexSpec, Query, Table, bare_name
from stacksight_postgres.advice.verdicts import why_no_index

HELPED = 0.95
"""A query that keeps more than this share of its cost counts as not helped."""

MAX_GAINS = 6
MAX_TEXT = 70
SHORT_TEXT = 40
MANY_QUERIES = 8
MAX_QUERIES = 25
MAX_SUGGESTIONS = 8
HOT_MATTERS = 0.2

NOTE_PARTITIONED = (
    "CONCURRENTLY does not work on a partitioned table; to avoid blocking writes, create it on "
    "ONLY the parent, then CONCURRENTLY on each partition, and attach these"
)
NOTE_PARTIAL = "serves only queries with this very condition"
NOTE_LIGHTER = (
    "{count} lighter queries were examined as well; only the {most} heaviest are listed. Call "
    "again with fewer queries to see them"
)
NOTE_NOT_SHOWN = "{count} more queries"
WHY_BUDGET = (
    "not within the limits: {indexes} ({size}) would take its cost from {before:,.0f} to "
    "{after:,.0f}"
)
WHY_LITTLE = (
    "{indexes} ({size}) would take its cost from {before:,.0f} to {after:,.0f}, too little of the "
    "whole to be worth it"
)
NO_HYPOPG = (
    "Without the extension hypopg the planner cannot be asked what an index would do: these follow "
    "from the statistics alone. {how} Then call again."
)
HOW_CREATE = "The server has it: CREATE EXTENSION hypopg (as a superuser)."
HOW_INSTALL = "Install the package hypopg on the database server, then CREATE EXTENSION hypopg."


@dataclass(frozen=True)
class QueryOutcome:
    """What was found out about one query.

    Attributes:
        query: which.
        plan: without new indexes, as EXPLAIN's JSON has it.
        before: its cost then.
        after: with all chosen indexes.
        uses: the chosen indexes in its plan.
        possible: its cost with every index that was tried.
        possible_with: the indexes that this takes.
        tried: how many those were.
    """

    query: Query
    plan: Mapping[str, Any]
    before: float
    after: float
    uses: tuple[IndexSpec, ...]
    possible: float
    possible_with: tuple[IndexSpec, ...]
    tried: int


@dataclass(frozen=True)
class Judged:
    """What the planner was found to say.

    Attributes:
        outcomes: by query.
        losses: share of the total cost that would come back without each used index.
        sizes: bytes of every candidate.
        budget: bytes allowed for all.
        notes: on some of the candidates.
        suggestions: what could not be judged.
        cut: whether the time limit ended the search.
    """

    outcomes: Sequence[QueryOutcome]
    losses: Mapping[IndexSpec, float]
    sizes: Mapping[IndexSpec, int]
    budget: float
    notes: Mapping[IndexSpec, Sequence[str]]
    suggestions: Sequence[str]
    cut: bool


def report(judged: Judged, tables: Mapping[str, Table]) -> Advice:
    """Write the answer: indexes by what they save, then what becomes of each query."""
    chosen = sorted(judged.losses, key=lambda spec: (-judged.losses[spec], spec))
    indexes = [_index(spec, judged, tables[spec.table]) for spec in chosen]
    heavy = sorted(judged.outcomes, key=lambda o: -o.query.counted(o.before))[:MAX_QUERIES]
    shown = [o for o in judged.outcomes if o in heavy]
    rest = [o for o in judged.outcomes if o not in heavy]
    most = SHORT_TEXT if len(shown) > MANY_QUERIES else MAX_TEXT
    return Advice(
        what_if=True,
        before=sum(o.before for o in judged.outcomes),
        after=sum(o.after for o in judged.outcomes),
        total_bytes=sum(judged.sizes[spec] for spec in chosen),
        indexes=_without_repeated_drops(indexes),
        queries=[_verdict(outcome, judged, tables, most) for outcome in shown],
        suggestions=list(judged.suggestions[:MAX_SUGGESTIONS]),
        notes=[NOTE_LIGHTER.format(count=len(rest), most=MAX_QUERIES)] if rest else [],
        cut=judged.cut,
        seconds=0,
    )


def report_reduced(
    found: Sequence[tuple[IndexSpec, str]],
    sizes: Sequence[int],
    suggestions: Sequence[str],
    tables: Mapping[str, Table],
    available: Iterable[str],
) -> Advice:
    """Write the answer that is possible without hypopg."""
    how = HOW_CREATE if "hypopg" in available else HOW_INSTALL
    indexes = []
    for (spec, reason), size in zip(found, sizes, strict=True):
        table = tables[spec.table]
        bare = IndexAdvice(statement=_statement(spec, table), bytes=size, reason=reason)
        indexes.append(bare.model_copy(update=_price(spec, table)))
    return Advice(
        what_if=False,
        total_bytes=sum(sizes),
        indexes=_without_repeated_drops(indexes),
        suggestions=list(suggestions[:MAX_SUGGESTIONS]),
        not_examined=["what the planner would do with any of these, and orders, ranges and joins"],
        notes=[NO_HYPOPG.format(how=how)],
        seconds=0,
    )


def _index(spec: IndexSpec, judged: Judged, table: Table) -> IndexAdvice:
    helped = [o for o in judged.outcomes if spec in o.uses]
    helped.sort(key=lambda o: (o.query.counted(o.after) - o.query.counted(o.before), o.query.label))
    gains = [
        QueryGain(query=o.query.label, before=round(o.before), after=round(o.after))
        for o in helped[:MAX_GAINS]
    ]
    advice = IndexAdvice(
        statement=_statement(spec, table),
        bytes=judged.sizes[spec],
        saves=round(judged.losses[spec], 4),
        queries=gains,
    )
    price = _price(spec, table)
    price["notes"] = [*judged.notes.get(spec, ()), *price["notes"]]
    if len(helped) > MAX_GAINS:
        price["notes"] = [NOTE_NOT_SHOWN.format(count=len(helped) - MAX_GAINS), *price["notes"]]
    return advice.model_copy(update=price)


def _price(spec: IndexSpec, table: Table) -> dict[str, Any]:
    writes = table.writes
    rows = writes.inserted + writes.updated - writes.hot_updated
    notes = []
    if spec.where:
        notes.append(NOTE_PARTIAL)
    if table.partitions:
        notes.append(NOTE_PARTITIONED)
    hot = writes.hot_updated / writes.updated if writes.updated else None
    return {
        "rows_written_per_s": round(rows / writes.seconds, 2) if writes.seconds else None,
        "hot_share": round(hot, 2) if hot is not None and hot >= HOT_MATTERS else None,
        "redundant": [
            DropAdvice(
                index=index.name,
                bytes=index.bytes,
                statement=f"DROP INDEX CONCURRENTLY {index.name};",
            )
            for index in table.indexes
            if _is_redundant(index, spec)
        ],
        "notes": notes,
    }


def _is_redundant(index: ExistingIndex, spec: IndexSpec) -> bool:
    if index.unique or index.constraint or index.method != spec.method:
        return False
    if (index.where or "") != spec.predicate:
        return False
    keys = tuple(str(key) for key in spec.keys)
    return index.keys == keys[: len(index.keys)] and set(index.include) <= set(spec.columns)


def _without_repeated_drops(indexes: list[IndexAdvice]) -> list[IndexAdvice]:
    seen: set[str] = set()
    kept = []
    for advice in indexes:
        fresh = [drop for drop in advice.redundant if drop.index not in seen]
        seen |= {drop.index for drop in fresh}
        kept.append(advice.model_copy(update={"redundant": fresh}))
    return kept


def _statement(spec: IndexSpec, table: Table) -> str:
    return spec.create(concurrently=not table.partitions) + ";"


def _verdict(
    outcome: QueryOutcome, judged: Judged, tables: Mapping[str, Table], most: int
) -> QueryVerdict:
    why = None
    if outcome.after > HELPED * outcome.before:
        why = _why(outcome, judged, tables)
    return QueryVerdict(
        query=outcome.query.label,
        text=inline(re.sub(r"\s+", " ", outcome.query.text).strip(), most),
        calls=outcome.query.calls,
        before=round(outcome.before),
        after=round(outcome.after),
        why=why,
    )


def _why(outcome: QueryOutcome, judged: Judged, tables: Mapping[str, Table]) -> str:
    if outcome.possible < HELPED * outcome.after and outcome.possible_with:
        size = sum(judged.sizes[spec] for spec in outcome.possible_with)
        taken = sum(judged.sizes[spec] for spec in judged.losses)
        why = WHY_LITTLE if taken + size <= judged.budget else WHY_BUDGET
        return why.format(
            indexes=_first(outcome.possible_with),
            size=format_bytes(size),
            before=outcome.before,
            after=outcome.possible,
        )
    by_name = {bare_name(name): table for name, table in tables.items()}
    return why_no_index(dict(outcome.plan), by_name, outcome.tried)


def _first(specs: Sequence[IndexSpec]) -> str:
    more = f" and {len(specs) - 1} more" if len(specs) > 1 else ""
    return specs[0].create().removeprefix("CREATE INDEX ON ") + more
