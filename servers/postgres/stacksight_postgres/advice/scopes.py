"""Which column a name in a query means: scopes as SQL has them, on what the catalogue knows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pglast import ast, parse_sql

from stacksight_postgres.advice.model import Table, Use, View

Relation = Table | View
Catalog = Mapping[tuple[str, str], Relation]
"""Relations by schema and name as a query writes them; the schema is empty when it writes none."""


@dataclass(eq=False)
class Output:
    """A column that a FROM item offers.

    Attributes:
        refs: the base-table columns that it is, one for each arm of a UNION.
        parts: the expressions that it is made of, where it is no plain column.
        read: whether somebody has asked for it.
    """

    refs: list[tuple[Use, str]] = field(default_factory=list)
    parts: list[tuple[Any, "Scope"]] = field(default_factory=list)
    read: bool = False


@dataclass
class Source:
    """A FROM item: its alias and its columns by name."""

    alias: str
    columns: dict[str, Output]
    use: Use | None = None


@dataclass
class Scope:
    """What names mean at one level of a query; ``parent`` is the query around it."""

    parent: "Scope | None" = None
    sources: list[Source] = field(default_factory=list)
    ctes: dict[str, dict[str, Output]] = field(default_factory=dict)
    merged: dict[str, Output] = field(default_factory=dict)

    def find_cte(self, name: str) -> dict[str, Output] | None:
        """Return the columns of the WITH query of this name, if one is in sight."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.ctes:
                return scope.ctes[name]
            scope = scope.parent
        return None

    def find(self, fields: tuple[str, ...]) -> Output | None:
        """Return what ``column``, ``alias.column`` or ``schema.table.column`` means."""
        scope: Scope | None = self
        while scope is not None:
            found = scope.find_here(fields)
            if found is not None:
                return found
            scope = scope.parent
        return None

    def find_here(self, fields: tuple[str, ...]) -> Output | None:
        """Return what a reference means at this level alone."""
        name = fields[-1]
        if len(fields) == 1:
            if name in self.merged:
                return self.merged[name]
            matches = [s.columns[name] for s in self.sources if name in s.columns]
            return matches[0] if len(matches) == 1 else None
        for source in self.sources:
            if source.alias == fields[-2]:
                return source.columns.get(name)
        return None

    def find_source(self, alias: str) -> Source | None:
        """Return the FROM item of this alias, here or further out."""
        scope: Scope | None = self
        while scope is not None:
            for source in scope.sources:
                if source.alias == alias:
                    return source
            scope = scope.parent
        return None


def field_names(reference: ast.ColumnRef) -> tuple[str, ...]:
    """Return the parts of a column reference; a star is ``*``."""
    return tuple(str(getattr(part, "sval", "*")) for part in reference.fields or ())


def relation_names(root: Any) -> set[tuple[str, str]]:
    """Return the schema and name of every relation that a tree mentions."""
    names: set[tuple[str, str]] = set()
    pending = [root]
    while pending:
        value = pending.pop()
        if isinstance(value, tuple):
            pending.extend(value)
        elif isinstance(value, ast.RangeVar):
            names.add((value.schemaname or "", value.relname or ""))
        elif isinstance(value, ast.Node):
            pending.extend(getattr(value, name) for name in value)
    return names


def view_query(view: View) -> ast.SelectStmt:
    """Parse the SELECT that a view stands for."""
    statement = parse_sql(view.definition)[0].stmt
    assert isinstance(statement, ast.SelectStmt)
    return statement


def rename(columns: dict[str, Output], names: Iterable[str]) -> dict[str, Output]:
    """Give the first columns new names, as ``AS t (a, b)`` does."""
    new = list(names)
    old = list(columns)
    return dict(zip(new + old[len(new) :], columns.values(), strict=False))
