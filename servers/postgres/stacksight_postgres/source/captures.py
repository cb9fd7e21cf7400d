"""What is kept of a capture: the counters at its start."""

from dataclasses import dataclass

from stacksight_postgres.source.database import Database
from stacksight_postgres.source.statements import Reading
from stacksight_postgres.statements.answers import Captured

MAX_CAPTURES = 10


@dataclass
class Capture:
    """A capture that was started.

    Attributes:
        database: what is captured.
        started: on the monotonic clock, in seconds.
        reading: the counters then.
        rolled_back: how many transactions of ours had been rolled back.
        told: what was told when it was stopped; None until then.
    """

    database: Database
    started: float
    reading: Reading
    rolled_back: int
    told: Captured | None = None
