"""One SQL statement: parsed by PostgreSQL's own parser and walked to its last node."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pglast import ast, parse_sql, split
from pglast.parser import ParseError

from stacksight_core.errors import ToolFailure
from stacksight_postgres.positions import describe_position

MAX_SQL_CHARS = 100_000
MAX_NESTING = 1_000

ERROR_EMPTY = "`sql` has no statement in it. Write one, such as SELECT count(*) FROM a_table."
ERROR_SEVERAL = (
    "`sql` has {count} statements; exactly one is allowed. Call the tool once for each of them."
)
ERROR_SYNTAX = "`sql` is not valid SQL: {reason}{where}."
ERROR_NUL = "`sql` holds a NUL character, which SQL cannot."
ERROR_NESTED = (
    f"`sql` is nested more than {MAX_NESTING:,} levels deep, which is more than the parser is "
    "asked to do."
)
ERROR_NOT_READING = "{what} is not allowed here: this tool only reads.{next_step}"
ERROR_INTO = (
    "SELECT INTO creates a table, and this tool only reads. Leave the INTO out to see the rows."
)
ERROR_LOCKING = (
    "FOR UPDATE and FOR SHARE lock rows, and this tool only reads. Leave the clause out; the rows "
    "are the same."
)

Kind = Literal["select", "show", "write"]

_WRITES = (ast.InsertStmt, ast.UpdateStmt, ast.DeleteStmt, ast.MergeStmt)
_EXPLAIN_HINT = " To see its plan, give the statement without EXPLAIN to explain_query."
_WRITE_HINT = " explain_query shows the plan of an INSERT, UPDATE or DELETE without running it."


@dataclass(frozen=True)
class Statement:
    """A parsed statement.

    Attributes:
        sql: its text, without a closing semicolon.
        tree: its root node.
        kind: what it is.
    """

    sql: str
    tree: ast.Node
    kind: Kind

    @property
    def ordered(self) -> bool:
        """Whether the rows come in an order that the statement itself fixes."""
        return bool(getattr(self.tree, "sortClause", None))


def parse_statement(sql: str) -> Statement:
    """Parse the one statement in ``sql``: a SELECT, VALUES, TABLE, SHOW, or DML.

    Raises:
        ToolFailure: it is empty, not SQL, several statements, or of another kind.
    """
    root, text = _parse_one(sql)
    if isinstance(root, ast.VariableShowStmt):
        return Statement(text, root, "show")
    kind: Kind = "write" if isinstance(root, _WRITES) else "select"
    for node in walk(root):
        _refuse_other(node, allow_writes=kind == "write")
    return Statement(text, root, kind)


def parse_reading(sql: str) -> Statement:
    """Parse the one statement in ``sql``, which has to be one that reads.

    Raises:
        ToolFailure: as for ``parse_statement``, or it writes.
    """
    statement = parse_statement(sql)
    if statement.kind == "write":
        what = type(statement.tree).__name__.removesuffix("Stmt").upper()
        raise ToolFailure(ERROR_NOT_READING.format(what=what, next_step=_WRITE_HINT))
    return statement


def parse_expression(expression: str) -> ast.Node:
    """Parse a scalar expression as the catalogue or a plan prints it.

    Raises:
        ParseError, ValueError: it is more than one expression, or none.
    """
    statements = parse_sql(f"SELECT {expression}")
    select = statements[0].stmt
    if len(statements) != 1 or not isinstance(select, ast.SelectStmt) or select.fromClause:
        raise ValueError(expression)
    [target, *others] = select.targetList or (None,)
    if others or not isinstance(target, ast.ResTarget) or target.name is not None:
        raise ValueError(expression)
    if not isinstance(target.val, ast.Node):
        raise ValueError(expression)  # noqa: TRY004
    return target.val


def walk(root: Any) -> Iterator[ast.Node]:
    """Yield a node and every node below it, whatever tuples lie between them."""
    pending = [root]
    while pending:
        value = pending.pop()
        if isinstance(value, ast.Node):
            yield value
            pending.extend(getattr(value, name) for name in value)
        elif isinstance(value, tuple):
            pending.extend(value)


def _parse_one(sql: str) -> tuple[ast.Node, str]:
    if "\0" in sql:
        raise ToolFailure(ERROR_NUL)
    if _nesting(sql) > MAX_NESTING:
        raise ToolFailure(ERROR_NESTED)
    try:
        statements = parse_sql(sql)
        if len(statements) != 1:
            count = len(statements)
            raise ToolFailure(ERROR_SEVERAL.format(count=count) if count else ERROR_EMPTY)
        [text] = split(sql)
    except ParseError as error:
        reason, index = error.args[0], error.args[1] if len(error.args) > 1 else None
        raise ToolFailure(
            ERROR_SYNTAX.format(reason=reason, where=describe_position(sql, index))
        ) from error
    root = statements[0].stmt
    assert root is not None
    return root, text


def _nesting(sql: str) -> int:
    deepest = depth = 0
    for character in sql:
        if character in "([":
            depth += 1
            deepest = max(deepest, depth)
        elif character in ")]":
            depth -= 1
    return deepest


def _refuse_other(node: ast.Node, *, allow_writes: bool) -> None:
    if isinstance(node, ast.SelectStmt):
        if node.intoClause is not None:
            raise ToolFailure(ERROR_INTO)
        if node.lockingClause:
            raise ToolFailure(ERROR_LOCKING)
        return
    if not type(node).__name__.endswith("Stmt") or (allow_writes and isinstance(node, _WRITES)):
        return
    what = _statement_name(node)
    hint = ""
    if isinstance(node, ast.ExplainStmt):
        hint = _EXPLAIN_HINT
    elif isinstance(node, _WRITES):
        hint = _WRITE_HINT
    raise ToolFailure(ERROR_NOT_READING.format(what=what, next_step=hint))


def _statement_name(node: ast.Node) -> str:
    name = type(node).__name__.removesuffix("Stmt")
    spaced = "".join(f" {letter}" if letter.isupper() else letter for letter in name)
    return spaced.strip().upper().removeprefix("VARIABLE ")
