"""Looks at a bounded sample of a table's rows, for what its statistics do not tell."""

from collections.abc import Sequence

from stacksight_postgres.advice.model import Table
from stacksight_postgres.advice.sizes import Sample, Values
from stacksight_postgres.plans.facts import quote_name
from stacksight_postgres.queries import load_sql
from stacksight_postgres.source.database import Session

SAMPLE_TIMEOUT = "SET LOCAL statement_timeout = '5s'"
"""For a table that was never analyzed, whose size is not known."""
SAMPLE_ROWS = 30_000
SPREAD = 10
"""Rows of a page resemble each other, so from each page only every tenth row is taken."""


async def sample_table(
    session: Session,
    table: Table,
    column_sets: Sequence[frozenset[str]],
    predicates: Sequence[str],
    expressions: Sequence[str],
) -> Sample:
    """Count combinations of columns and rows that meet predicates, the same at every call.

    Args:
        session: where.
        table: with its estimated rows; at most about ``SAMPLE_ROWS * SPREAD`` of them are read.
        column_sets: whose combinations are counted.
        predicates: SQL conditions on the bare columns.
        expressions: that are keys of indexes, in parentheses.
    """
    if not column_sets and not predicates and not expressions:
        return Sample()
    row = await session.fetchrow(_sql(table, column_sets, predicates, expressions))
    sets = {names: (row[f"d{n}"][0], row[f"d{n}"][1]) for n, names in enumerate(column_sets)}
    matching = {text: row[f"p{n}"] for n, text in enumerate(predicates)}
    values = {
        text: Values(row[f"w{n}"] or 0.0, row[f"v{n}"][0], row[f"v{n}"][1], row[f"t{n}"] or "")
        for n, text in enumerate(expressions)
    }
    return Sample(row["rows"], sets, matching, values)


def _sql(
    table: Table,
    column_sets: Sequence[frozenset[str]],
    predicates: Sequence[str],
    expressions: Sequence[str],
) -> str:
    percent = min(100.0, 100.0 * SAMPLE_ROWS * SPREAD / max(table.rows, 1.0))
    every = max(1, round(table.rows * percent / 100 / SAMPLE_ROWS))
    kept = [quote_name(name) for name in sorted({n for names in column_sets for n in names})]
    kept += [f"{text} AS e{n}" for n, text in enumerate(expressions)]
    kept += [f"({text}) AS p{n}" for n, text in enumerate(predicates)]
    counts = ["count(*) AS rows"]
    counts += [f"count(*) FILTER (WHERE p{n}) AS p{n}" for n, _ in enumerate(predicates)]
    for number, names in enumerate(column_sets):
        grouped = ", ".join(quote_name(name) for name in sorted(names))
        counted = load_sql("advice_combinations").format(columns=grouped)
        counts.append(f"({counted}) AS d{number}")
    for number, _ in enumerate(expressions):
        counted = load_sql("advice_combinations").format(columns=f"e{number}")
        width = load_sql("advice_width").format(value=f"e{number}")
        counts += [f"({counted}) AS v{number}", f"{width} AS w{number}"]
        counts.append(f"min(pg_typeof(e{number})::text) AS t{number}")
    # Names are quoted; this server wrote the predicates from a parsed and checked statement.
    return load_sql("advice_sample").format(
        cells=", ".join(kept) or "1",
        table=table.name,
        percent=f"{percent:.6f}",
        every=every,
        counts=", ".join(counts),
    )
