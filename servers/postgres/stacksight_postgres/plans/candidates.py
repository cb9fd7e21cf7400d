"""Indexes that might help a plan, derived from what its nodes filter, join and sort by."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from stacksight_postgres.plans.conditions import Predicate, key_of, predicates
from stacksight_postgres.plans.facts import PlanView, TableFacts
from stacksight_postgres.plans.model import Node

MAX_KEYS = 4
MAX_CANDIDATES = 24
MIN_TABLE_PAGES = 20
MIN_PART = 0.02
SCANS = frozenset({"Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Heap Scan"})
_PASS_ORDER = frozenset({"Gather Merge", "Limit", "Subquery Scan", "Result", "Append", "Sort"})


@dataclass(frozen=True)
class Candidate:
    """An index that may help.

    Attributes:
        table: on which table, as SQL writes it.
        keys: columns and expressions, with operator class and direction.
        method: btree or gin.
        node: number of the scan it is meant for.
    """

    table: str
    keys: tuple[str, ...]
    method: str = "btree"
    node: int | None = None

    @property
    def definition(self) -> str:
        """The index as SQL, without a name."""
        using = "" if self.method == "btree" else f"USING {self.method} "
        return f"ON {self.table} {using}({', '.join(self.keys)})"

    @property
    def create(self) -> str:
        """The statement that makes it without blocking writes."""
        return f"CREATE INDEX CONCURRENTLY {self.definition}"


def candidates_of(view: PlanView) -> list[Candidate]:
    """Return indexes worth trying for a plan, each once, those for its dearest scans first."""
    scans = [node for node in view.executed() if node.kind in SCANS]
    scans.sort(key=lambda node: -_weight(view, node))
    found: dict[tuple[str, tuple[str, ...], str], Candidate] = {}
    for node in scans:
        table = view.table(node)
        if table is None or table.pages < MIN_TABLE_PAGES or _weight(view, node) < MIN_PART:
            continue
        for candidate in _of_scan(view, node, table):
            key = (candidate.table, candidate.keys, candidate.method)
            if not _exists(candidate, table):
                found.setdefault(key, candidate)
    return list(found.values())[:MAX_CANDIDATES]


def _weight(view: PlanView, node: Node) -> float:
    """Share of a scan with the sorts, joins and filters that an index on it could spare."""
    parent = view.plan.parent(node)
    return view.part(node, parent, view.plan.parent(parent) if parent else None)


def _of_scan(view: PlanView, node: Node, table: TableFacts) -> Iterator[Candidate]:
    alias = node.alias or node.relation or ""
    own = [p for p in _conditions(node, alias) if p.use != "other"]
    equal = _by_selectivity([p.key for p in own if p.use == "equal"], table)
    ranges = _by_selectivity([p.key for p in own if p.use == "range"], table)
    prefixes = [f"{p.key} text_pattern_ops" for p in own if p.use == "prefix"]
    joins = _by_selectivity(_join_keys(view, node, alias), table)
    order = _order_keys(view, node, alias)

    for base in ([], joins, *([join] for join in joins)):
        start = _unique([*base, *equal])
        for tail in ([], ranges[:1], prefixes[:1], order):
            yield from _btree(table, node, [*start, *tail])
        yield from _btree(table, node, [*equal, *base])
    for key in [*equal, *ranges]:
        yield from _btree(table, node, [key])
    yield from _inverted(view, table, node, own)


def _btree(table: TableFacts, node: Node, keys: Iterable[str]) -> Iterator[Candidate]:
    plain = set()
    kept = []
    for key in keys:
        name = key.split(" ")[0] if not key.startswith("(") else key
        if name not in plain:
            plain.add(name)
            kept.append(key)
    if kept:
        yield Candidate(table.shown, tuple(kept[:MAX_KEYS]), node=node.number)


def _inverted(
    view: PlanView, table: TableFacts, node: Node, own: list[Predicate]
) -> Iterator[Candidate]:
    """Yield GIN indexes, for what a B-tree cannot look up."""
    trigrams = "pg_trgm" in view.around.extensions | view.around.available
    for predicate in own:
        if predicate.use == "pattern" and trigrams:
            yield Candidate(table.shown, (f"{predicate.key} gin_trgm_ops",), "gin", node.number)
        elif predicate.use == "contains" and _has_gin(predicate, table):
            yield Candidate(table.shown, (predicate.key,), "gin", node.number)


def _has_gin(predicate: Predicate, table: TableFacts) -> bool:
    column = table.columns.get(predicate.column or "")
    kind = column.type if column else "tsvector" if predicate.operator == "@@" else ""
    return kind.endswith("[]") or kind in ("jsonb", "tsvector")


def _conditions(node: Node, alias: str) -> list[Predicate]:
    texts = [node.text_of(k) for k in ("Filter", "Index Cond", "Recheck Cond") if k in node.raw]
    if node.kind == "Bitmap Heap Scan":
        texts += [n.text_of("Index Cond") for n in node.walk() if "Index Cond" in n.raw]
    found = [p for text in texts for p in predicates(text, alias)]
    return list(dict.fromkeys(found))


def _join_keys(view: PlanView, node: Node, alias: str) -> list[str]:
    """Return what the joins above compare with other tables by equality."""
    keys: list[str] = []
    for ancestor in view.plan.ancestors(node):
        for name in ("Hash Cond", "Merge Cond", "Join Filter"):
            joined = predicates(ancestor.text_of(name) or "true", alias)
            keys += [p.key for p in joined if p.use == "equal" and p.other]
    found = [p.key for p in _conditions(node, alias) if p.use == "equal" and p.other]
    return _unique([*keys, *found])


def _order_keys(view: PlanView, node: Node, alias: str) -> list[str]:
    """Return the sort keys above a scan when they are all its own."""
    for ancestor in view.plan.ancestors(node):
        keys = ancestor.raw.get("Sort Key")
        if keys:
            return _own_sort_keys(keys, alias)
        if ancestor.kind not in _PASS_ORDER and ancestor.kind != "Nested Loop":
            return []
    return []


def _own_sort_keys(keys: list[str], alias: str) -> list[str]:
    own = []
    for key in keys:
        expression, direction = key, ""
        for suffix in (" DESC NULLS LAST", " NULLS FIRST", " DESC"):
            if key.endswith(suffix):
                expression, direction = key.removesuffix(suffix), suffix
                break
        plain = key_of(expression, alias)
        if plain is None:
            return []
        own.append(f"{plain}{direction}")
    if all(key.endswith(" DESC") for key in own):  # a B-tree is read backwards as well
        own = [key.removesuffix(" DESC") for key in own]
    return own


def _by_selectivity(keys: Iterable[str], table: TableFacts) -> list[str]:
    """Order keys by how many distinct values they have, most first."""

    def distinct(key: str) -> float:
        column = table.columns.get(key.strip('"'))
        return column.distinct or 0.0 if column else 0.0

    return sorted(_unique(keys), key=lambda key: (-distinct(key), key))


def _unique(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))


def _exists(candidate: Candidate, table: TableFacts) -> bool:
    width = len(candidate.keys)
    return any(
        index.valid
        and index.method == candidate.method
        and index.predicate is None
        and index.keys[:width] == candidate.keys
        for index in table.indexes
    )
