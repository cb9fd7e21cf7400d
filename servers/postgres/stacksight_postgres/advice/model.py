"""What the advice is worked out from and worked out in: tables, queries' needs, indexes."""

import re
from collections import Counter
from dataclasses import dataclass, field
from math import inf
from typing import Literal

from stacksight_postgres.plans.facts import quote_name

PredicateKind = Literal[
    "equal", "in", "range", "prefix", "null", "not_null", "boolean", "compare", "other"
]


@dataclass(frozen=True)
class Column:
    """A column with what the statistics say of it.

    Attributes:
        name: as the catalogue has it.
        type: as ``format_type`` writes it.
        alignment: its storage alignment in bytes: 1, 2, 4 or 8.
        width: average bytes of a value.
        fixed: whether every value has the same width.
        distinct: number of different values, as estimated; None without statistics.
        null_fraction: share of NULLs.
        correlation: between physical and logical order, -1 to 1; None when unknown.
        ordered: whether the type has a default B-tree operator class.
        deduplicates: whether B-trees store equal keys of it once.
        bytewise: whether its collation compares byte by byte, so that LIKE 'x%' is a range.
    """

    name: str
    type: str
    alignment: int
    width: int
    fixed: bool
    distinct: float | None
    null_fraction: float
    correlation: float | None
    ordered: bool
    deduplicates: bool
    bytewise: bool


@dataclass(frozen=True)
class ExistingIndex:
    """An index that is there.

    Attributes:
        name: qualified and quoted as needed.
        method: its access method.
        keys: key columns or expressions as the catalogue writes them, with opclass and direction.
        include: further columns that it carries.
        where: its predicate, if partial.
        unique: whether it enforces uniqueness.
        constraint: whether it belongs to a constraint or is the replica identity.
        bytes: its size.
        valid: whether it can be used.
        scans: how often it was used since the statistics began.
    """

    name: str
    method: str
    keys: tuple[str, ...]
    include: tuple[str, ...]
    where: str | None
    unique: bool
    constraint: bool
    bytes: int
    valid: bool
    scans: int


@dataclass(frozen=True)
class Writes:
    """Rows written to a table since its statistics began.

    Attributes:
        seconds: since when; None when unknown.
    """

    inserted: int
    updated: int
    hot_updated: int
    deleted: int
    seconds: float | None


@dataclass(frozen=True)
class Table:
    """A table, partitioned table or materialized view.

    Attributes:
        oid: of the relation.
        name: as SQL of this session names it: quoted and qualified as needed.
        rows: as estimated by the last ANALYZE or VACUUM.
        pages: of 8 kB.
        visible: pages whose rows all transactions see, so that an index alone answers for them.
        analyzed: whether there are statistics.
        columns: by name.
        indexes: that exist.
        foreign_keys: the columns of each foreign key.
        writes: since the statistics began.
        partitions: the leaves by name, empty for an ordinary table.
    """

    oid: int
    name: str
    rows: float
    pages: int
    visible: int
    analyzed: bool
    columns: dict[str, Column]
    indexes: tuple[ExistingIndex, ...]
    foreign_keys: tuple[tuple[str, ...], ...]
    writes: Writes
    partitions: tuple[str, ...] = ()


@dataclass(frozen=True)
class View:
    """A view: the SELECT it stands for and its columns."""

    name: str
    definition: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Key:
    """What an index can be built on: a column, or an expression over columns.

    Attributes:
        sql: as it is written in CREATE INDEX, without direction.
        columns: that it needs.
    """

    sql: str
    columns: tuple[str, ...]

    @property
    def is_column(self) -> bool:
        """Whether it is a column rather than an expression."""
        return not self.sql.startswith("(")


@dataclass(frozen=True)
class Predicate:
    """A condition on one use of a table.

    Attributes:
        kind: what it asks; ``compare`` is one column against another of the same row.
        key: what it restricts; None for a comparison of two columns.
        columns: that it needs.
        constant: the condition as SQL on the bare columns, when it holds constants only.
        partner: the use of another table that the key is compared with.
        operator: as written.
        literal: the text that it compares with, if that is a constant.
        always: whether every row of the answer meets it, as opposed to an arm of an OR.
    """

    kind: PredicateKind
    key: Key | None
    columns: tuple[str, ...]
    constant: str | None = None
    partner: int | None = None
    operator: str = "="
    literal: str | None = None
    always: bool = True


