"""How many messages came and went between two moments, from the ends of a list. Pure.

Dramatiq pushes at the tail and pops at the head. The id that was last at the first moment is still
in the list at the second, unless everything was taken: what stands behind it has come since.
"""

import math
from dataclasses import dataclass, replace

from stacksight_core.units import format_duration

LOOK_BACK = 10_000
"""So many ids from the tail are searched for the earlier tail: 0.6 ms on the server."""


@dataclass(frozen=True)
class Mark:
    """A list at one moment: its length, the id at its tail, and the dead so far.

    ``after_tail`` is how many ids stand behind the tail of the mark before; None when that id is
    gone or too far away.
    """

    at_s: float
    waiting: int
    tail: bytes | None
    in_flight: int
    delayed: int
    dead: int
    after_tail: int | None = None


@dataclass(frozen=True)
class Flow:
    """What happened between two moments.

    Attributes:
        enqueued, fetched: messages that came into the list and left it; at least that many where
            ``exact`` is False.
        died: messages that became dead letters.
        waiting: at the second moment; ``waiting_before`` at the first. In flight likewise.
    """

    seconds: float
    enqueued: int
    fetched: int
    died: int
    waiting_before: int
    waiting: int
    in_flight: int
    delayed: int
    exact: bool = True

    @property
    def in_per_s(self) -> float:
        """Messages enqueued a second; retries and reclaimed ones count again."""
        return self.enqueued / self.seconds

    @property
    def out_per_s(self) -> float:
        """Messages fetched by workers a second."""
        return self.fetched / self.seconds

    @property
    def drained_in_s(self) -> float | None:
        """Seconds until the list is empty at these rates; None when it does not shrink."""
        shrinks = self.out_per_s - self.in_per_s
        return self.waiting / shrinks if self.waiting and shrinks > 0 else None


def measure(before: Mark, after: Mark) -> Flow:
    """Return what happened between two marks of one queue."""
    exact = before.tail is not None and after.after_tail is not None
    enqueued = _at_least(before, after) if after.after_tail is None else after.after_tail
    return Flow(
        seconds=max(after.at_s - before.at_s, 1e-3),
        enqueued=enqueued,
        fetched=max(0, before.waiting + enqueued - after.waiting),
        died=max(0, after.dead - before.dead),
        waiting_before=before.waiting,
        waiting=after.waiting,
        in_flight=after.in_flight,
        delayed=after.delayed,
        exact=exact,
    )


def _at_least(before: Mark, after: Mark) -> int:
    """How many came at least, where the old tail was not found.

    The list was emptied in between, or empty at first, and what came and was taken at once has left
    no trace; or more came than were searched.
    """
    if after.waiting <= LOOK_BACK:
        return after.waiting
    return max(LOOK_BACK, after.waiting - before.waiting)


def join(first: Flow | None, second: Flow) -> Flow:
    """Add up two flows that follow one another."""
    if first is None:
        return second
    return replace(
        second,
        seconds=first.seconds + second.seconds,
        enqueued=first.enqueued + second.enqueued,
        fetched=first.fetched + second.fetched,
        died=first.died + second.died,
        waiting_before=first.waiting_before,
        exact=first.exact and second.exact,
    )


def grows(flow: Flow) -> bool:
    """Whether more came than went, by more than chance makes of equal rates.

    The difference of two Poisson counts varies by the square root of their sum; twice that is
    exceeded by chance about once in forty times.
    """
    return flow.enqueued - flow.fetched > 2 * math.sqrt(flow.enqueued + flow.fetched)


def describe_flow(flow: Flow) -> str:
    """Rates in one line: in, out, and how long until the list is empty."""
    least = "" if flow.exact else "at least "
    if not flow.exact and not flow.enqueued and not flow.fetched:
        return f"nothing was seen to come or go within {format_duration(flow.seconds)}"
    text = (
        f"in {least}{flow.in_per_s:.1f}/s, out {least}{flow.out_per_s:.1f}/s over "
        f"{format_duration(flow.seconds)}"
    )
    if flow.drained_in_s is not None:
        text += f", so empty in about {format_duration(flow.drained_in_s)}"
    return text
