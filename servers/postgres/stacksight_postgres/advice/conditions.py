"""Conditions of WHERE, ON and HAVING, taken apart into what each asks of a table's columns."""

from typing import Any, Protocol

from pglast import ast
from pglast.enums import A_Expr_Kind, BoolExprType, BoolTestType, NullTestType, SubLinkType
from pglast.stream import RawStream

from stacksight_postgres.advice.keys import (
    bare_sql,
    direct_keys,
    expression_keys,
    is_constant,
    is_literal,
    literal_text,
)
from stacksight_postgres.advice.model import Key, Predicate, PredicateKind, Use
from stacksight_postgres.advice.nodes import is_node
from stacksight_postgres.advice.scopes import Output, Scope

RANGES = frozenset({"<", ">", "<=", ">="})
_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
_BETWEEN = frozenset({A_Expr_Kind.AEXPR_BETWEEN, A_Expr_Kind.AEXPR_BETWEEN_SYM})
_LIKE = frozenset({A_Expr_Kind.AEXPR_LIKE, A_Expr_Kind.AEXPR_ILIKE, A_Expr_Kind.AEXPR_SIMILAR})
_ESCAPED = "like_escape"


class Reads(Protocol):
    """What reads the columns and subqueries of an expression."""

    def read(self, root: Any, scope: Scope) -> None:
        """Note every column in it as read."""

    def select(self, node: Any, parent: Scope | None) -> dict[str, Output]:
        """Read a subquery and return its columns."""

    def touch(self, output: Output) -> None:
        """Note a column as read."""


def read_condition(node: Any, scope: Scope, reader: Reads, *, always: bool = True) -> None:
    """Note on the tables' uses what a condition asks of them.

    Args:
        node: the condition, or None.
        scope: what names mean in it.
        reader: reads the columns and subqueries that it mentions.
        always: whether every row of the answer meets it, as opposed to an arm of an OR.
    """
    if node is None:
        return
    if is_node(node, ast.BoolExpr) and node.boolop != BoolExprType.NOT_EXPR:
        if node.boolop == BoolExprType.AND_EXPR:
            for arm in node.args or ():
                read_condition(arm, scope, reader, always=always)
        else:
            _alternatives(node, scope, reader, always=always)
        return
    reader.read(node, scope)
    if is_node(node, ast.SubLink):
        _membership(node, scope, reader)
    elif is_node(node, ast.A_Expr):
        _comparison(node, scope, reader, always=always)
    else:
        _test(node, scope, always=always)


def _alternatives(node: Any, scope: Scope, reader: Reads, *, always: bool) -> None:
    """Read the arms of an OR; what all of them demand is demanded of every row."""
    arms = [{str(RawStream()(part)): part for part in _parts(arm)} for arm in node.args or ()]
    common = set(arms[0]).intersection(*arms[1:])
    for number, arm in enumerate(arms):
        for text, part in arm.items():
            if text not in common or number == 0:
                read_condition(part, scope, reader, always=always and text in common)


def _parts(node: Any) -> tuple[Any, ...]:
    if is_node(node, ast.BoolExpr) and node.boolop == BoolExprType.AND_EXPR:
        return tuple(node.args or ())
    return (node,)


def join_columns(one: Output, other: Output) -> None:
    """Note that two columns are compared for equality, as USING does."""
    _pair(direct_keys(one), direct_keys(other), "equal", "=")


def _test(node: Any, scope: Scope, *, always: bool) -> None:
    kind: PredicateKind = "boolean"
    tested = node
    if is_node(node, ast.NullTest):
        null = node.nulltesttype == NullTestType.IS_NULL
        kind, tested = ("null" if null else "not_null"), node.arg
    elif is_node(node, ast.BoolExpr):
        tested = node.args[0]
    elif is_node(node, ast.BooleanTest) and node.booltesttype != BoolTestType.IS_UNKNOWN:
        tested = node.arg
    if kind == "boolean" and not is_node(tested, ast.ColumnRef):
        return
    constant = bare_sql(node, scope) if always else None
    for use, key in expression_keys(tested, scope):
        use.predicates.append(Predicate(kind, key, key.columns, constant))


def _membership(node: Any, scope: Scope, reader: Reads) -> None:
    """``x IN (SELECT y …)`` compares x with y."""
    if node.subLinkType != SubLinkType.ANY_SUBLINK or node.testexpr is None:
        return
    tests = node.testexpr.args if is_node(node.testexpr, ast.RowExpr) else (node.testexpr,)
    outputs = reader.select(node.subselect, scope).values()
    for test, output in zip(tests, outputs, strict=False):
        inner = direct_keys(output)
        if not inner and len(output.parts) == 1:
            inner = expression_keys(*output.parts[0])
        outer = expression_keys(test, scope)
        if inner:
            _pair(outer, inner, "equal", "=")
        for use, key in () if inner else outer:
            use.predicates.append(Predicate("in", key, key.columns))


