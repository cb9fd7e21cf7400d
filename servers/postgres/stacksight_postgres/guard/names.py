"""What a statement names: functions, operators, types and relations."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from pglast import ast
from pglast.parser import ParseError

from stacksight_core.errors import ToolFailure
from stacksight_postgres.guard.lists import RUNS_TEXT
from stacksight_postgres.guard.statement import parse_reading, walk

ANYWHERE = "*"
"""Stands for a schema when it is not known on which search path a name will be resolved."""

# Where the grammar implies an operator without a node that names it: JOIN USING, CASE x WHEN,
# x IN (SELECT ..), NULLIF, IS DISTINCT FROM, GROUP BY, ORDER BY.
_IMPLIED_OPERATORS = ("=", "<", ">", "<=", ">=", "<>")


@dataclass(frozen=True)
class FunctionUse:
    """A function by the name it is called by.

    Attributes:
        schema: as written, or None, or ANYWHERE.
        name: its name.
        arguments: how many it is given, or None when the catalogue has to consider any number.
        read: its arguments are SQL as literals, and what they name is collected as well.
    """

    schema: str | None
    name: str
    arguments: int | None
    read: bool = False


@dataclass(frozen=True)
class Name:
    """An operator, type or relation: schema as written, or None, and name."""

    schema: str | None
    name: str


@dataclass
class Names:
    """Everything that a piece of SQL names.

    Attributes:
        functions: called as functions.
        attributes: written as columns; ``t.f`` calls the function f when t has no column f.
        operators: written, or implied by the grammar.
        types: cast to, also by calling the type like a function.
        relations: in FROM, which may also be names of common table expressions.
    """

    functions: set[FunctionUse] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    operators: set[Name] = field(default_factory=set)
    types: set[Name] = field(default_factory=set)
    relations: set[Name] = field(default_factory=set)

    def __sub__(self, other: "Names") -> "Names":
        return Names(
            self.functions - other.functions,
            self.attributes - other.attributes,
            self.operators - other.operators,
            self.types - other.types,
            self.relations - other.relations,
        )

    def __ior__(self, other: "Names") -> "Names":
        self.functions |= other.functions
        self.attributes |= other.attributes
        self.operators |= other.operators
        self.types |= other.types
        self.relations |= other.relations
        return self

    def __bool__(self) -> bool:
        return any((self.functions, self.attributes, self.operators, self.types, self.relations))

    def anywhere(self) -> "Names":
        """Return these names as they may be resolved on any search path."""
        return Names(
            {replace(use, schema=use.schema or ANYWHERE) for use in self.functions},
            set(self.attributes),
            {replace(name, schema=name.schema or ANYWHERE) for name in self.operators},
            set(self.types),
            {replace(name, schema=name.schema or ANYWHERE) for name in self.relations},
        )


def names_in(root: ast.Node) -> Names:
    """Collect every name in a tree."""
    names = Names(operators={Name(None, operator) for operator in _IMPLIED_OPERATORS})
    for node in walk(root):
        _collect(node, names)
    return names


def constant_names_in(root: ast.Node) -> Names:
    """Collect the names of functions that can be computed without reading a column."""
    names = Names()
    for node in walk(root):
        if isinstance(node, ast.FuncCall) and not _reads_column(node):
            names |= names_in(node)
    return names


def _reads_column(root: ast.Node) -> bool:
    return any(isinstance(node, ast.ColumnRef) for node in walk(root))


def _collect(node: ast.Node, names: Names) -> None:
    match node:
        case ast.FuncCall():
            _collect_call(node, names)
        case ast.ColumnRef(fields=fields):
            names.attributes |= set(_strings(fields)[1:])
        case ast.A_Indirection(indirection=indirection):
            names.attributes |= set(_strings(indirection))
        case ast.A_Expr(name=parts):
            names.operators.add(_name(parts))
        case ast.SubLink(operName=parts) if parts:
            names.operators.add(_name(parts))
        case ast.SortBy(useOp=parts) if parts:
            names.operators.add(_name(parts))
        case ast.TypeName(names=parts) if parts:
            names.types.add(_name(parts))
        case ast.RangeVar(schemaname=schema, relname=relation):
            names.relations.add(Name(schema, str(relation)))
        case ast.RangeTableSample(method=parts):
            name = _name(parts)
            names.functions.add(FunctionUse(name.schema, name.name, None))
        case _:
            pass


def _collect_call(call: ast.FuncCall, names: Names) -> None:
    name = _name(call.funcname)
    given = len(call.args or ())
    count = None if call.agg_within_group or call.func_variadic else given
    texts = _texts_read(call) if name.name in RUNS_TEXT else []
    for tree in texts:
        names |= names_in(tree)
    names.functions.add(FunctionUse(name.schema, name.name, count, read=bool(texts)))
    if given == 1:
        names.types.add(name)


def _texts_read(call: ast.FuncCall) -> list[ast.Node]:
    """Return the statements in a call's arguments, or none unless each is a literal that reads."""
    trees = []
    for argument in call.args or ():
        value = argument.val if isinstance(argument, ast.A_Const) else None
        if isinstance(value, ast.Integer):
            continue
        if not isinstance(value, ast.String):
            return []
        try:
            trees.append(parse_reading(str(value.sval)).tree)
        except (ToolFailure, ParseError):
            return []
    return trees


def _name(parts: Iterable[ast.Node] | None) -> Name:
    *schema, name = _strings(parts)
    return Name(schema[-1] if schema else None, name)


def _strings(parts: Iterable[ast.Node] | None) -> list[str]:
    return [str(part.sval) for part in parts or () if isinstance(part, ast.String)]
