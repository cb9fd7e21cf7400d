"""Indexes that follow from an operator but that hypopg knows nothing of: GIN and GiST. Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from stacksight_postgres.advice.model import IndexKey, IndexSpec, Predicate, Query, Table, Use

LEAST_PAGES = 128
_LIKES = frozenset({"~~", "~~*", "~", "~*"})
_SETS = frozenset({"@>", "<@", "&&"})
_ANY = "= ANY"
TRIGRAM_OPCLASS = " gin_trgm_ops"

FOR_QUERY = "{statement}; -- {label}: {reason}"
WHY_TRIGRAM = "a pattern that does not begin with fixed text needs trigrams (extension pg_trgm)"
WHY_INVERTED = "the operator {operator} on {type} is served by {method} only"
WHY_ANY = "value = ANY ({key}) uses no index; write {key} @> ARRAY[value] with this one"
EXPRESSION = "this expression"

ItemKind = Literal["trigram", "array", "tsvector", "jsonb_path", "jsonb", "range"]


_JSONB: Mapping[str, tuple[ItemKind, str]] = {
    **dict.fromkeys(("@>", "@?", "@@"), ("jsonb_path", " jsonb_path_ops")),
    **dict.fromkeys(("?", "?|", "?&"), ("jsonb", "")),
}


@dataclass(frozen=True)
class OperatorIndex:
    """An index that an operator calls for.

    Attributes:
        spec: the index.
        kind: what its items are.
        query: the number of the query that has the operator.
        use: the use of the table there.
        predicate: the condition.
        reason: why this index.
    """

    spec: IndexSpec
    kind: ItemKind
    query: int
    use: Use
    predicate: Predicate
    reason: str


def operator_indexes(queries: Sequence[Query]) -> list[OperatorIndex]:
    """Return what every operator that only GIN or GiST serves calls for."""
    return [
        found
        for number, query in enumerate(queries)
        for use in query.uses
        if use.table.pages >= LEAST_PAGES
        for found in _of_use(number, use)
    ]


def suggest_by_rule(
    queries: Sequence[Query], wanted: Sequence[OperatorIndex], judged: Collection[IndexSpec]
) -> list[str]:
    """Return a statement with its reason for each index that could not be judged otherwise."""
    found: dict[IndexSpec, str] = {}
    for one in wanted:
        if one.spec not in judged:
            statement = one.spec.create(concurrently=not one.use.table.partitions)
            label = queries[one.query].label
            text = FOR_QUERY.format(statement=statement, label=label, reason=one.reason)
            found.setdefault(one.spec, text)
    return list(found.values())


def _of_use(query: int, use: Use) -> Iterator[OperatorIndex]:
    for predicate in use.predicates:
        key = predicate.key
        if key is None or predicate.kind != "other" or _has_inverted(use.table, key.sql):
            continue
        type_ = use.table.columns[key.columns[0]].type if key.is_column else ""
        found = _kind(predicate, type_, is_column=key.is_column)
        if found is None:
            continue
        kind, opclass = found
        method = "gist" if kind == "range" else "gin"
        spec = IndexSpec(use.table.name, (IndexKey(key.sql, key.columns, opclass),), method=method)
        reason = _reason(predicate, type_, kind, method)
        yield OperatorIndex(spec, kind, query, use, predicate, reason)


def _kind(predicate: Predicate, type_: str, *, is_column: bool) -> tuple[ItemKind, str] | None:
    operator = predicate.operator
    if operator in _LIKES:
        sought = (predicate.literal or "%%%").strip("%_")
        return ("trigram", TRIGRAM_OPCLASS) if sought else None
    if type_ == "jsonb":
        return _JSONB.get(operator)
    if type_.endswith("[]"):
        return ("array", "") if operator in {*_SETS, _ANY} else None
    if type_.endswith(("range", "multirange")):
        return ("range", "") if operator in _SETS else None
    vectors = operator == "@@" and (type_ == "tsvector" or not is_column)
    return ("tsvector", "") if vectors else None


def _reason(predicate: Predicate, type_: str, kind: ItemKind, method: str) -> str:
    if kind == "trigram":
        return WHY_TRIGRAM
    if predicate.operator == _ANY and predicate.key is not None:
        return WHY_ANY.format(key=predicate.key.sql)
    return WHY_INVERTED.format(
        operator=predicate.operator, type=type_ or EXPRESSION, method=method.upper()
    )


def _has_inverted(table: Table, key: str) -> bool:
    bare = key.strip("()")
    return any(
        index.method in {"gin", "gist"} and any(k.strip("()").startswith(bare) for k in index.keys)
        for index in table.indexes
    )
