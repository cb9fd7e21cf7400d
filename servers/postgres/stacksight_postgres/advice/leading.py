"""Puts a table first in FROM, where hypopg can see what its indexes hold. Pure.

hypopg leaves predicates and expressions of an index numbered as for the first table of a query, so
that the planner matches them with conditions on that table alone. Moved to the front, by turning
joins around, any table is the first.
"""

from collections.abc import Collection
from typing import Any

from pglast import ast, parse_sql
from pglast.enums import JoinType
from pglast.stream import RawStream

from stacksight_postgres.advice.nodes import is_node, nodes_below

_TURNED = {
    JoinType.JOIN_INNER: JoinType.JOIN_INNER,
    JoinType.JOIN_LEFT: JoinType.JOIN_RIGHT,
    JoinType.JOIN_RIGHT: JoinType.JOIN_LEFT,
    JoinType.JOIN_FULL: JoinType.JOIN_FULL,
}


def with_leading(sql: str, names: Collection[tuple[str, str]]) -> str | None:
    """Return a statement with a table first in every FROM that has it; None where none does.

    The rows are the same; columns of a ``*`` may come in another order.

    Args:
        sql: one statement.
        names: schema (empty for none) and name, in each way the statement writes the table.
    """
    root: Any = parse_sql(sql)[0].stmt
    found = False
    for node in nodes_below(root):
        if is_node(node, ast.SelectStmt) and node.fromClause:
            found |= _lead_from(node, names)
    return str(RawStream()(root)) if found else None


def _lead_from(select: Any, names: Collection[tuple[str, str]]) -> bool:
    for place, item in enumerate(select.fromClause):
        if _lead(item, names):
            others = select.fromClause[:place] + select.fromClause[place + 1 :]
            select.fromClause = (item, *others)
            return True
    return False


def _lead(item: Any, names: Collection[tuple[str, str]]) -> bool:
    if is_node(item, ast.RangeVar):
        return (item.schemaname or "", item.relname) in names
    if not is_node(item, ast.JoinExpr):
        return False
    if _lead(item.larg, names):
        return True
    if item.jointype not in _TURNED or not _lead(item.rarg, names):
        return False
    item.larg, item.rarg = item.rarg, item.larg
    item.jointype = _TURNED[item.jointype]
    return True
