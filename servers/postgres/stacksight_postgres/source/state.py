"""What the server keeps between calls, and the database it looks at."""

from dataclasses import dataclass, field

from stacksight_core.handles import Handles
from stacksight_postgres.explained import KeptPlan
from stacksight_postgres.source.capturing import MAX_CAPTURES, Capture
from stacksight_postgres.source.database import Database

MAX_PLANS = 50


@dataclass(frozen=True)
class Source:
    """The source that the tools are given.

    Attributes:
        database: the configured one.
        plans: explained plans, by handle.
        captures: started captures, by handle.
    """

    database: Database
    plans: Handles[KeptPlan] = field(default_factory=lambda: Handles("plan", MAX_PLANS))
    captures: Handles[Capture] = field(default_factory=lambda: Handles("capture", MAX_CAPTURES))
