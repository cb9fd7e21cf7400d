"""What is known about the tables of a plan, and about the server it ran on."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from stacksight_postgres.plans.model import Node, Plan
from stacksight_postgres.plans.shares import Share, compute_shares


@dataclass(frozen=True)
class ColumnFacts:
    """Statistics of a column.

    Attributes:
        name: its name.
        type: as SQL writes it, without a length.
        distinct: estimated number of distinct values, or None without statistics.
        null_share: 0 to 1.
        common: most common values, as text, the commonest first.
        bounds: histogram bounds, as text.
        width: average bytes.
    """

    name: str
    type: str
    distinct: float | None = None
    null_share: float = 0.0
    common: tuple[str, ...] = ()
    bounds: tuple[str, ...] = ()
    width: int = 8


@dataclass(frozen=True)
class IndexFacts:
    """An index that exists.

    Attributes:
        name: its name.
        method: btree, gin, …
        keys: columns and expressions in order, as the catalogue prints them.
        unique: whether it is.
        valid: whether it can be used.
        predicate: the WHERE of a partial index.
        definition: from USING on.
    """

    name: str
    method: str
    keys: tuple[str, ...]
    unique: bool = False
    valid: bool = True
    predicate: str | None = None
    definition: str = ""


@dataclass(frozen=True)
class Reference:
    """A foreign key that points to a table, without an index on the referencing columns.

    Attributes:
        name: of the constraint.
        table: the referencing table, as SQL writes it.
        columns: the referencing columns.
        rows: estimated rows of the referencing table.
    """

    name: str
    table: str
    columns: tuple[str, ...]
    rows: float


@dataclass(frozen=True)
class TableFacts:
    """A table of the plan.

    Attributes:
        schema: where it is.
        name: its name.
        rows: estimated, or None when never analyzed.
        pages: blocks of 8 kB.
        dead: dead rows.
        changed: rows changed since the last analyze.
        analyzed: whether it ever was.
        columns: by name.
        indexes: of the table.
        parent: the partitioned table that it is a part of.
        unindexed_references: foreign keys to it whose checks read whole tables.
    """

    schema: str
    name: str
    rows: float | None
    pages: int
    dead: int = 0
    changed: int = 0
    analyzed: bool = True
    columns: Mapping[str, ColumnFacts] = field(default_factory=dict)
    indexes: tuple[IndexFacts, ...] = ()
    parent: str | None = None
    parallel_workers: int | None = None
    unindexed_references: tuple[Reference, ...] = ()

    @property
    def shown(self) -> str:
        """The name as SQL writes it, without the schema where that is public."""
        name = quote_name(self.name)
        return name if self.schema == "public" else f"{quote_name(self.schema)}.{name}"


@dataclass(frozen=True)
class FunctionFacts:
    """A function that parallel workers cannot call.

    Attributes:
        name: its name.
        parallel: u(nsafe), for a statement that calls it at all, or r(estricted) to the leader.
        signature: with the types it takes, if it is the only one of its name and can be altered.
    """

    name: str
    parallel: str
    signature: str | None = None


@dataclass(frozen=True)
class Surroundings:
    """What a plan is judged by besides itself.

    Attributes:
        tables: by schema and name.
        settings: planner and memory settings of the session, in their base units.
        functions: that the statement calls and parallel workers cannot, the unsafe ones first.
        version: of the server, e.g. 150018.
        extensions: installed.
        available: extensions that could be installed.
    """

    tables: Mapping[tuple[str, str], TableFacts] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    functions: tuple[FunctionFacts, ...] = ()
    version: int = 150000
    extensions: frozenset[str] = frozenset()
    available: frozenset[str] = frozenset()

    def work_mem_kb(self) -> int:
        """Return work_mem in kB."""
        return int(self.settings.get("work_mem", "4096"))


class PlanView:
    """A plan with everything the insights look at.

    Attributes:
        plan: the plan.
        shares: each node's own part, by number.
        around: tables and settings.
    """

    def __init__(self, plan: Plan, around: Surroundings) -> None:
        self.plan = plan
        self.around = around
        self.shares: Mapping[int, Share] = compute_shares(plan)

    def part(self, *nodes: Node | None) -> float:
        """Return the share of nodes together, without their children, 0 to 1."""
        return min(sum(self.shares[node.number].part for node in nodes if node), 1.0)

    def part_with_children(self, node: Node) -> float:
        """Return the share of a node and everything below it."""
        return self.part(*node.walk())

    def table(self, node: Node) -> TableFacts | None:
        """Return what is known about the table that a node reads."""
        if node.relation is None:
            return None
        return self.around.tables.get((node.schema or "public", node.relation))

    def executed(self) -> list[Node]:
        """Return the nodes that ran at least once, or all when nothing was measured."""
        return [n for n in self.plan.nodes if n.loops > 0 or not self.plan.measured]


_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz_0123456789$")


def quote_name(name: str) -> str:
    """Write an identifier, quoted when it has to be."""
    if name and set(name) <= _PLAIN and not name[0].isdigit() and name not in RESERVED:
        return name
    return '"' + name.replace('"', '""') + '"'


RESERVED = frozenset(
    """
    all analyse analyze and any array as asc asymmetric both case cast check collate column
    constraint create current_catalog current_date current_role current_time current_timestamp
    current_user default deferrable desc distinct do else end except false fetch for foreign from
    grant group having in initially intersect into lateral leading limit localtime localtimestamp
    not null offset on only or order placing primary references returning select session_user some
    symmetric table then to trailing true union unique user using variadic when where window with
    """.split()
)