def _comparison(node: Any, scope: Scope, reader: Reads, *, always: bool) -> None:
    left, right = node.lexpr, node.rexpr
    if is_node(left, ast.RowExpr):
        _rows(node, scope, reader, always=always)
        return
    operator = node.name[-1].sval if node.name else ""
    kind = _kind(node, operator)
    outer, inner = expression_keys(left, scope), _right_keys(right, scope)
    if is_node(right, ast.SubLink):
        inner = []
    constant = None
    if always and (is_literal(right) or (is_literal(left) and inner)):
        constant = bare_sql(node, scope)
    if outer and inner:
        if _same_row(node, outer, inner, scope, always=always):
            return
        _pair(outer, inner, kind, operator)
        return
    if not outer and kind == "in":  # x = ANY (column): a search in an array
        kind, operator = "other", "= ANY"
    varies = not (is_constant(right) if outer else is_constant(left))
    literal = literal_text(_pattern(right)) if outer and not varies else None
    written = operator if outer else _MIRRORED.get(operator, operator)
    for use, key in outer or inner:
        use.predicates.append(
            Predicate(kind, key, key.columns, constant, None, written, literal, always)
        )


def _right_keys(node: Any, scope: Scope) -> list[tuple[Use, Key]]:
    return [] if isinstance(node, tuple) else expression_keys(node, scope)


def _rows(node: Any, scope: Scope, reader: Reads, *, always: bool) -> None:
    """``(a, b) = (1, 2)`` is two conditions; ``(a, b) > (1, 2)`` at least one on the first."""
    if isinstance(node.rexpr, tuple):
        for left in node.lexpr.args:
            for use, key in expression_keys(left, scope):
                use.predicates.append(Predicate("in", key, key.columns, always=always))
        return
    if not is_node(node.rexpr, ast.RowExpr):
        return
    pairs = list(zip(node.lexpr.args, node.rexpr.args, strict=False))
    whole = bool(node.name) and node.name[-1].sval == "="
    for left, right in pairs if whole else pairs[:1]:
        part = ast.A_Expr(kind=node.kind, name=node.name, lexpr=left, rexpr=right)
        _comparison(part, scope, reader, always=always and whole)


def _kind(node: Any, operator: str) -> PredicateKind:
    if node.kind in _BETWEEN:
        return "range"
    if node.kind in {A_Expr_Kind.AEXPR_IN, A_Expr_Kind.AEXPR_OP_ANY}:
        return "in" if operator == "=" else "other"
    if node.kind in _LIKE:
        text = literal_text(_pattern(node.rexpr)) or ""
        fixed = node.kind == A_Expr_Kind.AEXPR_LIKE and operator == "~~"
        return "prefix" if fixed and text[:1] not in {"", "%", "_"} else "other"
    if node.kind != A_Expr_Kind.AEXPR_OP:
        return "other"
    if operator == "=":
        return "equal"
    return "range" if operator in RANGES else "other"


def _pattern(node: Any) -> Any:
    if is_node(node, ast.FuncCall) and node.funcname[-1].sval == _ESCAPED:
        return node.args[0]
    return node


def _pair(
    one: list[tuple[Use, Key]], other: list[tuple[Use, Key]], kind: PredicateKind, operator: str
) -> None:
    for use, key in one:
        for partner, partner_key in other:
            if partner is use:
                continue
            mirrored = _MIRRORED.get(operator, operator)
            use.predicates.append(Predicate(kind, key, key.columns, None, partner.number, operator))
            partner.predicates.append(
                Predicate(kind, partner_key, partner_key.columns, None, use.number, mirrored)
            )


def _same_row(
    node: Any,
    one: list[tuple[Use, Key]],
    other: list[tuple[Use, Key]],
    scope: Scope,
    *,
    always: bool,
) -> bool:
    """Note a comparison of two columns of the same row: only a partial index can serve it."""
    if {use.number for use, _ in one} != {use.number for use, _ in other} or len(one) != 1:
        return False
    [(use, key)], [(_, second)] = one, other
    sql = bare_sql(node, scope) if always else None
    columns = tuple(dict.fromkeys(key.columns + second.columns))
    use.predicates.append(Predicate("compare", None, columns, sql))
    return True
