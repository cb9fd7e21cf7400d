"""How large an index really becomes, with B-tree deduplication (PostgreSQL 13 and newer).

The layout is that of src/backend/access/nbtree (README, nbtsort.c, nbtdedup.c): pages of 8 kB
filled to 90 %, an 8-byte tuple header and a 4-byte line pointer, tuples aligned to 8 bytes, and
equal keys of the fitting types merged into posting lists of 6 bytes a row, of at most a tenth of a
page each.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from stacksight_postgres.advice.model import IndexKey, IndexSpec, Table

PAGE = 8192
LEAF_SPACE = (PAGE - 24 - 16) - PAGE * 0.10
HEADER = 8
LINE_POINTER = 4
ROW_POINTER = 6
NULL_BITMAP = 8
POSTING = 812
EXPRESSION_WIDTH = 12
NOT_DEDUPLICATED = frozenset({"numeric", "real", "double precision", "interval", "jsonb"})
BRIN_PAGES_PER_RANGE = 128
BRIN_TUPLE = 24


@dataclass(frozen=True)
class Values:
    """What a sample says of the values of an expression.

    Attributes:
        width: mean bytes in an index.
        distinct: how many there are.
        once: how many of them occur once.
        type: of them.
    """

    width: float
    distinct: int
    once: int
    type: str


@dataclass(frozen=True)
class Sample:
    """What a sample of a table's rows says that its statistics do not.

    Attributes:
        rows: in the sample.
        distinct: for sets of columns: how many combinations, and how many of them occur once.
        matching: for predicates: how many rows meet them.
        expressions: what is known of their values.
    """

    rows: int = 0
    distinct: Mapping[frozenset[str], tuple[int, int]] = field(default_factory=dict)
    matching: Mapping[str, int] = field(default_factory=dict)
    expressions: Mapping[str, Values] = field(default_factory=dict)


class Sizer:
    """Sizes of indexes on known tables.

    Args:
        tables: by name.
        samples: of the same tables.
    """

    def __init__(self, tables: Mapping[str, Table], samples: Mapping[str, Sample]) -> None:
        self._tables = tables
        self._samples = samples
        self._known: dict[IndexSpec, int] = {}

    def note(self, spec: IndexSpec, bytes_: int) -> None:
        """Take up the size of an index that was estimated otherwise."""
        self._known[spec] = bytes_

    def bytes(self, spec: IndexSpec) -> int:
        """Return the bytes of an index just built."""
        if spec not in self._known:
            sample = self._samples.get(spec.table, Sample())
            self._known[spec] = estimate_bytes(spec, self._tables[spec.table], sample)
        return self._known[spec]

    def rows(self, spec: IndexSpec) -> float:
        """Return the rows that an index holds."""
        return _rows(spec, self._tables[spec.table], self._samples.get(spec.table, Sample()))

    def height(self, spec: IndexSpec) -> int:
        """Return the levels of a B-tree above its leaves."""
        pages = self.bytes(spec) / PAGE / max(len(self._tables[spec.table].partitions), 1)
        sample = self._samples.get(spec.table, Sample())
        width = _tuple_width(spec, self._tables[spec.table], sample)
        return math.ceil(math.log(pages, _per_branch(width))) if pages > 2 else 0


def estimate_bytes(spec: IndexSpec, table: Table, sample: Sample) -> int:
    """Return the bytes of an index just built, within about 30 % of the truth."""
    if spec.method == "brin":
        return PAGE * (2 + math.ceil(table.pages / BRIN_PAGES_PER_RANGE * BRIN_TUPLE / PAGE))
    rows = _rows(spec, table, sample)
    if rows < 1:
        return 2 * PAGE
    distinct = _combinations(spec, table, rows, sample)
    merges = not spec.include and all(_deduplicates(k, table, sample) for k in spec.keys)
    width = _tuple_width(spec, table, sample)
    leaf = _posting_bytes(rows, distinct, width) if merges else rows * (width + LINE_POINTER)
    leaf_pages = math.ceil(leaf / (LEAF_SPACE - width))
    return PAGE * (2 + math.ceil(leaf_pages * (1 + 1 / _per_branch(width))))


def _per_branch(width: float) -> float:
    """Children of an inner page."""
    return max(2.0, LEAF_SPACE * 0.75 / (width + LINE_POINTER))


def needs_sample(spec: IndexSpec, table: Table) -> frozenset[str]:
    """Return the columns whose number of combinations only a sample can tell, or nothing.

    One column's number is in the statistics; so is the answer where any of them is nearly unique
    or all together have few values.
    """
    columns = {name for key in spec.keys for name in key.columns}
    known = [table.columns[name].distinct for name in columns]
    if spec.include or spec.method != "btree" or len(columns) < 2 or None in known:
        return frozenset()
    values = [value for value in known if value is not None]
    if max(values) > table.rows / 2 or math.prod(values) < table.rows / 100:
        return frozenset()
    if not all(table.columns[name].deduplicates for name in columns):
        return frozenset()
    return frozenset(columns)


def _rows(spec: IndexSpec, table: Table, sample: Sample) -> float:
    if not spec.where or not sample.rows:
        return table.rows
    return table.rows * sample.matching.get(spec.predicate, sample.rows) / sample.rows


def _combinations(spec: IndexSpec, table: Table, rows: float, sample: Sample) -> float:
    """How many different keys there are among ``rows`` of the table's rows."""
    known = [_different(key, table, sample) for key in spec.keys]
    whole = min(table.rows, math.prod(known))
    columns = frozenset(name for key in spec.keys for name in key.columns)
    found = sample.distinct.get(columns)
    if found and sample.rows and len(known) > 1:
        whole = min(whole, max(*known, _haas_stokes(sample.rows, table.rows, *found)))
    if not spec.where or rows >= table.rows:
        return max(1.0, whole)
    # Rows drawn at random from equally frequent keys.
    return max(1.0, whole * -math.expm1(-rows / whole))


