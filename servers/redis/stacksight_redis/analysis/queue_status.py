"""One word for the state of a queue, and the numbers that prove it. Pure."""

from dataclasses import dataclass
from typing import Literal

from stacksight_core.units import format_count, format_duration, plural
from stacksight_redis.facts.queues import Held, QueueFacts

Status = Literal["stranded", "no consumer", "failing", "backing up", "saturated", "flowing", "idle"]

TAKEN_WITHIN_S = 5.0
"""A consumer with room asks at least once a second; what waits longer is not being taken."""

SATURATED_AFTER_S = 30.0
BACKLOG = 10_000
"""So many waiting messages take a while even if each takes a millisecond."""

LATE_S = 10.0
"""A worker speaks to Redis at least once a second; after this it may have died."""


def late_after_s(timeout_s: float) -> float:
    """After how many silent seconds a live process is late; sooner where it counts as dead soon."""
    return min(LATE_S, timeout_s / 2)


UNDECODABLE = (
    "that no worker can decode, held all the same, with what was fetched together with it, until "
    "the restart of"
)
UNHELD_DELAYED = "delayed, but neither listed for fetching nor held by"

GROWTH = 10
"""So many more waiting than at the look before count as backing up."""

SEVERITY: tuple[Status, ...] = (
    "stranded",
    "no consumer",
    "failing",
    "backing up",
    "saturated",
    "flowing",
    "idle",
)


@dataclass(frozen=True)
class Earlier:
    """How many messages waited at an earlier look, and how many seconds ago that was."""

    waiting: int
    seconds_ago: float


@dataclass(frozen=True)
class Judgement:
    """The status of a queue with its reason, worst first when there are several."""

    status: Status
    reason: str

    @property
    def needs_attention(self) -> bool:
        """Whether somebody has to do something."""
        return self.status not in ("flowing", "idle")


def judge(
    facts: QueueFacts, heartbeat_timeout_s: float, earlier: Earlier | None = None
) -> Judgement:
    """Judge one queue.

    Args:
        facts: its counts.
        heartbeat_timeout_s: after how many silent seconds a process counts as dead.
        earlier: an earlier look at it, to tell growth.
    """
    found = _stranded(facts, heartbeat_timeout_s)
    found += _not_taken(facts)
    if facts.dead_last_hour:
        newest = format_duration(facts.newest_dead_s or 0.0)
        dead = plural(facts.dead_last_hour, "message")
        found.append(
            Judgement("failing", f"{dead} died within the last hour, the newest {newest} ago")
        )
    if not found or (facts.waiting and facts.held_by_live):
        found.append(_at_work(facts, earlier, late_after_s(heartbeat_timeout_s)))
    found.sort(key=lambda judgement: SEVERITY.index(judgement.status))
    return Judgement(found[0].status, "; ".join(judgement.reason for judgement in found))


def _stranded(facts: QueueFacts, timeout_s: float) -> list[Judgement]:
    found = []
    if facts.held_by_dead:
        count = sum(held.messages + held.delayed for held in facts.held_by_dead)
        who = name_holders(facts.held_by_dead)
        text = (
            f"{plural(count, 'message')} held by {who} (dead after {timeout_s:g} s of silence); "
            "given back only by Dramatiq's maintenance, at random in 0.1 % of the commands on "
            "this queue"
        )
        found.append(Judgement("stranded", text))
    if facts.overdue:
        who = name_holders([held for held in facts.held_by_live if held.delayed])
        text = (
            f"{facts.overdue} of {facts.overdue_of} delayed messages looked at are up to "
            f"{format_duration(facts.overdue_s)} past their time in the memory of live {who}: that "
            "worker has lost its delay queue (Dramatiq issue 527) and has to be restarted"
        )
        found.append(Judgement("stranded", text))
    if facts.undecodable:
        who = name_holders(facts.held_by_live)
        found.append(
            Judgement("stranded", f"{plural(facts.undecodable, 'message')} {UNDECODABLE} {who}")
        )
    found += [Judgement("stranded", text) for text in describe_leaks(facts)]
    return found


def describe_leaks(facts: QueueFacts) -> list[str]:
    """What is stored that nothing will run, and what will be run of which nothing is stored."""
    leaks = [(facts.unheld, "neither waiting nor held by"), (facts.delayed_unheld, UNHELD_DELAYED)]
    if facts.all_asked:
        whom, so = "a known process", "leaked, nothing will run them"
    else:
        whom, so = "the processes looked at", "leaked, or held by one of the many silent others"
    told = [f"{plural(count, 'payload')} {what} {whom}: {so}" for count, what in leaks if count]
    if facts.without_payload:
        told.append(
            f"{plural(facts.without_payload, 'id')} without a payload: the message was deleted, "
            "and a worker that fetches its id skips it"
        )
    return told


