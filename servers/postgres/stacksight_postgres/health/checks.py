"""All checks: which SQL each reads, and what judges it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from stacksight_postgres.health import indexes, server, tables
from stacksight_postgres.health.model import CheckResult, Rows

CheckName = Literal[
    "settings",
    "connections",
    "transactions",
    "wraparound",
    "cache",
    "checkpoints",
    "temp_files",
    "replication",
    "vacuum",
    "statistics",
    "bloat",
    "indexes",
    "foreign_keys",
    "sequences",
    "constraints",
]


@dataclass(frozen=True)
class Check:
    """A check.

    Attributes:
        judge: from the rows of ``sql/health_<name>.sql`` to the result.
        monitor: it needs to see the sessions of other roles.
    """

    judge: Callable[[Rows], CheckResult]
    monitor: bool = False


CHECKS: dict[CheckName, Check] = {
    "settings": Check(server.settings),
    "connections": Check(server.connections, monitor=True),
    "transactions": Check(server.transactions, monitor=True),
    "wraparound": Check(tables.wraparound),
    "cache": Check(server.cache),
    "checkpoints": Check(server.checkpoints),
    "temp_files": Check(server.temp_files),
    "replication": Check(server.replication, monitor=True),
    "vacuum": Check(tables.vacuum),
    "statistics": Check(tables.statistics),
    "bloat": Check(tables.bloat),
    "indexes": Check(indexes.indexes),
    "foreign_keys": Check(indexes.foreign_keys),
    "sequences": Check(tables.sequences),
    "constraints": Check(tables.constraints),
}
