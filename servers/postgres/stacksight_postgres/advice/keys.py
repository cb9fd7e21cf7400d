"""Expressions as what an index could be built on, and as constants."""

import copy
from typing import Any

from pglast import ast
from pglast.stream import RawStream

from stacksight_postgres.advice.model import Column, Key, Use
from stacksight_postgres.advice.nodes import is_node, nodes_below
from stacksight_postgres.advice.scopes import Output, Scope, field_names
from stacksight_postgres.plans.facts import quote_name

_CONSTANT_NODES = (ast.A_Const, ast.TypeCast, ast.TypeName, ast.A_ArrayExpr, ast.String)
_TEXT_TYPES = frozenset({"text", "varchar", "bpchar"})
_TEXT_COLUMNS = ("text", "character varying", "character")


def column_key(name: str) -> Key:
    """Return the key that a plain column is."""
    return Key(quote_name(name), (name,))


def direct_keys(output: Output) -> list[tuple[Use, Key]]:
    """Return the base-table columns that an output column is."""
    return [(use, column_key(name)) for use, name in output.refs]


def expression_keys(node: Any, scope: Scope) -> list[tuple[Use, Key]]:
    """Return what an index on the expression's table could have as its key.

    A column gives the column (one for each arm, where it comes from a UNION); an expression over
    columns of one use of a table gives the expression; everything else nothing.
    """
    if is_node(node, ast.ColumnRef):
        output = scope.find(field_names(node))
        return direct_keys(output) if output else []
    if is_node(node, ast.TypeCast) and _keeps_value(node, scope):
        return expression_keys(node.arg, scope)
    if not is_node(node, (ast.FuncCall, ast.A_Expr, ast.TypeCast, ast.CoalesceExpr)):
        return []
    key = _expression_key(node, scope)
    return [key] if key else []


def is_constant(node: Any) -> bool:
    """Whether a value is the same for every row: no column and no subquery in it."""
    return not any(is_node(n, (ast.ColumnRef, ast.SubLink)) for n in nodes_below(node))


def is_literal(node: Any) -> bool:
    """Whether a value is written out: literals only, no parameter and no function."""
    nodes = [n for n in nodes_below(node) if is_node(n, ast.Node)]
    allowed = (*_CONSTANT_NODES, ast.Integer, ast.Float, ast.Boolean)
    return bool(nodes) and all(is_node(n, allowed) for n in nodes)


def literal_text(node: Any) -> str | None:
    """Return the text of a string literal, also under a cast."""
    while is_node(node, ast.TypeCast):
        node = node.arg
    if is_node(node, ast.A_Const) and is_node(node.val, ast.String):
        return str(node.val.sval)
    return None


def bare_sql(node: Any, scope: Scope) -> str | None:
    """Write an expression with bare column names, as an index on their table has it."""
    found = _rewritten(node, scope)
    return found[1] if found else None


def _expression_key(node: Any, scope: Scope) -> tuple[Use, Key] | None:
    unfit = (ast.SubLink, ast.ParamRef, ast.SQLValueFunction)
    nodes = nodes_below(node)
    if any(is_node(n, unfit) or getattr(n, "over", None) for n in nodes):
        return None
    found = _rewritten(node, scope)
    if found is None:
        return None
    use, sql, columns = found
    return use, Key(f"({sql})", columns)


def _rewritten(node: Any, scope: Scope) -> tuple[Use, str, tuple[str, ...]] | None:
    bare = copy.deepcopy(node)
    uses: dict[int, Use] = {}
    columns: dict[str, None] = {}
    for reference in nodes_below(bare):
        if not is_node(reference, ast.ColumnRef):
            continue
        output = scope.find(field_names(reference))
        if output is None or len(output.refs) != 1:
            return None
        use, name = output.refs[0]
        uses[use.number] = use
        columns[name] = None
        reference.fields = (ast.String(sval=name),)
    if len(uses) != 1:
        return None
    return next(iter(uses.values())), str(RawStream()(bare)), tuple(columns)


def _keeps_value(cast: Any, scope: Scope) -> bool:
    """Whether a cast leaves a column usable as an index key: text to varchar and the like."""
    if not is_node(cast.arg, ast.ColumnRef):
        return False
    output = scope.find(field_names(cast.arg))
    if output is None or not output.refs:
        return False
    target = cast.typeName.names[-1].sval
    columns = [_column(use, name) for use, name in output.refs]
    return target in _TEXT_TYPES and all(c.type.startswith(_TEXT_COLUMNS) for c in columns)


def _column(use: Use, name: str) -> Column:
    return use.table.columns[name]