@dataclass(frozen=True)
class SortKey:
    """A key of an ORDER BY with its direction."""

    key: Key
    descending: bool = False
    nulls_first: bool = False


@dataclass
class Use:
    """One use of a table in a query, with all that the query asks of it there.

    Attributes:
        table: which.
        number: of this use in its query, from 0.
        needed: the columns that are read, each with how often it is mentioned.
        predicates: conditions on them.
        orders: in which rows are wanted.
        groups: keys by which rows are grouped or made distinct.
        written: whether the statement changes these rows, which takes them whole.
    """

    table: Table
    number: int
    needed: Counter[str] = field(default_factory=Counter)
    predicates: list[Predicate] = field(default_factory=list)
    orders: list[tuple[SortKey, ...]] = field(default_factory=list)
    groups: list[tuple[Key, ...]] = field(default_factory=list)
    written: bool = False


@dataclass(frozen=True)
class Query:
    """A query to be made faster.

    Attributes:
        label: how the answer names it: ``Q3``.
        sql: as it is planned.
        uses: of tables, in order of appearance.
        weight: how much a unit of its cost counts.
        most: cost beyond which it is too slow to be run, and no less is any gain.
        calls: how often it ran, if known.
        text: as the caller knows it.
    """

    label: str
    sql: str
    uses: tuple[Use, ...]
    weight: float = 1.0
    most: float = inf
    calls: int | None = None
    text: str = ""

    def counted(self, cost: float) -> float:
        """Return what a cost of this query counts among those of the others."""
        return min(cost, self.most) * self.weight


@dataclass(frozen=True, order=True)
class IndexKey:
    """A key as an index has it.

    Attributes:
        sql: the column or parenthesised expression.
        columns: that it needs.
        suffix: operator class and direction, with a space before it, or empty.
    """

    sql: str
    columns: tuple[str, ...]
    suffix: str = ""

    def __str__(self) -> str:
        return self.sql + self.suffix


@dataclass(frozen=True, order=True)
class IndexSpec:
    """An index that could be.

    Attributes:
        table: by name, as SQL writes it.
        keys: its keys in order.
        include: names of further columns to carry, in catalogue spelling.
        where: conditions of a partial index, all of which hold; empty for a full one.
        method: its access method.
    """

    table: str
    keys: tuple[IndexKey, ...]
    include: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    method: str = "btree"

    @property
    def columns(self) -> frozenset[str]:
        """The columns whose values can be read from the index."""
        plain = {key.columns[0] for key in self.keys if not key.sql.startswith("(")}
        return frozenset(plain | set(self.include))

    @property
    def predicate(self) -> str:
        """The conditions of a partial index as one."""
        return " AND ".join(self.where)

    @property
    def has_to_lead(self) -> bool:
        """Whether hypopg sees all of it only where its table is the first of a query."""
        return bool(self.where) or any(key.sql.startswith("(") for key in self.keys)

    def create(
        self, name: str = "", on: str = "", options: str = "", *, concurrently: bool = False
    ) -> str:
        """Write the CREATE INDEX; ``on`` names another table, such as a partition."""
        parts = ["CREATE INDEX"]
        parts += ["CONCURRENTLY"] if concurrently else []
        parts += [name] if name else []
        parts += ["ON", on or self.table]
        parts += [f"USING {self.method}"] if self.method != "btree" else []
        parts.append(f"({', '.join(str(key) for key in self.keys)})")
        included = ", ".join(quote_name(column) for column in self.include)
        parts += [f"INCLUDE ({included})"] if included else []
        parts += [f"WITH ({options})"] if options else []
        parts += [f"WHERE {self.predicate}"] if self.where else []
        return " ".join(parts)


def bare_name(name: str) -> str:
    """Return the relation's own name, as plans have it, of one that SQL may qualify and quote."""
    last = re.split(r'\.(?=(?:[^"]*"[^"]*")*[^"]*$)', name)[-1]
    return last.strip('"').replace('""', '"')
