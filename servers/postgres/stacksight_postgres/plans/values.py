"""Values for ``$1`` from a table's statistics: a typical one, and the one that costs most."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pglast import ast
from pglast.enums import A_Expr_Kind

from stacksight_postgres.guard.statement import walk
from stacksight_postgres.plans.facts import ColumnFacts, TableFacts

DEFAULT_LIMIT = "10"


@dataclass(frozen=True)
class Sample:
    """A parameter's values, as text, with where they come from."""

    typical: str
    worst: str
    source: str


def sample_values(tree: ast.Node, tables: Mapping[str, TableFacts]) -> dict[int, Sample]:
    """Find values for the parameters of a statement, as far as statistics allow.

    Args:
        tree: the parsed statement.
        tables: by name, those that the statement reads.

    Returns:
        Samples by parameter number; a parameter that is compared with no column is missing.
    """
    aliases = dict(_aliases(tree, tables))
    found: dict[int, Sample] = {}
    for node in walk(tree):
        if isinstance(node, ast.SelectStmt):
            for clause in (node.limitCount, node.limitOffset):
                if (number := _parameter(clause)) is not None:
                    value = DEFAULT_LIMIT if clause is node.limitCount else "0"
                    found.setdefault(number, Sample(value, value, "LIMIT"))
        elif isinstance(node, ast.A_Expr):
            for number, column, operator, table in _comparisons(node, aliases):
                sample = _sample(column, operator, table)
                if sample is not None:
                    found.setdefault(number, sample)
    return found


def _aliases(tree: ast.Node, tables: Mapping[str, TableFacts]) -> Iterator[tuple[str, TableFacts]]:
    for node in walk(tree):
        if isinstance(node, ast.RangeVar) and node.relname in tables:
            alias = node.alias.aliasname if node.alias else node.relname
            yield str(alias), tables[str(node.relname)]


def _comparisons(
    node: ast.A_Expr, aliases: Mapping[str, TableFacts]
) -> Iterator[tuple[int, ColumnFacts, str, TableFacts]]:
    operator = str(node.name[-1].sval) if node.name else ""
    pairs = [(node.lexpr, node.rexpr), (node.rexpr, node.lexpr)]
    for own, other in pairs:
        column = _column(own, aliases)
        if column is None:
            continue
        values = other if isinstance(other, tuple) else (other,)
        for position, value in enumerate(values):
            if (number := _parameter(value)) is not None:
                shown = operator
                if node.kind in (A_Expr_Kind.AEXPR_BETWEEN, A_Expr_Kind.AEXPR_BETWEEN_SYM):
                    shown = ">=" if position == 0 else "<="
                elif node.kind == A_Expr_Kind.AEXPR_OP_ANY:
                    shown = "= ANY"
                elif own is node.rexpr:
                    shown = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}.get(operator, operator)
                yield number, column[0], shown, column[1]


def _column(
    node: object, aliases: Mapping[str, TableFacts]
) -> tuple[ColumnFacts, TableFacts] | None:
    if not isinstance(node, ast.ColumnRef) or not node.fields:
        return None
    names = [str(getattr(field, "sval", "*")) for field in node.fields]
    if len(names) > 1:
        table = aliases.get(names[-2])
        column = table.columns.get(names[-1]) if table else None
        return (column, table) if column and table else None
    having = [t for t in aliases.values() if names[0] in t.columns]
    return (having[0].columns[names[0]], having[0]) if having else None


def _parameter(node: object) -> int | None:
    while isinstance(node, ast.TypeCast):
        node = node.arg
    return node.number if isinstance(node, ast.ParamRef) else None


def _sample(column: ColumnFacts, operator: str, table: TableFacts) -> Sample | None:
    source = f"{table.name}.{column.name}"
    bounds, common = column.bounds, column.common
    if not bounds and not common:
        return None
    middle = bounds[len(bounds) // 2] if bounds else common[len(common) // 2]
    ordered = bounds or common
    few = bounds[:: max(len(bounds) // 3, 1)][:3] if bounds else common[:3]
    ways = {
        "=": (middle, common[0] if common else middle),
        "= ANY": (_array(few), _array(common[:3] or few)),
        "<": (middle, ordered[-1]),
        "<=": (middle, ordered[-1]),
        ">": (middle, ordered[0]),
        ">=": (middle, ordered[0]),
        "~~": (f"{middle[:3]}%", f"%{middle[1:3]}%"),
        "~~*": (f"{middle[:3]}%", f"%{middle[1:3]}%"),
    }
    return Sample(*ways[operator], source) if operator in ways else None


def _array(values: tuple[str, ...]) -> str:
    escaped = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return "{" + ",".join(f'"{value}"' for value in escaped) + "}"
