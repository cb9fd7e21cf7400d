"""Indexes that could stand for two others. Pure."""

from collections.abc import Sequence

from stacksight_postgres.advice.model import IndexSpec

MAX_INCLUDED = 12


def merged_specs(specs: Sequence[IndexSpec]) -> list[IndexSpec]:
    """Return indexes that serve both of a pair, where the keys of one begin those of the other.

    Such a one has the longer keys and carries what either carries.
    """
    known = set(specs)
    found: dict[IndexSpec, None] = {}
    for one in specs:
        for other in specs:
            merged = _merged(one, other)
            if merged is not None and merged not in known:
                found[merged] = None
    return list(found)


def _merged(one: IndexSpec, other: IndexSpec) -> IndexSpec | None:
    if (one.table, one.where, one.method) != (other.table, other.where, other.method):
        return None
    if one.method != "btree" or other.keys[: len(one.keys)] != one.keys or one == other:
        return None
    keys = {column for key in other.keys for column in key.columns if not key.sql.startswith("(")}
    include = dict.fromkeys((*other.include, *one.include))
    rest = tuple(sorted(name for name in include if name not in keys))
    if len(rest) > MAX_INCLUDED:
        return None
    return IndexSpec(one.table, other.keys, rest, one.where)