def _not_taken(facts: QueueFacts) -> list[Judgement]:
    found = _waiting_not_taken(facts)
    if facts.unfetched_due:
        status: Status = "saturated" if facts.held_by_live else "no consumer"
        found.append(Judgement(status, describe_unfetched(facts)))
    return found


def describe_unfetched(facts: QueueFacts) -> str:
    """Delayed messages whose time is past and that no worker has in its memory."""
    looked_at = plural(facts.unfetched_due_of, "delayed message")
    due = "is due" if facts.unfetched_due == 1 else "are due"
    who = "no live process takes any"
    if facts.held_by_live:
        who = "the workers are full: each takes up to 1,000 delayed messages for each thread"
    return (
        f"{facts.unfetched_due} of {looked_at} looked at {due}, the longest for "
        f"{format_duration(facts.unfetched_due_s)}, and not fetched by a worker: {who}"
    )


def _waiting_not_taken(facts: QueueFacts) -> list[Judgement]:
    if not facts.waiting or any(held.messages for held in facts.held_by_live):
        return []
    age = facts.oldest_waiting_s
    if age is not None and age < TAKEN_WITHIN_S:
        return []
    shown = "" if age is None else f", the oldest for {format_duration(age)},"
    text = f"{plural(facts.waiting, 'message')} waiting{shown} and no live process takes any"
    return [Judgement("no consumer", text)]


def _at_work(facts: QueueFacts, earlier: Earlier | None, late_s: float) -> Judgement:
    held = sum(holder.messages for holder in facts.held_by_live)
    live = plural(len(facts.held_by_live), "live process holds", "live processes hold")
    age = facts.oldest_waiting_s or 0.0
    if earlier is not None and facts.waiting - earlier.waiting >= GROWTH:
        text = (
            f"waiting grew from {format_count(earlier.waiting)} to {format_count(facts.waiting)} "
            f"in {format_duration(earlier.seconds_ago)}"
        )
        return Judgement("backing up", text)
    if facts.waiting and held and age > SATURATED_AFTER_S:
        text = (
            f"{live} {format_count(held)} (running and prefetched) while "
            f"{format_count(facts.waiting)} wait, the oldest for {format_duration(age)}"
        )
        return Judgement("saturated", text)
    if held:
        text = f"{live} {format_count(held)} (running and prefetched)"
        if silent := [h for h in facts.held_by_live if h.process.silent_s > late_s]:
            text += f"; {name_holders(silent)}, though a worker speaks every second"
        return Judgement("flowing", text)
    if facts.waiting:
        return Judgement("flowing", f"{plural(facts.waiting, 'message')} just enqueued")
    if facts.delayed:
        return Judgement("idle", _describe_delayed(facts))
    return Judgement("idle", "no message waits or runs")


def _describe_delayed(facts: QueueFacts) -> str:
    looked_at = facts.overdue_of + facts.unfetched_due_of
    delayed = f"{format_count(facts.delayed)} delayed"
    if looked_at >= facts.delayed:
        return f"nothing due; {delayed}"
    return f"nothing overdue among {format_count(looked_at)} of {delayed}"


def needs_rates(facts: QueueFacts) -> bool:
    """Whether only what moves tells what is wrong: messages wait, and somebody may take them."""
    if not facts.waiting:
        return False
    taken = any(held.messages for held in facts.held_by_live)
    return taken or facts.oldest_waiting_s is None or facts.oldest_waiting_s < TAKEN_WITHIN_S


def is_backlog(facts: QueueFacts) -> bool:
    """Whether so many wait, or for so long, that the workers are saturated, however fast."""
    taken = any(held.messages for held in facts.held_by_live)
    age_s = facts.oldest_waiting_s or 0.0
    return taken and bool(facts.waiting) and (age_s > SATURATED_AFTER_S or facts.waiting >= BACKLOG)


def needs_roles(facts: QueueFacts) -> bool:
    """Whether it matters which processes are consumers: nobody takes what waits, or what is held.

    Where live processes hold messages of the queue, they are its consumers.
    """
    return not facts.held_by_live and bool(facts.waiting or facts.held_by_dead)


def name_holders(holders: list[Held]) -> str:
    """Name processes with their silence: ``process 4f07a1b2, silent for 10 min``."""
    names = [
        f"{held.process.short}, silent for {format_duration(held.process.silent_s)}"
        for held in holders[:3]
    ]
    more = f" and {len(holders) - 3} more" if len(holders) > 3 else ""
    return ("process " if len(holders) == 1 else "processes ") + "; ".join(names) + more
