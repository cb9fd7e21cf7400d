"""Counters of a statement."""

from collections.abc import Mapping
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Statement:
    """What one statement did, summed over all users.

    Attributes:
        id: its queryid.
        query: its text, with ``$1`` in the place of constants.
        calls: how often it was run.
        rows: returned or changed.
        total_ms: executing it, all calls together.
        hit: blocks of 8 kB found in the cache.
        read: blocks asked of the system.
        dirtied: blocks changed.
        temp: blocks written to or read from temporary files.
        wal: bytes of write-ahead log.
    """

    id: int
    query: str
    calls: int
    rows: int
    total_ms: float
    hit: int
    read: int
    dirtied: int
    temp: int
    wal: int

    @property
    def mean_ms(self) -> float:
        """Milliseconds of one call."""
        return self.total_ms / self.calls if self.calls else 0.0

    @property
    def rows_per_call(self) -> float:
        """Rows of one call."""
        return self.rows / self.calls if self.calls else 0.0

    @property
    def is_reading(self) -> bool:
        """Whether it only reads, by its first word."""
        return self.query.lstrip("( \n").upper().startswith(("SELECT", "WITH", "TABLE", "VALUES"))


_COUNTERS = tuple(f.name for f in fields(Statement) if f.name not in ("id", "query"))


def since(before: Mapping[int, Statement], after: Mapping[int, Statement]) -> list[Statement]:
    """Return what statements did between two readings.

    An entry whose counters went down was evicted or reset in between; it counts from zero.
    """
    done = []
    for key, now in after.items():
        was = before.get(key)
        if was is None or now.calls < was.calls:
            done.append(now)
        elif now.calls > was.calls:
            delta = {name: getattr(now, name) - getattr(was, name) for name in _COUNTERS}
            done.append(Statement(id=now.id, query=now.query, **delta))
    return done
