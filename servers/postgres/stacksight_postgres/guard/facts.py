"""What the catalogue says about the things a statement names."""

from dataclasses import dataclass
from typing import Literal

Volatility = Literal["i", "s", "v"]


@dataclass(frozen=True)
class Function:
    """A row of pg_proc, as far as safety goes.

    Attributes:
        oid: its identity.
        schema: where it is.
        name: its name.
        on_path: its schema is on the search path, so that the name alone may mean it.
        builtin: it came with PostgreSQL itself.
        extension: the extension it belongs to, or None.
        volatility: i(mmutable), s(table) or v(olatile).
        security_definer: it runs with its owner's rights.
        language: what it is written in.
        body: its source, for SQL and PL/pgSQL.
        defaults: of its parameters, as SQL, or None.
        types: OIDs of user-made types that it takes or returns.
        settings: names of the settings that it changes while it runs.
        least_arguments: with how few it can be called.
        most_arguments: with how many, or None for any number.
        takes_row: its one argument may be a row, so that ``t.f`` can call it.
        parts: OIDs of the functions that an aggregate is made of.
    """

    oid: int
    schema: str
    name: str
    on_path: bool
    builtin: bool
    extension: str | None
    volatility: Volatility
    security_definer: bool
    language: str
    body: str | None
    defaults: str | None
    types: tuple[int, ...]
    settings: tuple[str, ...]
    least_arguments: int
    most_arguments: int | None
    takes_row: bool
    parts: tuple[int, ...]


@dataclass(frozen=True)
class Relation:
    """A relation that a statement reads.

    Attributes:
        schema: where it is.
        name: its name.
        on_path: its schema is on the search path.
        trusted: it came with PostgreSQL or an extension.
        foreign: it, or one of its partitions, is a foreign table.
        expressions: SQL that runs when it is read: a view's SELECT, row policies.
        planned: expressions that the planner simplifies, and of which it computes what is constant:
            of indexes, checks, defaults.
    """

    schema: str
    name: str
    on_path: bool
    trusted: bool
    foreign: bool
    expressions: tuple[str, ...]
    planned: tuple[str, ...] = ()


@dataclass(frozen=True)
class CatalogFacts:
    """What the catalogue says about a set of names.

    Attributes:
        functions: every function that one of the names may mean.
        called: OIDs of functions that operators, casts and aggregates call.
        relations: that the names may mean.
        checks: expressions of domain constraints that a cast would evaluate.
        schemas: all of users, as far as their names need no quotes.
    """

    functions: tuple[Function, ...]
    called: frozenset[int] = frozenset()
    relations: tuple[Relation, ...] = ()
    checks: tuple[str, ...] = ()
    schemas: tuple[str, ...] = ()
