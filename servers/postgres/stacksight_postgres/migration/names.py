"""What a script names, so that the catalogue can be asked about it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pglast import ast, enums
from pglast.stream import RawStream

from stacksight_postgres.guard.statement import walk
from stacksight_postgres.plans.facts import quote_name

_SERIALS = frozenset({"serial", "bigserial", "smallserial", "serial4", "serial8", "serial2"})


@dataclass(frozen=True)
class Step:
    """A statement of a script.

    Attributes:
        number: from 1.
        node: its root.
        sql: its text.
        end: the line and the column where it ends, from 0.
    """

    number: int
    node: ast.Node
    sql: str
    end: tuple[int, int]


@dataclass(frozen=True)
class Named:
    """Names that the catalogue is asked about.

    Attributes:
        relations: tables, views and indexes, quoted where they have to be.
        functions: in defaults.
        types: that columns are given.
    """

    relations: list[str]
    functions: list[str]
    types: list[str]


def named_in(steps: Sequence[Step]) -> Named:
    """Collect what the statements of a script name."""
    relations: dict[str, None] = {}
    functions: set[str] = set()
    types: set[str] = set()
    for step in steps:
        relations |= dict.fromkeys(_relations(step.node))
        for node in walk(step.node):
            if isinstance(node, ast.FuncCall) and node.funcname:
                functions.add(str(node.funcname[-1].sval))
            elif isinstance(node, ast.TypeName) and node.names:
                types.add(type_text(node))
    return Named(list(relations), sorted(functions), sorted(types - _SERIALS))


def _relations(root: ast.Node) -> Iterator[str]:
    for node in walk(root):
        if isinstance(node, ast.RangeVar):
            yield relation_text(node)
    if isinstance(root, ast.DropStmt):
        for parts in root.objects or ():
            if isinstance(parts, tuple):
                yield object_text(dropped_table(root, parts))
    if isinstance(root, ast.CommentStmt) and isinstance(root.object, tuple):
        yield object_text(root.object)


def dropped_table(node: ast.DropStmt, parts: Sequence[Any]) -> Sequence[Any]:
    """Return the parts of the name of the relation that a DROP concerns."""
    of_table = (
        enums.ObjectType.OBJECT_TRIGGER,
        enums.ObjectType.OBJECT_POLICY,
        enums.ObjectType.OBJECT_RULE,
    )
    return parts[:-1] if node.removeType in of_table else parts


def relation_text(node: ast.RangeVar) -> str:
    """Write a relation's name, quoted where it has to be."""
    name = quote_name(str(node.relname))
    return f"{quote_name(str(node.schemaname))}.{name}" if node.schemaname else name


def object_text(parts: Sequence[Any]) -> str:
    """Write a name that the grammar gives in parts."""
    return ".".join(quote_name(str(part.sval)) for part in parts if isinstance(part, ast.String))


def type_text(node: ast.TypeName) -> str:
    """Write a type as SQL."""
    return str(RawStream()(node))


def is_serial(node: ast.TypeName | None) -> bool:
    """Tell whether a type is one of the serial types, which fill themselves."""
    names = node.names if node is not None else None
    return bool(names) and str((names or ())[-1].sval) in _SERIALS
