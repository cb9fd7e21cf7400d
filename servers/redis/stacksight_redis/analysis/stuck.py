"""What holds fetched messages, so that nothing runs them: one finding for each cause. Pure."""

from stacksight_core.units import format_duration, plural
from stacksight_redis.analysis.case import Case
from stacksight_redis.analysis.queue_status import (
    UNDECODABLE,
    describe_leaks,
    late_after_s,
    name_holders,
)
from stacksight_redis.models.diagnosis import Finding

TIME_LIMIT_S = 660.0
"""A minute over Dramatiq's default time_limit, after which an actor is interrupted."""

POLLS_PER_S = 1.3
"""How often an idle consumer speaks to its queue, measured with Dramatiq 2.2."""

MAINTENANCE_CHANCE = 0.001
"""RedisBroker's default maintenance_chance: 1,000 in 1,000,000 commands."""


def find_stuck(case: Case) -> list[Finding]:
    """Find what is held by dead, silent or forgetful processes, or by nobody; worst first."""
    return [
        *_held_by_dead(case),
        *_late(case),
        *_overdue(case),
        *_undecodable(case),
        *_forgotten(case),
        *_leaked(case),
    ]


def _held_by_dead(case: Case) -> list[Finding]:
    facts = case.judged.facts
    if not facts.held_by_dead:
        return []
    count = sum(held.messages + held.delayed for held in facts.held_by_dead)
    who = name_holders(facts.held_by_dead)
    consumers = len(facts.held_by_live)
    speaking = consumers or sum(seen.spoke for seen in case.observed)
    evidence = (
        f"{plural(count, 'message')} held by dead {who}. It was killed, crashed or lost its "
        "connection without giving them back, or it lives, but is blocked or suspended: then what "
        "it runs will run twice. They run (again) only after Dramatiq's maintenance, "
        f"which any command on this queue starts with a chance of {MAINTENANCE_CHANCE:.1%}"
    )
    if speaking:
        mean = format_duration(1 / (MAINTENANCE_CHANCE * POLLS_PER_S * speaking))
        by = plural(speaking, "idle consumer")
        if not consumers:
            by = f"the {plural(speaking, 'process', 'processes')} that spoke, if on this queue"
        evidence += f": with {by}, after {mean} on average, sooner under load"
    else:
        evidence += "; without a consumer of this queue, never"
    return [
        Finding(
            title="held by a dead process",
            evidence=f"{evidence}.",
            fix=(
                "Start a worker that consumes this queue; RedisBroker(maintenance_chance=…) makes "
                "it faster. Actors have to bear running twice."
            ),
        )
    ]


def _overdue(case: Case) -> list[Finding]:
    facts = case.judged.facts
    if not facts.overdue:
        return []
    who = name_holders([held for held in facts.held_by_live if held.delayed])
    return [
        Finding(
            title="stranded",
            evidence=(
                f"{facts.overdue} of {plural(facts.overdue_of, 'delayed message')} looked at are "
                f"up to {format_duration(facts.overdue_s)} past their time, in the memory of live "
                f"{who}. The worker threw its delay queue away when it lost Redis (Dramatiq issue "
                "527); maintenance does not touch the messages of a live process."
            ),
            fix=(
                "Restart that worker. It has forgotten these messages, so they come back only as "
                f"those of a dead process: after {format_duration(case.timeout_s)} of silence, by "
                "Dramatiq's next maintenance of this queue."
            ),
        )
    ]


def _late(case: Case) -> list[Finding]:
    late = [
        held
        for held in case.judged.facts.held_by_live
        if held.process.silent_s > late_after_s(case.timeout_s)
    ]
    if not late:
        return []
    return [
        Finding(
            title="silent worker",
            evidence=(
                f"{plural(sum(h.messages + h.delayed for h in late), 'message')} held by "
                f"{name_holders(late)}, though a worker speaks every second: blocked (C code that "
                "keeps the GIL), suspended, or just killed. After "
                f"{format_duration(case.timeout_s)} of silence it counts as dead, its messages are "
                "given to others, and what it still runs then runs twice."
            ),
            fix="Look at that process (py-spy dump, kill -0); actors have to bear running twice.",
        )
    ]


def _forgotten(case: Case) -> list[Finding]:
    """Held for longer than a time limit allows: Redis does not tell whether it still runs."""
    facts = case.judged.facts
    old = [h for h in facts.held_by_live if (h.oldest_s or 0.0) > TIME_LIMIT_S]
    if not old or facts.waiting:
        return []
    oldest = format_duration(max(h.oldest_s or 0.0 for h in old))
    return [
        Finding(
            title="held for long",
            evidence=(
                f"{name_holders(old)} holds a message that was enqueued {oldest} ago, though "
                "nothing waits before it and the default time limit of an actor is 10 min. Either "
                "it runs so long, or the worker has forgotten it (a fetch whose answer was lost); "
                "Redis does not tell which."
            ),
            fix=(
                "Look in that worker's log whether it runs. A forgotten one is given to another "
                "process only after this one has been restarted."
            ),
        )
    ]


def _undecodable(case: Case) -> list[Finding]:
    facts = case.judged.facts
    if not facts.undecodable:
        return []
    return [
        Finding(
            title="undecodable message",
            evidence=(
                f"{plural(facts.undecodable, 'message')} {UNDECODABLE} live "
                f"{name_holders(facts.held_by_live)}: the payload is not what Dramatiq's encoder "
                "reads. The consumer fails on it, starts again and forgets the rest of that fetch, "
                "which nothing runs meanwhile."
            ),
            fix=(
                "Find who writes it (another encoder, another program); remove the payload from "
                f"`{facts.queue.payloads}`, then restart that worker."
            ),
        )
    ]


def _leaked(case: Case) -> list[Finding]:
    facts = case.judged.facts
    leaks = describe_leaks(facts)
    orphans = facts.dead_payloads - facts.dead
    if orphans > 0:
        leaks.append(
            f"{plural(orphans, 'payload')} of dead letters without an entry among the dead: "
            "maintenance never removes them"
        )
    if not leaks:
        return []
    return [
        Finding(
            title="leaked payloads" if facts.unheld or facts.delayed_unheld else "inconsistent",
            evidence=f"{'; '.join(leaks)}.",
            fix=(
                "Left behind by a lost fetch, a purge, an eviction, or somebody who edited the "
                "keys. Enqueue what is still needed again: nothing in Dramatiq finds them."
            ),
        )
    ]
