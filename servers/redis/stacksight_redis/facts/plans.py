"""What is about to be changed, kept while the user is asked. No I/O."""

import hashlib
import json
import time
from dataclasses import dataclass, field
from typing import Any

from stacksight_redis.facts.names import Queue

KEPT = 20
KEPT_S = 300.0


@dataclass(frozen=True)
class Plan:
    """What the dry run found, and the question about it.

    Attributes:
        question: as the user is asked it.
        queue: which; None for a channel.
        ids: the ids in Redis of the messages that it concerns.
        message_id: of the message that is to be sent.
        pickled: the queue's messages are pickled.
    """

    question: str
    queue: Queue | None = None
    ids: tuple[bytes, ...] = ()
    message_id: str = ""
    pickled: bool = False


@dataclass
class Plans:
    """Plans by the call that they were made for.

    A client of the 2026 era repeats the call with the user's answer. The question has to be the
    same then, and what was agreed to has to be done, even though the queue has moved on.
    """

    _plans: dict[str, tuple[float, Plan]] = field(default_factory=dict)

    def keep(self, plan: Plan, **call: Any) -> None:
        """Keep the plan of a call."""
        self._plans[_digest(call)] = (time.monotonic(), plan)
        while len(self._plans) > KEPT:
            del self._plans[next(iter(self._plans))]

    def find(self, **call: Any) -> Plan | None:
        """Return the plan of the same call, unless it is over five minutes old."""
        at_s, plan = self._plans.get(_digest(call), (float("-inf"), None))
        return plan if time.monotonic() - at_s < KEPT_S else None

    def forget(self, plan: Plan) -> None:
        """Forget a plan about which the user has answered."""
        self._plans = {key: kept for key, kept in self._plans.items() if kept[1] is not plan}


def _digest(call: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(call, sort_keys=True, default=str).encode()).hexdigest()
