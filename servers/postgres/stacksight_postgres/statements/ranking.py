"""Ranks statements by what they take."""

import re
from collections.abc import Callable, Mapping, Sequence

from stacksight_postgres.statements.answers import RankedStatement, Ranking
from stacksight_postgres.statements.model import Statement

MAX_QUERY = 400

MEASURES: Mapping[Ranking, Callable[[Statement], float]] = {
    "total_time": lambda s: s.total_ms,
    "mean_time": lambda s: s.mean_ms,
    "calls": lambda s: s.calls,
    "rows": lambda s: s.rows,
    "io": lambda s: s.read,
    "temp": lambda s: s.temp,
    "wal": lambda s: s.wal,
}


_PARAMETRISED = re.compile(r"\W*(select|with|insert|update|delete|merge|values|table)\b", re.I)
_LITERAL = re.compile(r"'(?:[^']|'')*'?")


def rank_statements(
    statements: Sequence[Statement], by: Ranking, limit: int, *, query_chars: int = MAX_QUERY
) -> list[RankedStatement]:
    """Return the statements with most of something, each with its share of the whole.

    Args:
        statements: all of them.
        by: of what.
        limit: how many to return; those without any are left out.
        query_chars: where texts are cut.
    """
    measure = MEASURES[by]
    # A mean has no total to be a share of; its statement's share of the time is told instead.
    part = MEASURES["total_time"] if by == "mean_time" else measure
    whole = sum(part(s) for s in statements) or 1.0
    ranked = sorted((s for s in statements if measure(s) > 0), key=lambda s: (-measure(s), s.id))
    return [ranked_statement(s, part(s) / whole, query_chars) for s in ranked[:limit]]


def ranked_statement(statement: Statement, share: float, query_chars: int) -> RankedStatement:
    """Return one statement as it is shown."""
    blocks = statement.hit + statement.read
    return RankedStatement(
        id=str(statement.id),
        share=round(share, 4),
        calls=statement.calls,
        total_ms=round(statement.total_ms, 3),
        mean_ms=round(statement.mean_ms, 3),
        rows=statement.rows,
        hit_share=round(statement.hit / blocks, 4) if blocks else None,
        read_blocks=statement.read,
        temp_blocks=statement.temp,
        wal_bytes=statement.wal,
        query=one_line(statement.query, query_chars),
    )


def one_line(query: str, limit: int = MAX_QUERY) -> str:
    """Return a statement's text on one line, cut, and without the literals of a utility command.

    PostgreSQL writes ``$1`` for the constants of a SELECT or of DML; a CREATE ROLE keeps its
    password.
    """
    flat = re.sub(r"\s+", " ", query).strip()
    if not _PARAMETRISED.match(flat):
        flat = _LITERAL.sub("'…'", flat)
    return flat if len(flat) <= limit else f"{flat[:limit]}…"
