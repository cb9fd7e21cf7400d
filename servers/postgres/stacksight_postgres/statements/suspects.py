"""N+1 suspects: a statement that is run again for each row that another one returned."""

from collections.abc import Sequence
from dataclasses import dataclass

from pglast import ast, parse_sql
from pglast.enums import A_Expr_Kind
from pglast.parser import ParseError
from pglast.stream import RawStream

from stacksight_postgres.plans.conditions import conjuncts_of
from stacksight_postgres.statements.model import Statement

_COMPARING = (A_Expr_Kind.AEXPR_OP, A_Expr_Kind.AEXPR_IN)

MIN_CALLS = 10
MIN_CALLS_ALONE = 20
MAX_ROWS_PER_CALL = 3.0


@dataclass(frozen=True)
class Suspect:
    """A statement that looks like one of an N+1 pattern.

    Attributes:
        statement: that is repeated.
        parent: that seems to have returned the rows it is repeated for, or None.
        column: by which each call looks up its rows.
    """

    statement: Statement
    parent: Statement | None
    column: str


def find_suspects(statements: Sequence[Statement]) -> list[Suspect]:
    """Find statements that look up a few rows by a parameter, ten times or more.

    The parent is a statement with fewer calls that returned about as many rows as the suspect was
    called; without one it takes 20 calls. The most frequent comes first.
    """
    suspects = []
    for statement in statements:
        if statement.calls < MIN_CALLS or statement.rows_per_call > MAX_ROWS_PER_CALL:
            continue
        column = _lookup(statement.query)
        if column is None:
            continue
        parent = _parent(statement, statements)
        if parent is not None or statement.calls >= MIN_CALLS_ALONE:
            suspects.append(Suspect(statement, parent, column))
    return sorted(suspects, key=lambda s: (-s.statement.calls, s.statement.id))


def _lookup(query: str) -> str | None:
    """Return the column that the statement's WHERE compares with a parameter, if there is one."""
    try:
        statements = parse_sql(query)
    except ParseError:
        return None  # a text that was cut, or syntax of another version
    root = statements[0].stmt if len(statements) == 1 else None
    if not isinstance(root, ast.SelectStmt):
        return None
    for condition in conjuncts_of(root.whereClause):
        if not isinstance(condition, ast.A_Expr) or condition.kind not in _COMPARING:
            continue
        sides = [_uncast(side) for side in (condition.lexpr, condition.rexpr)]
        columns = [side for side in sides if isinstance(side, ast.ColumnRef)]
        values = [side for side in sides if isinstance(side, ast.ParamRef)]
        if columns and values and condition.name and condition.name[-1].sval == "=":
            return str(RawStream()(columns[0]))
    return None


def _uncast(side: object) -> object:
    """Return a value without its casts ($1::integer), and the only one of a list (IN ($1))."""
    while True:
        match side:
            case (only,):
                side = only
            case ast.TypeCast(arg=inner):
                side = inner
            case _:
                return side


def _parent(statement: Statement, statements: Sequence[Statement]) -> Statement | None:
    def distance(other: Statement) -> float:
        return abs(other.rows - statement.calls) / statement.calls

    fitting = [
        other
        for other in statements
        if other.id != statement.id
        and other.is_reading
        and other.calls * 2 <= statement.calls
        and distance(other) <= 0.1
    ]
    return min(fitting, key=distance, default=None)
