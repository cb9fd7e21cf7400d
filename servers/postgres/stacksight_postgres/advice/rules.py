"""Indexes that follow from an operator but that hypopg cannot cost: GIN and GiST. Pure."""

from collections.abc import Sequence

from stacksight_postgres.advice.model import Predicate, Query, Table, Use

LEAST_PAGES = 128
_LIKES = frozenset({"~~", "~~*", "~", "~*"})
_JSON = {"@>": " jsonb_path_ops", "@?": " jsonb_path_ops", "@@": " jsonb_path_ops"}
_JSON_KEYS = frozenset({"?", "?|", "?&"})
_SETS = frozenset({"@>", "<@", "&&"})

TRIGRAM = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm; "
    "CREATE INDEX CONCURRENTLY ON {table} USING gin ({key} gin_trgm_ops);"
)
INVERTED = "CREATE INDEX CONCURRENTLY ON {table} USING {method} ({key}{opclass});"
FOR_QUERY = "{statement} -- {label}: {reason}"
WHY_TRIGRAM = "a pattern that does not begin with fixed text needs trigrams"
WHY_INVERTED = "the operator {operator} on {type} is served by {method} only"
WHY_ANY = "value = ANY ({key}) uses no index; write {key} @> ARRAY[value] with this one"


def suggest_by_rule(queries: Sequence[Query]) -> list[str]:
    """Return a statement with its reason for every operator that only GIN or GiST serves."""
    found: dict[str, str] = {}
    for query in queries:
        for use in query.uses:
            for predicate in use.predicates:
                advice = _advice(use, predicate)
                if advice and use.table.pages >= LEAST_PAGES:
                    statement, reason = advice
                    text = FOR_QUERY.format(statement=statement, label=query.label, reason=reason)
                    found.setdefault(statement, text)
    return list(found.values())


def _advice(use: Use, predicate: Predicate) -> tuple[str, str] | None:
    key = predicate.key
    if key is None or predicate.kind != "other":
        return None
    table, operator = use.table, predicate.operator
    type_ = table.columns[key.columns[0]].type if key.is_column else ""
    if operator in _LIKES:
        if _has_gin(table, key.sql) or (predicate.literal or "%%%").strip("%_") == "":
            return None
        return TRIGRAM.format(table=table.name, key=key.sql), WHY_TRIGRAM
    method, opclass = _method(operator, type_, is_column=key.is_column)
    if not method or _has_gin(table, key.sql):
        return None
    statement = INVERTED.format(table=table.name, method=method, key=key.sql, opclass=opclass)
    if operator == "= ANY":
        return statement, WHY_ANY.format(key=key.sql)
    reason = WHY_INVERTED.format(
        operator=operator, type=type_ or "this expression", method=method.upper()
    )
    return statement, reason


def _method(operator: str, type_: str, *, is_column: bool) -> tuple[str, str]:
    if type_ == "jsonb":
        if operator in _JSON:
            return "gin", _JSON[operator]
        return ("gin", "") if operator in _JSON_KEYS else ("", "")
    if type_.endswith("[]"):
        return ("gin", "") if operator in _SETS or operator == "= ANY" else ("", "")
    if type_.endswith(("range", "multirange")):
        return ("gist", "") if operator in _SETS else ("", "")
    if operator == "@@" and (type_ == "tsvector" or not is_column):
        return "gin", ""
    return "", ""


def _has_gin(table: Table, key: str) -> bool:
    return any(
        index.method in {"gin", "gist"} and any(k.startswith(key) for k in index.keys)
        for index in table.indexes
    )
