"""A query plan, as EXPLAIN (FORMAT JSON) prints it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

JsonMap = Mapping[str, Any]

_TITLES = {"Aggregate": {"Hashed": "HashAggregate", "Sorted": "GroupAggregate"}}


@dataclass(frozen=True, eq=False)
class Node:
    """A node of a plan.

    Attributes:
        number: in the order in which EXPLAIN prints them, from 1.
        raw: the node's own properties as EXPLAIN names them.
        children: inputs and subplans.
    """

    number: int
    raw: JsonMap
    children: tuple["Node", ...]

    @property
    def kind(self) -> str:
        """Node type, as in ``Seq Scan``."""
        return str(self.raw["Node Type"])

    @property
    def title(self) -> str:
        """Node type as EXPLAIN's text prints it, as in ``Hash Left Join``."""
        kind = self.kind
        if kind == "ModifyTable":
            kind = str(self.raw.get("Operation", kind))
        kind = _TITLES.get(kind, {}).get(str(self.raw.get("Strategy")), kind)
        if self.raw.get("Partial Mode") in ("Partial", "Finalize"):
            kind = f"{self.raw['Partial Mode']} {kind}"
        join = self.raw.get("Join Type")
        if join and join != "Inner":
            kind = kind.removesuffix(" Join") + f" {join} Join"
        if self.raw.get("Scan Direction") == "Backward":
            kind += " Backward"
        return f"Parallel {kind}" if self.raw.get("Parallel Aware") else kind

    @property
    def relationship(self) -> str:
        """What it is to its parent: Outer, Inner, InitPlan, SubPlan, Member, Subquery."""
        return str(self.raw.get("Parent Relationship", ""))

    @property
    def relation(self) -> str | None:
        """The table, if it reads one."""
        return self.raw.get("Relation Name")

    @property
    def schema(self) -> str | None:
        """The table's schema."""
        return self.raw.get("Schema")

    @property
    def alias(self) -> str | None:
        """The table's name in the statement."""
        return self.raw.get("Alias")

    @property
    def where(self) -> str:
        """What it works on, as in ``captions c`` or ``captions_pkey on captions``."""
        name = self.relation or self.raw.get("CTE Name") or self.raw.get("Function Name") or ""
        shown = f"{self.schema}.{name}" if self.schema not in (None, "public") else str(name)
        if self.alias and self.alias != name:
            shown = f"{shown} {self.alias}".strip()
        index = self.raw.get("Index Name")
        if index and shown:
            return f"{index} on {shown}"
        return str(index or shown)

    @property
    def label(self) -> str:
        """Title and what it works on, as in ``Seq Scan on captions c``."""
        if not self.where:
            return self.title
        return f"{self.title} {'using' if self.raw.get('Index Name') else 'on'} {self.where}"

    @property
    def cost(self) -> float:
        """The planner's estimate for one execution, in its units."""
        return float(self.raw.get("Total Cost", 0.0))

    @property
    def startup_cost(self) -> float:
        """The estimate until the first row."""
        return float(self.raw.get("Startup Cost", 0.0))

    @property
    def estimated_rows(self) -> float:
        """Rows of one execution that the planner expects."""
        return float(self.raw.get("Plan Rows", 0))

    @property
    def width(self) -> int:
        """Bytes of a row that the planner expects."""
        return int(self.raw.get("Plan Width", 0))

    @property
    def measured(self) -> bool:
        """Whether it was executed, as ANALYZE does."""
        return "Actual Loops" in self.raw

    @property
    def loops(self) -> float:
        """How often it was executed, by all workers together."""
        return float(self.raw.get("Actual Loops", 0))

    @property
    def rows(self) -> float:
        """Rows of one execution, on average."""
        return float(self.raw.get("Actual Rows", 0))

    @property
    def all_rows(self) -> float:
        """Rows of all executions."""
        return self.rows * self.loops

    @property
    def removed(self) -> float:
        """Rows that its filter removed in all executions."""
        return float(self.raw.get("Rows Removed by Filter", 0)) * self.loops

    def number_of(self, key: str) -> float:
        """Return a property that is a number, 0 when it is missing."""
        return float(self.raw.get(key) or 0)

    def text_of(self, key: str) -> str:
        """Return a property that is text or a list of texts, as one text."""
        value = self.raw.get(key)
        return ", ".join(map(str, value)) if isinstance(value, list) else str(value or "")

    def child(self, relationship: str) -> "Node | None":
        """Return the first child of a relationship."""
        return next((c for c in self.children if c.relationship == relationship), None)

    def walk(self) -> Iterator["Node"]:
        """Yield this node and all below it, in printing order."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True)
class Plan:
    """A whole plan.

    Attributes:
        root: its topmost node.
        planning_ms: what planning took, when measured.
        execution_ms: what execution took, when measured.
        settings: planner settings that are not at their defaults.
        triggers: as EXPLAIN reports them.
        jit: as EXPLAIN reports it, or None.
        parents: each node's parent by the node's number.
    """

    root: Node
    planning_ms: float | None = None
    execution_ms: float | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    triggers: tuple[JsonMap, ...] = ()
    jit: JsonMap | None = None
    parents: Mapping[int, Node] = field(default_factory=dict)

    @property
    def measured(self) -> bool:
        """Whether it was executed."""
        return self.execution_ms is not None

    @property
    def nodes(self) -> list[Node]:
        """All nodes, in printing order."""
        return list(self.root.walk())

    def parent(self, node: Node) -> Node | None:
        """Return a node's parent."""
        return self.parents.get(node.number)

    def ancestors(self, node: Node) -> Iterator[Node]:
        """Yield a node's parent, its parent, and so on."""
        while (parent := self.parent(node)) is not None:
            yield parent
            node = parent


def print_plan(plan: Plan) -> list[dict[str, Any]]:
    """Return a plan as EXPLAIN (FORMAT JSON) prints it, decoded.

    What ``read_plan`` does not keep, the buffers of planning, is left out.
    """

    def build(node: Node) -> dict[str, Any]:
        below = {"Plans": [build(child) for child in node.children]} if node.children else {}
        return {**node.raw, **below}

    top: dict[str, Any] = {"Plan": build(plan.root)}
    if plan.settings:
        top["Settings"] = dict(plan.settings)
    if plan.planning_ms is not None:
        top["Planning Time"] = plan.planning_ms
    if plan.triggers:
        top["Triggers"] = list(plan.triggers)
    if plan.jit is not None:
        top["JIT"] = plan.jit
    if plan.execution_ms is not None:
        top["Execution Time"] = plan.execution_ms
    return [top]


def read_plan(printed: Any) -> Plan:
    """Read the decoded JSON that EXPLAIN (FORMAT JSON) returns."""
    top: JsonMap = printed[0]
    numbers = iter(range(1, 1_000_000))
    parents: dict[int, Node] = {}

    def build(raw: JsonMap) -> Node:
        number = next(numbers)
        children = tuple(build(child) for child in raw.get("Plans", ()))
        node = Node(number, {k: v for k, v in raw.items() if k != "Plans"}, children)
        parents.update({child.number: node for child in children})
        return node

    return Plan(
        root=build(top["Plan"]),
        planning_ms=top.get("Planning Time"),
        execution_ms=top.get("Execution Time"),
        settings=top.get("Settings", {}),
        triggers=tuple(top.get("Triggers", ())),
        jit=top.get("JIT"),
        parents=parents,
    )
