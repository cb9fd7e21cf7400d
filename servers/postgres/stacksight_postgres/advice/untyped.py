"""Writes numbers so that hypopg compares them as the planner does. Pure.

An index's predicate is simplified before it is compared with a query's conditions, but not by
hypopg: to it ``price < 24`` is a call that turns an integer into a numeric, and no condition of a
query has that. Quoted, the number has the column's type from the start.
"""

from functools import lru_cache
from typing import Any

from pglast import ast, parse_sql
from pglast.stream import RawStream

from stacksight_postgres.advice.nodes import is_node, nodes_below


@lru_cache(maxsize=4096)
def untyped(condition: str) -> str:
    """Return a condition with the numbers that columns are compared with in quotes."""
    if not condition:
        return ""
    statement: Any = parse_sql(f"SELECT WHERE {condition}")[0].stmt
    where = statement.whereClause
    for node in nodes_below(where):
        if is_node(node, ast.A_Expr) and is_node(node.lexpr, ast.ColumnRef):
            values = node.rexpr if isinstance(node.rexpr, tuple) else (node.rexpr,)
            for value in values:
                _quote(value)
    return str(RawStream()(where))


def _quote(value: Any) -> None:
    if not is_node(value, ast.A_Const):
        return
    if is_node(value.val, ast.Integer):
        value.val = ast.String(sval=str(value.val.ival))
    elif is_node(value.val, ast.Float):
        value.val = ast.String(sval=value.val.fval)
