"""Statements of a migration, what is known about their tables, and what check_migration answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, Field

Lock = Literal[
    "ACCESS SHARE",
    "ROW EXCLUSIVE",
    "SHARE UPDATE EXCLUSIVE",
    "SHARE",
    "SHARE ROW EXCLUSIVE",
    "EXCLUSIVE",
    "ACCESS EXCLUSIVE",
]
Work = Literal["none", "scan", "build", "rewrite"]
Danger = Literal["fails", "dangerous", "careful", "safe", "unknown"]


@dataclass(frozen=True)
class ColumnState:
    """A column as it is.

    Attributes:
        type: with its length, as SQL writes it.
        not_null: whether NULL is refused, by NOT NULL or by a valid CHECK.
        is_not_null: by NOT NULL itself.
        null_share: of its rows, by the statistics, or None.
        distinct_share: distinct values for each row, by the statistics, or None.
    """

    type: str
    not_null: bool
    is_not_null: bool
    null_share: float | None = None
    distinct_share: float | None = None


@dataclass(frozen=True)
class TableState:
    """A table as it is, with all its partitions.

    Attributes:
        name: as SQL writes it.
        kind: of pg_class.relkind.
        rows: estimated, or None when never analyzed.
        bytes: without indexes.
        index_bytes: of its indexes.
        reads_a_minute: scans since the statistics were reset.
        writes_a_minute: rows written.
        columns: by name.
        indexes: index name to how often it was read.
        constraint_indexes: indexes that a constraint needs.
        referenced_by: tables with a foreign key to it.
        referencing: tables that its foreign keys point to.
        views: that read it, by column; "" for the whole row.
        default_partition: its default partition, if any.
        holders: sessions whose open transactions hold a lock on it, described.
        unvalidated: constraints NOT VALID that say that a column is not null, to that column.
    """

    name: str
    kind: str
    rows: int | None
    bytes: int
    index_bytes: int
    reads_a_minute: float
    writes_a_minute: float
    columns: Mapping[str, ColumnState] = field(default_factory=dict)
    indexes: Mapping[str, int] = field(default_factory=dict)
    constraint_indexes: frozenset[str] = frozenset()
    referenced_by: tuple[str, ...] = ()
    referencing: tuple[str, ...] = ()
    views: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    default_partition: str | None = None
    holders: tuple[str, ...] = ()
    unvalidated: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Catalogue:
    """What is known about the things that a script names.

    Attributes:
        version: of the server, e.g. 150018.
        tables: by the name that the script uses, quoted where it has to be.
        index_tables: an index's name to its table's.
        volatile: functions that are volatile.
        types: a type as the script writes it, to its canonical name.
        binary_casts: pairs of types of which values need no change.
        constrained_types: domains with a constraint.
        utc: whether the time zone is UTC.
    """

    version: int
    tables: Mapping[str, TableState] = field(default_factory=dict)
    index_tables: Mapping[str, str] = field(default_factory=dict)
    volatile: frozenset[str] = frozenset()
    types: Mapping[str, str] = field(default_factory=dict)
    binary_casts: frozenset[tuple[str, str]] = frozenset()
    constrained_types: frozenset[str] = frozenset()
    utc: bool = False


@dataclass(frozen=True)
class Effect:
    """What a part of a statement does to a table.

    Attributes:
        table: by the name that the script uses; None when it touches no existing table.
        lock: what it takes.
        work: what it does while it holds the lock.
        why: the work, in words.
        instead: the safe way.
        fails: why it would fail, or might.
        certain: whether it certainly fails.
        loses: what is gone afterwards.
        alone: it cannot run inside a transaction.
    """

    table: str | None
    lock: Lock = "ACCESS SHARE"
    work: Work = "none"
    why: str = ""
    instead: str | None = None
    fails: str | None = None
    certain: bool = False
    loses: str | None = None
    alone: bool = False


class CheckedStatement(BaseModel):
    """A statement of the script, and what it would do."""

    number: int
    sql: str
    danger: Danger
    effects: list[str] = Field(description="Lock, table, size, traffic, what it blocks and why.")
    instead: str | None = Field(default=None, description="The safe way.")
    rules: list[str] = Field(default_factory=list, description="Rules of squawk that it breaks.")


class Migration(BaseModel):
    """What a script would do to this database."""

    database: str
    tables: list[str] = Field(description="The tables concerned, with size and traffic.")
    statements: list[CheckedStatement]
    hidden: int = Field(default=0, description="Statements that were not examined, for length.")
    counts: dict[str, int]
    rules: dict[str, str] = Field(default_factory=dict, description="What these rules say.")
    notes: list[str] = Field(default_factory=list)
