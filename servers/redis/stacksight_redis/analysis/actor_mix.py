"""Which actors the messages of a queue belong to: counted, or estimated from a sample. Pure."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from stacksight_redis.analysis.jobs import Job

Z_95 = 1.96


@dataclass(frozen=True)
class ActorShare:
    """How many messages one actor has; ``low`` and ``high`` bound an estimate, None if counted."""

    actor: str
    messages: int
    low: int | None = None
    high: int | None = None


def mix_actors(jobs: Sequence[Job], total: int) -> list[ActorShare]:
    """Count messages by actor, most first.

    Args:
        jobs: all messages, or a random sample of them.
        total: how many messages there are. With fewer jobs than that the counts are estimates with
            their 95 % interval (Wilson score).
    """
    counts = Counter(job.actor for job in jobs).most_common()
    if len(jobs) >= total:
        return [ActorShare(actor, count) for actor, count in counts]
    shares = []
    for actor, count in counts:
        low, high = wilson_interval(count, len(jobs))
        estimate = round(total * count / len(jobs))
        shares.append(ActorShare(actor, estimate, math.floor(total * low), math.ceil(total * high)))
    return shares


def wilson_interval(successes: int, trials: int) -> tuple[float, float]:
    """The 95 % interval of a share (E. B. Wilson, 1927); right also near 0 and 1."""
    share = successes / trials
    z2 = Z_95 * Z_95
    middle = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = (
        Z_95
        * math.sqrt(share * (1 - share) / trials + z2 / (4 * trials * trials))
        / (1 + z2 / trials)
    )
    # Rounding must not push the interval past the share itself at its two ends.
    return max(0.0, min(middle - half, share)), min(1.0, max(middle + half, share))
