"""What the server keeps between calls, and the database it looks at."""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field

from stacksight_core.handles import Handles
from stacksight_postgres.explained import KeptPlan
from stacksight_postgres.source.captures import MAX_CAPTURES, Capture
from stacksight_postgres.source.database import Database

MAX_PLANS = 50

chosen: ContextVar[str | None] = ContextVar("chosen", default=None)
"""The database that the call at hand names."""


@dataclass(frozen=True)
class Source:
    """The source that the tools are given.

    Attributes:
        databases: by name; the first is the one that is meant when none is named.
        allow_writes: whether an INSERT, UPDATE or DELETE may be run, and rolled back.
        plans: explained plans, by handle.
        captures: started captures, by handle.
    """

    databases: Mapping[str, Database]
    allow_writes: bool = False
    plans: Handles[KeptPlan] = field(default_factory=lambda: Handles("plan", MAX_PLANS))
    captures: Handles[Capture] = field(default_factory=lambda: Handles("capture", MAX_CAPTURES))

    @property
    def chosen(self) -> str:
        """Name of the database that the call at hand is about."""
        return chosen.get() or next(iter(self.databases))

    @property
    def database(self) -> Database:
        """The database that the call at hand is about."""
        return self.databases[self.chosen]
