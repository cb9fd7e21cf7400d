"""What a statement names: functions, operators, types and relations."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from pglast import ast

from stacksight_postgres.guard.statement import walk

# Where the grammar implies an operator without a node that names it: JOIN USING, CASE x WHEN,
# x IN (SELECT ..), NULLIF, IS DISTINCT FROM, GROUP BY, ORDER BY.
_IMPLIED_OPERATORS = ("=", "<", ">", "<=", ">=", "<>")


@dataclass(frozen=True)
class FunctionUse:
    """A function by the name it is called by.

    Attributes:
        schema: as written, or None.
        name: its name.
        arguments: how many it is given, or None when the catalogue has to consider any number.
    """

    schema: str | None
    name: str
    arguments: int | None


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


def names_in(root: ast.Node) -> Names:
    """Collect every name in a tree."""
    names = Names(operators={Name(None, operator) for operator in _IMPLIED_OPERATORS})
    for node in walk(root):
        _collect(node, names)
    return names


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
    names.functions.add(FunctionUse(name.schema, name.name, count))
    if given == 1:
        names.types.add(name)


def _name(parts: Iterable[ast.Node] | None) -> Name:
    *schema, name = _strings(parts)
    return Name(schema[-1] if schema else None, name)


def _strings(parts: Iterable[ast.Node] | None) -> list[str]:
    return [str(part.sval) for part in parts or () if isinstance(part, ast.String)]
