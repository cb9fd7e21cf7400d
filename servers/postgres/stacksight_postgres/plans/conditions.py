"""The conditions that EXPLAIN prints, taken apart."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pglast import ast
from pglast.enums import A_Expr_Kind, BoolExprType, NullTestType
from pglast.parser import ParseError
from pglast.stream import RawStream

from stacksight_postgres.guard.statement import parse_expression, walk

Use = Literal["equal", "range", "prefix", "pattern", "contains", "other"]

_EQUAL = frozenset({"=", "IS"})
_RANGE = frozenset({"<", "<=", ">", ">="})
_PATTERN = frozenset({"~~", "~~*", "~", "~*"})
_CONTAINS = frozenset({"@>", "<@", "&&", "@@", "?", "?|", "?&", "@?", "@@@"})
_COMMUTED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}


@dataclass(frozen=True)
class Predicate:
    """One condition of a conjunction, seen from one table.

    Attributes:
        key: the column or expression of the table, as an index would name it.
        column: the column's name when the key is just a column.
        use: what kind of comparison it is.
        operator: as written.
        other: the alias of the table on the other side of a join condition, or None.
        value: the constant it is compared with, where it is one.
    """

    key: str
    column: str | None
    use: Use
    operator: str
    other: str | None = None
    value: str | None = None


def conjuncts(condition: str) -> list[ast.Node]:
    """Return the parts of a condition that AND joins; a part that cannot be parsed is left out."""
    try:
        return list(_flatten(parse_expression(condition)))
    except (ParseError, ValueError):
        pass
    parts = []
    for text in _split(condition):
        try:
            parts += list(_flatten(parse_expression(text)))
        except (ParseError, ValueError):
            continue  # what only EXPLAIN can write, such as (hashed SubPlan 1)
    return parts


def conjuncts_of(condition: ast.Node | None) -> list[ast.Node]:
    """Return the parts of a parsed condition that AND joins."""
    return list(_flatten(condition)) if condition is not None else []


def predicates(condition: str, alias: str) -> list[Predicate]:
    """Return what a condition asks of the table of this alias."""
    found = (_predicate(node, alias) for node in conjuncts(condition))
    return [predicate for predicate in found if predicate is not None]


def key_of(expression: str, alias: str) -> str | None:
    """Write an expression on one table as an index key, or return None when it reads another."""
    try:
        node = parse_expression(expression)
    except (ParseError, ValueError):
        return None
    return _key(node)[0] if _aliases(node) == {alias} else None


def _flatten(node: ast.Node) -> Iterator[ast.Node]:
    if isinstance(node, ast.BoolExpr) and node.boolop == BoolExprType.AND_EXPR:
        for argument in node.args or ():
            yield from _flatten(argument)
    else:
        yield node


def _split(condition: str) -> list[str]:
    """Split at the ANDs of the outermost level, which EXPLAIN puts into one pair of parentheses."""
    text = condition[1:-1] if condition.startswith("(") and condition.endswith(")") else condition
    parts, depth, start, position = [], 0, 0, 0
    while position < len(text):
        depth += {"(": 1, ")": -1}.get(text[position], 0)
        if depth == 0 and text.startswith(" AND ", position):
            parts.append(text[start:position])
            start = position = position + 5
        else:
            position += 1
    return [*parts, text[start:]]


def _predicate(node: ast.Node, alias: str) -> Predicate | None:
    if isinstance(node, ast.NullTest) and isinstance(node.arg, ast.Node):
        is_null = node.nulltesttype == NullTestType.IS_NULL and _aliases(node.arg) == {alias}
        return _made(node.arg, "equal", "IS") if is_null else None
    if isinstance(node, ast.ColumnRef) and _aliases(node) == {alias}:
        return _made(node, "equal", "IS")
    return _comparison(node, alias) if isinstance(node, ast.A_Expr) else None


def _comparison(node: ast.A_Expr, alias: str) -> Predicate | None:
    operator = str(node.name[-1].sval) if node.name else ""
    left, right = _as_node(node.lexpr), _as_node(node.rexpr)
    if left is None or right is None:
        return None
    on_left, on_right = _aliases(left), _aliases(right)
    if on_left == {alias} and alias not in on_right:
        return _compare(node, left, right, operator)
    if on_right == {alias} and alias not in on_left:
        if node.kind == A_Expr_Kind.AEXPR_OP_ANY:
            return _made(right, "contains", "@>")
        return _compare(node, right, left, _COMMUTED.get(operator, operator))
    return None


def _compare(node: ast.A_Expr, own: ast.Node, value: ast.Node, operator: str) -> Predicate | None:
    others = _aliases(value)
    other = next(iter(others)) if len(others) == 1 else None
    if len(others) > 1 or node.kind == A_Expr_Kind.AEXPR_OP_ALL:
        return None
    constant = _constant(value)
    if operator in _EQUAL:
        use: Use = "equal"
    elif operator in _RANGE:
        use = "range"
    elif operator in _PATTERN:
        prefixed = operator == "~~" and constant is not None and constant[:1] not in ("%", "_", "")
        use = "prefix" if prefixed else "pattern"
    else:
        use = "contains" if operator in _CONTAINS else "other"
    return _made(own, use, operator, other, constant)


def _made(
    own: ast.Node, use: Use, operator: str, other: str | None = None, value: str | None = None
) -> Predicate:
    key, column = _key(own)
    return Predicate(key, column, use, operator, other, value)


def _key(node: ast.Node) -> tuple[str, str | None]:
    """Write an expression without its table's alias, in parentheses unless it is a column."""
    while isinstance(node, ast.TypeCast) and isinstance(node.arg, ast.ColumnRef | ast.TypeCast):
        # (title)::text on a varchar column is how EXPLAIN shows a binary-compatible comparison.
        if not _is_text(node.typeName):
            break
        node = node.arg
    for part in walk(node):
        if isinstance(part, ast.ColumnRef) and part.fields and len(part.fields) > 1:
            part.fields = part.fields[-1:]
    text = str(RawStream()(node))
    if isinstance(node, ast.ColumnRef):
        return text, str(getattr(node.fields[-1], "sval", "")) if node.fields else None
    return (text if isinstance(node, ast.FuncCall) else f"({text})"), None


def _is_text(type_name: ast.TypeName | None) -> bool:
    names = [str(part.sval) for part in (type_name.names or ())] if type_name else []
    return names[-1:] == ["text"]


def _as_node(value: object) -> ast.Node | None:
    if isinstance(value, ast.Node):
        return value
    if isinstance(value, tuple):
        return ast.A_ArrayExpr(elements=value)
    return None


def _aliases(node: ast.Node) -> set[str]:
    """Return the aliases of all tables that an expression reads; "" stands for a subplan."""
    found = set()
    for part in walk(node):
        if isinstance(part, ast.ColumnRef) and part.fields:
            named = [str(getattr(field, "sval", "*")) for field in part.fields]
            found.add(named[-2] if len(named) > 1 else "")
    return found


def _constant(node: ast.Node) -> str | None:
    while isinstance(node, ast.TypeCast) and isinstance(node.arg, ast.Node):
        node = node.arg
    if isinstance(node, ast.A_Const) and isinstance(node.val, ast.String):
        return str(node.val.sval)
    return None
