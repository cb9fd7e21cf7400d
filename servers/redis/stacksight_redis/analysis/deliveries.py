"""What several looks at one message prove about how often it was delivered. Pure."""

from stacksight_core.units import format_duration
from stacksight_redis.models.messages import Seen

TWICE = (
    "It was delivered more than once: this server saw the same stored message held by {holders}. "
    "It was given back when the one before counted as dead or was stopped, and fetched again; if "
    "that one had begun to run it, it runs twice. The first may even still run (suspended, or "
    "blocked): its end is not stored a second time, its side effects are."
)
GIVEN_BACK = (
    "It was given back: this server saw it held by {holders}, and then it waited again. That "
    "process counts as dead or was stopped; if it had begun to run the message, it runs twice."
)


def describe_deliveries(seen: Seen, now_s: float) -> str | None:
    """Say what is proved by the looks since the message was stored under its last id.

    A retry stores it under a new one, so that is not taken for a second delivery.

    Args:
        seen: the looks.
        now_s: the monotonic time; the last look is of this moment unless the message is gone.
    """
    holders = sorted(seen.held_by.items(), key=lambda item: item[1])
    told = ", then ".join(
        f"process {holder} (now)"
        if holder == seen.place.holder and seen.at_s == now_s
        else f"process {holder} ({format_duration(now_s - at_s)} ago)"
        for holder, at_s in holders
    )
    if len(holders) > 1:
        return TWICE.format(holders=told)
    if holders and seen.place.state == "waiting":
        return GIVEN_BACK.format(holders=told)
    return None
