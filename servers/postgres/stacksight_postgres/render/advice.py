"""Index advice as text."""

from stacksight_core.layout import render_table
from stacksight_core.units import format_bytes, format_count, plural
from stacksight_core.untrusted import fence
from stacksight_postgres.advice.answer import Advice, IndexAdvice


def render_advice(advice: Advice) -> str:
    """Write the conclusion, each index with proof and price, then the queries and the rest."""
    lines = [_conclusion(advice)]
    if advice.cut:
        lines.append(
            f"The time limit ended the search after {advice.seconds} s; a larger `seconds` may "
            "find better ones."
        )
    for number, index in enumerate(advice.indexes, 1):
        lines += ["", *_index(number, index)]
    if advice.queries:
        lines += ["", "Queries, in the planner's cost units:", _queries(advice)]
    if advice.suggestions:
        lines += ["", "From rules, not weighed:", *advice.suggestions]
    if advice.not_examined:
        lines += ["", f"Not examined: {'; '.join(advice.not_examined)}."]
    lines += [f"Note: {note}" for note in advice.notes]
    return "\n".join(lines)


def _conclusion(advice: Advice) -> str:
    budget = f" of {format_bytes(advice.budget_bytes)} allowed" if advice.budget_bytes else ""
    size = f"{format_bytes(advice.total_bytes)}{budget}"
    if not advice.indexes and advice.cut:
        return "The time ended before an index was found worth creating: raise `seconds`."
    if not advice.indexes:
        return f"No index is worth creating for these queries ({advice.seconds} s of search)."
    if advice.before is None or advice.after is None:
        return f"{plural(len(advice.indexes), 'index', 'indexes')} by the statistics, {size}."
    saved = 1 - advice.after / advice.before if advice.before else 0.0
    return (
        f"{plural(len(advice.indexes), 'index', 'indexes')}, {size}, would take the estimated cost "
        f"from {format_count(advice.before)} to {format_count(advice.after)} "
        f"({_percent(saved)} less), found in {advice.seconds} s."
    )


def _index(number: int, index: IndexAdvice) -> list[str]:
    lines = [f"{number}. {index.statement}"]
    facts = []
    if index.bytes is not None:
        facts.append(format_bytes(index.bytes))
    if index.saves is not None:
        facts.append(f"without it {_percent(index.saves)} of the cost comes back")
    if index.rows_written_per_s is not None:
        facts.append(f"kept up to date for {index.rows_written_per_s:g} written rows/s")
    if index.hot_share is not None:
        facts.append(
            f"{_percent(index.hot_share)} of updates are HOT, those that change its columns "
            "would no longer be"
        )
    lines.append(f"   {'; '.join(facts)}")
    if index.queries:
        gains = [
            f"{gain.query} {format_count(gain.before)} → {format_count(gain.after)}"
            for gain in index.queries
        ]
        lines.append(f"   used by {', '.join(gains)}")
    if index.reason:
        lines.append(f"   {index.reason}")
    lines += [
        f"   makes {drop.index} ({format_bytes(drop.bytes)}) redundant: {drop.statement}"
        for drop in index.redundant
    ]
    lines += [f"   {note}" for note in index.notes]
    return lines


def _queries(advice: Advice) -> str:
    counted = any(query.calls is not None for query in advice.queries)
    columns = ["query", *(["calls"] if counted else []), "before", "after", "text"]
    rows = [
        [
            query.query,
            *([query.calls] if counted else []),
            format_count(query.before),
            format_count(query.after),
            query.text,
        ]
        for query in advice.queries
    ]
    table = fence(render_table(columns, rows), "queries")
    whys = [f"{query.query} gains little: {query.why}." for query in advice.queries if query.why]
    return "\n".join([table, *whys])


def _percent(share: float) -> str:
    return f"{share * 100:.2f} %" if share < 0.01 or share > 0.99 else f"{share * 100:.0f} %"
