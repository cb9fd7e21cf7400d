"""Which indexes could serve a use of a table: keys in the right order, partial, covering, BRIN."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import permutations

from stacksight_postgres.advice.keys import column_key
from stacksight_postgres.advice.model import (
    IndexKey,
    IndexSpec,
    Key,
    Predicate,
    Query,
    SortKey,
    Table,
    Use,
)

MAX_KEYS = 4
KNOWN_METHODS = frozenset({"btree", "brin"})
"""Of which hypopg can make hypothetical indexes."""

MAX_PARTIAL_KEYS = 2
MAX_PAIRED = 8
MAX_INCLUDED = 12
MAX_COVERING_WIDTH = 160
SMALL_TABLE_PAGES = 8
BRIN_PAGES = 1024
BRIN_CORRELATION = 0.9
FEW_VALUES = 100
"""A constant is worth a partial index only where the column has few values: a status, a kind."""

MAX_CONSTANTS = 2
"""A column compared with more constants than this is compared with a parameter in truth."""

_COMPARED = frozenset({"equal", "in", "range"})
_BRIN_KINDS = frozenset({"equal", "in", "range"})
_POINTS = frozenset({"equal", "in", "null", "boolean"})
_RANGES = frozenset({"range", "prefix", "not_null"})
_TEXT = ("text", "character varying")

Sequences = dict[tuple[IndexKey, ...], None]


def candidate_indexes(queries: Sequence[Query]) -> dict[IndexSpec, set[int]]:
    """Return every index that the syntax of the queries makes plausible, in a fixed order.

    What exists already, and what a tiny table does not need, is left out.

    Returns:
        Each with the numbers of the queries that it was thought of for.
    """
    found: dict[IndexSpec, set[int]] = {}
    varying = _varying(queries)
    for number, query in enumerate(queries):
        for use in query.uses:
            if use.table.pages >= SMALL_TABLE_PAGES:
                for spec in _of_use(use, varying):
                    found.setdefault(spec, set()).add(number)
    tables = {use.table.name: use.table for query in queries for use in query.uses}
    return {spec: by for spec, by in found.items() if not _exists(spec, tables[spec.table])}


def relevant_to(query: Query, spec: IndexSpec) -> bool:
    """Whether the planner could have a reason to use an index for a query, and knows its kind."""
    return spec.method in KNOWN_METHODS and any(_serves(use, spec) for use in query.uses)


def _serves(use: Use, spec: IndexSpec) -> bool:
    if use.table.name != spec.table:
        return False
    if spec.where and not set(spec.where) <= _constants(use):
        return False
    if spec.columns.issuperset(use.needed) and not use.written:
        return True
    wanted = {p.key.sql for p in use.predicates if p.key is not None}
    wanted |= {order[0].key.sql for order in use.orders}
    wanted |= {key.sql for group in use.groups for key in group}
    return spec.keys[0].sql in wanted


def _constants(use: Use) -> set[str]:
    return {p.constant for p in use.predicates if p.constant is not None}


def _varying(queries: Sequence[Query]) -> frozenset[tuple[str, str]]:
    """Return tables and keys that the queries compare with ever other constants: parameters."""
    constants: dict[tuple[str, str], set[str]] = {}
    for query in queries:
        for use in query.uses:
            for p in use.predicates:
                if p.key is not None and p.constant is not None and p.kind in _COMPARED:
                    constants.setdefault((use.table.name, p.key.sql), set()).add(p.constant)
    return frozenset(one for one, texts in constants.items() if len(texts) > MAX_CONSTANTS)


def _of_use(use: Use, varying: frozenset[tuple[str, str]]) -> Iterator[IndexSpec]:
    table = use.table
    main, paired = _sequences(use)
    ordered = {tuple(_sort_key(key) for key in order) for order in use.orders}
    for keys in (*main, *paired):
        yield IndexSpec(table.name, keys)
    for keys in main:
        yield from _covering(use, keys, (), frozenset())
    for where, dropped, points in _partials(use, varying):
        rest = {tuple(k for k in keys if k.sql not in points): None for keys in main}
        if not any(rest):
            rest[_some_key(use, points)] = None
        for keys in rest:
            if keys and (len(keys) <= MAX_PARTIAL_KEYS or keys in ordered):
                yield IndexSpec(table.name, keys, where=where)
                yield from _covering(use, keys, where, dropped)
    yield from _brin(use)


# --- keys -------------------------------------------------------------------------------------


def _sequences(use: Use) -> tuple[Sequences, Sequences]:
    """Return key sequences worth covering and partial variants, and merely paired ones."""
    points = _keys(use, _POINTS, joined=False)
    ranges = _keys(use, _RANGES, joined=False)
    joins = _joins(use)
    orders = [tuple(_sort_key(k) for k in order) for order in use.orders if _sortable(use, order)]
    groups = [_plain(use, group) for group in use.groups]
    every = _distinct([*points, *ranges, *(key for join in joins for key in join)])
    main: Sequences = {(key,): None for key in every}
    heads = _distinct_sequences([(), points, *joins, *(j + points for j in joins)])
    heads += [points + join for join in joins if points]
    tails = [(), *((key,) for key in ranges), *orders, *groups]
    for head in heads:
        for tail in tails:
            keys = tuple(_distinct([*head, *tail]))[:MAX_KEYS]
            if keys:
                main[keys] = None
    paired: Sequences = {}
    for pair in permutations(every[:MAX_PAIRED], 2):
        if pair not in main and pair[0].sql != pair[1].sql:
            paired[pair] = None
    return main, paired


def _keys(use: Use, kinds: frozenset[str], *, joined: bool) -> tuple[IndexKey, ...]:
    found: dict[IndexKey, float] = {}
    for predicate in use.predicates:
        if predicate.kind in kinds and (predicate.partner is not None) == joined:
            for key in _plain(use, [predicate.key] if predicate.key else []):
                found[_for_pattern(use, key, predicate)] = _distinct_values(use.table, key)
    # The most selective first: the order that helps most when only a prefix is used.
    return tuple(sorted(found, key=lambda key: (-found[key], key)))


def _joins(use: Use) -> list[tuple[IndexKey, ...]]:
    partners: dict[int, list[Key]] = {}
    for predicate in use.predicates:
        if predicate.kind == "equal" and predicate.partner is not None and predicate.key:
            partners.setdefault(predicate.partner, []).append(predicate.key)
    found: dict[tuple[IndexKey, ...], None] = {}
    for keys in partners.values():
        plain = _plain(use, keys)
        ordered = tuple(sorted(plain, key=lambda k: (-_distinct_values(use.table, k), k)))
        for join in (ordered, ordered[::-1]):
            if join:
                found[join] = None
    return list(found)


def _plain(use: Use, keys: Iterable[Key]) -> tuple[IndexKey, ...]:
    columns = use.table.columns
    return tuple(
        _distinct(
            IndexKey(key.sql, key.columns)
            for key in keys
            if not key.is_column or columns[key.columns[0]].ordered
        )
    )


def _for_pattern(use: Use, key: IndexKey, predicate: Predicate) -> IndexKey:
    """LIKE 'x%' is a range only bytewise: by collation, or by this operator class."""
    if predicate.kind != "prefix":
        return key
    column = use.table.columns[key.columns[0]]
    if column.bytewise:
        return key
    text = not predicate.key or not predicate.key.is_column or column.type.startswith(_TEXT)
    return IndexKey(key.sql, key.columns, " text_pattern_ops" if text else " bpchar_pattern_ops")


def _sort_key(key: SortKey) -> IndexKey:
    suffix = " DESC" if key.descending else ""
    if key.nulls_first != key.descending:
        suffix += " NULLS FIRST" if key.nulls_first else " NULLS LAST"
    return IndexKey(key.key.sql, key.key.columns, suffix)


def _sortable(use: Use, order: tuple[SortKey, ...]) -> bool:
    columns = use.table.columns
    return all(not k.key.is_column or columns[k.key.columns[0]].ordered for k in order)


def _distinct_values(table: Table, key: IndexKey) -> float:
    return max((table.columns[name].distinct or 0.0 for name in key.columns), default=0.0)


def _distinct(keys: Iterable[IndexKey]) -> list[IndexKey]:
    found: dict[str, IndexKey] = {}
    for key in keys:
        found.setdefault(key.sql, key)
    return list(found.values())


def _distinct_sequences(sequences: Iterable[tuple[IndexKey, ...]]) -> list[tuple[IndexKey, ...]]:
    return list(dict.fromkeys(tuple(_distinct(keys)) for keys in sequences))


def _some_key(use: Use, points: frozenset[str]) -> tuple[IndexKey, ...]:
    """Return a key for an index of which only the predicate matters: what the query reads."""
    keys = _plain(use, [column_key(name) for name in use.table.columns if name in use.needed])
    return tuple(key for key in keys if key.sql not in points)[:1] or keys[:1]


# --- variants ---------------------------------------------------------------------------------


def _covering(
    use: Use, keys: tuple[IndexKey, ...], where: tuple[str, ...], dropped: frozenset[str]
) -> Iterator[IndexSpec]:
    """The same keys with all that the query reads, so that the table need not be visited."""
    held = {key.columns[0] for key in keys if not key.sql.startswith("(")}
    rest = [name for name in use.table.columns if name in use.needed and name not in held | dropped]
    columns = use.table.columns
    width = sum(columns[name].width for name in rest)
    if any(key.sql.startswith("(") for key in keys):
        # Of an expression the planner has no statistics before the index is there: it takes it for
        # far less selective than it is, and covering would seem to pay.
        return
    if use.written or not rest or len(rest) > MAX_INCLUDED or width > MAX_COVERING_WIDTH:
        return
    yield IndexSpec(use.table.name, keys, tuple(rest), where)
    as_keys = [name for name in rest if columns[name].ordered and columns[name].deduplicates]
    if len(as_keys) == len(rest) and len(keys) + len(rest) <= MAX_KEYS:
        # Keys are stored once for equal rows, included columns never.
        more = _plain(use, [column_key(name) for name in rest])
        yield IndexSpec(use.table.name, keys + more, (), where)


def _partials(
    use: Use, varying: frozenset[tuple[str, str]]
) -> Iterator[tuple[tuple[str, ...], frozenset[str], frozenset[str]]]:
    """Yield predicates for partial indexes.

    Each with the columns that are needed for nothing else, and the keys that it makes constant.
    """
    eligible = {
        p.constant: p
        for p in use.predicates
        if p.constant is not None and _is_stable(use, p, varying)
    }
    chosen = sorted(eligible)
    groups: list[tuple[str, ...]] = [(text,) for text in chosen]
    if len(chosen) > 1:
        groups.append(tuple(chosen))
    for texts in groups:
        used = [eligible[text] for text in texts]
        mentions = [name for p in used for name in p.columns]
        dropped = frozenset(n for n in mentions if use.needed[n] <= mentions.count(n))
        points = frozenset(
            p.key.sql for p in used if p.key and p.kind in {"equal", "null", "boolean"}
        )
        yield texts, dropped, points


def _is_stable(use: Use, predicate: Predicate, varying: frozenset[tuple[str, str]]) -> bool:
    """Whether a condition is likely to be asked again and again with the same constant."""
    if predicate.kind in {"null", "not_null", "boolean", "compare"}:
        return True
    if predicate.kind not in {"equal", "in", "range"} and predicate.operator != "<>":
        return False
    if not predicate.key or not predicate.key.is_column:
        return False
    if (use.table.name, predicate.key.sql) in varying:
        return False
    distinct = use.table.columns[predicate.columns[0]].distinct
    return distinct is not None and distinct <= FEW_VALUES


def _brin(use: Use) -> Iterator[IndexSpec]:
    """A BRIN index where the rows lie in the order of a column, as arrival times do."""
    if use.table.pages < BRIN_PAGES:
        return
    for key in _keys(use, _BRIN_KINDS, joined=False):
        column = use.table.columns[key.columns[0]]
        ordered = abs(column.correlation or 0.0) >= BRIN_CORRELATION
        if ordered and not key.suffix and not key.sql.startswith("("):
            yield IndexSpec(use.table.name, (key,), method="brin")


def _exists(spec: IndexSpec, table: Table) -> bool:
    keys = tuple(str(key) for key in spec.keys)
    for index in table.indexes:
        if index.method != spec.method or not index.valid or (index.where or "") != spec.predicate:
            continue
        held = set(index.keys) | set(index.include)
        if index.keys[: len(keys)] == keys and set(spec.include) <= held:
            return True
    return False