def _deduplicates(key: IndexKey, table: Table, sample: Sample) -> bool:
    if key.sql in sample.expressions:
        return sample.expressions[key.sql].type not in NOT_DEDUPLICATED
    return all(table.columns[name].deduplicates for name in key.columns)


def _different(key: IndexKey, table: Table, sample: Sample) -> float:
    if key.sql in sample.expressions and sample.rows:
        values = sample.expressions[key.sql]
        return _haas_stokes(sample.rows, table.rows, values.distinct, values.once)
    known = [table.columns[name].distinct or table.rows for name in key.columns]
    return min(table.rows, math.prod(known))


def _haas_stokes(sampled: int, rows: float, distinct: int, once: int) -> float:
    """Duj1 of Haas and Stokes (1998), as ANALYZE uses it for one column."""
    denominator = sampled - once + once * sampled / rows
    return sampled * distinct / denominator if denominator > 0 else rows


def _tuple_width(spec: IndexSpec, table: Table, sample: Sample) -> float:
    """Mean bytes of an index tuple without its line pointer."""
    offset, without_null, varies = 0.0, 1.0, False
    names: list[str] = []
    for key in spec.keys:
        if not key.sql.startswith("("):
            names.append(key.columns[0])
            continue
        values = sample.expressions.get(key.sql)
        offset, varies = offset + (values.width if values else EXPRESSION_WIDTH), True
    for column in (table.columns[name] for name in (*names, *spec.include)):
        # A short value that varies in length has a one-byte header and no alignment.
        alignment = column.alignment if column.fixed else 1
        # The mean in the statistics is cut to a whole number.
        width = column.width if column.fixed else column.width + 0.5
        offset = math.ceil(offset / alignment) * alignment + width * (1 - column.null_fraction)
        without_null *= 1 - column.null_fraction
        varies |= not column.fixed
    around = (-1.0, 0.0, 1.0) if varies else (0.0,)
    mean = sum(_aligned(HEADER + offset + more) for more in around) / len(around)
    return mean + (1 - without_null) * NULL_BITMAP


def _aligned(size: float) -> int:
    return math.ceil(size / 8) * 8


def _posting_bytes(rows: float, distinct: float, width: float) -> float:
    """Bytes of posting lists when ``rows`` share ``distinct`` keys."""
    distinct = min(distinct, rows)
    each = rows / distinct
    most = max(2, (POSTING - width) // ROW_POINTER)
    if each <= 1.02:
        return rows * (width + LINE_POINTER)
    # Group sizes vary around the mean; with few rows each, some keys occur once.
    lists = distinct * max(1.0, each / most)
    lone = distinct * math.exp(-(each - 1)) if each < 5 else 0.0
    lone = min(lone, distinct)
    merged_lists = max(lists - lone, 0.0)
    merged_rows = rows - lone
    in_lists = merged_lists * (_aligned(width) + LINE_POINTER + 3) + merged_rows * ROW_POINTER
    return lone * (width + LINE_POINTER) + in_lists
