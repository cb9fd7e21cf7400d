"""Why a queue does not do what it should: one verdict and its evidence. Pure."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from stacksight_core.units import format_count, format_duration, plural
from stacksight_redis.analysis.deaths import meaning_of
from stacksight_redis.analysis.job_view import show_error
from stacksight_redis.analysis.jobs import Job
from stacksight_redis.analysis.queue_answers import Judged
from stacksight_redis.analysis.queue_status import (
    UNDECODABLE,
    describe_leaks,
    late_after_s,
    name_holders,
)
from stacksight_redis.analysis.rates import Flow, describe_flow
from stacksight_redis.facts.queues import Observed
from stacksight_redis.models.diagnosis import Diagnosis, Finding
from stacksight_redis.models.queues import DeadLetters

_PLAIN_ID = re.compile(r"[\w-]+")

TIME_LIMIT_S = 660.0
"""A minute over Dramatiq's default time_limit, after which an actor is interrupted."""

POLLS_PER_S = 1.3
"""How often an idle consumer speaks to its queue, measured with Dramatiq 2.2."""

HOUR_S = 3_600.0
NO_ERROR_STORED = "no error stored"
MAINTENANCE_CHANCE = 0.001
"""RedisBroker's default maintenance_chance: 1,000 in 1,000,000 commands."""

NOT_PROVABLE = (
    "Redis does not tell which of the messages in flight run and for how long, how many succeeded, "
    "how often one was delivered, or who enqueued it: that is in the workers' logs and metrics"
)


@dataclass(frozen=True)
class Case:
    """Everything that was seen of one queue.

    Attributes:
        judged: its counts.
        flow: what happened while it was watched.
        observed: the processes of its namespace, seen twice.
        dead: its dead letters by cause.
        dead_looked_at: how many of them were read.
        retrying: delayed messages that failed before, as far as they were read.
        causes: what in Redis itself is wrong.
        timeout_s: after how many silent seconds a process counts as dead.
        actor: only this actor is asked about.
    """

    judged: Judged
    flow: Flow | None
    observed: Sequence[Observed]
    dead: Sequence[DeadLetters]
    dead_looked_at: int
    retrying: Sequence[Job]
    causes: Sequence[str]
    timeout_s: float
    now_ms: float
    actor: str | None = None


def diagnose(case: Case) -> Diagnosis:
    """Find every cause that the evidence allows, worst first."""
    facts = case.judged.facts
    findings = [
        *_held_by_dead(case),
        *_late(case),
        *_overdue(case),
        *_undecodable(case),
        *_forgotten(case),
        *_leaked(case),
        *_not_taken(case),
        *[Finding(title="Redis itself", evidence=cause) for cause in case.causes],
        *_failing(case),
        *_retrying(case),
        *_busy(case),
    ]
    label = facts.queue.label
    subject = label if case.actor is None else f"{case.actor} on {label}"
    if findings:
        verdict = findings[0].title
        conclusion = f"{subject}: {verdict}. {findings[0].evidence}"
    else:
        verdict = "nothing wrong"
        conclusion = f"{subject}: nothing wrong is to be seen: {case.judged.judgement.reason}."
    return Diagnosis(
        verdict=verdict,
        conclusion=conclusion,
        findings=findings,
        dead_letters=list(case.dead),
        dead_looked_at=case.dead_looked_at,
        dead=facts.dead,
        rates=None if case.flow is None else describe_flow(case.flow),
        processes=_describe_processes(case.observed),
        next=_next(case, label),
        notes=[f"{NOT_PROVABLE}."],
    )


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


def _not_taken(case: Case) -> list[Finding]:
    facts, flow = case.judged.facts, case.flow
    if not facts.waiting or any(held.messages for held in facts.held_by_live):
        return []
    if flow is not None and flow.fetched:
        return []
    speaking = sum(seen.spoke for seen in case.observed)
    oldest = (
        ""
        if facts.oldest_waiting_s is None
        else (f", the oldest for {format_duration(facts.oldest_waiting_s)}")
    )
    evidence = (
        f"{plural(facts.waiting, 'message')} waiting{oldest}; "
        f"{'' if flow is None else 'none was fetched while watching, and '}"
        "no live process holds any message of this queue"
    )
    if speaking:
        evidence += (
            f". {plural(speaking, 'process speaks', 'processes speak')} to Redis all the time, "
            "so workers run, but not for this queue"
        )
        fix = (
            "Check the worker's --queues option and that its modules import the actors of "
            f"`{facts.queue.name}`."
        )
    else:
        fix = "Start a worker: `dramatiq your.module` (no worker is alive at all)."
    return [Finding(title="no consumer", evidence=f"{evidence}.", fix=fix)]


def _failing(case: Case) -> list[Finding]:
    facts = case.judged.facts
    if not facts.dead or not case.dead:
        return []
    worst = case.dead[0]
    error = worst.last_error or worst.error or "an error that is not stored"
    recent = bool(facts.dead_last_hour)
    if case.actor is None:
        when = f"{format_count(facts.dead_last_hour)} of them within the last hour"
        count = f"{plural(facts.dead, 'dead letter')}, {when}"
    else:  # the queue's counts are not the actor's
        recent = min(group.newest_s for group in case.dead) <= HOUR_S
        own = plural(sum(group.count for group in case.dead), "dead letter")
        total = format_count(facts.dead)
        count = f"{own} among the newest {case.dead_looked_at} of the queue's {total}"
    evidence = (
        f"{count}. Most often, {worst.count} of the newest "
        f"{case.dead_looked_at}: {worst.actor} with {error}"
        f"{'' if worst.frame is None else f' at {worst.frame}'}; newest "
        f"{format_duration(worst.newest_s)} ago."
    )
    if worst.why_no_error is not None:
        evidence += f" {worst.why_no_error[:1].upper()}{worst.why_no_error[1:]}."
    title = "failing" if recent else "has failed before"
    return [
        Finding(title=title, evidence=evidence, fix=meaning_of(worst.last_error or worst.error))
    ]


def _retrying(case: Case) -> list[Finding]:
    if not case.retrying:
        return []
    kinds = Counter((job.actor, show_error(job) or NO_ERROR_STORED) for job in case.retrying)
    (actor, error), count = kinds.most_common(1)[0]
    due = [job.eta_ms for job in case.retrying if job.eta_ms is not None]
    following = ""
    if due:
        following = (
            f", the next attempt in {format_duration(max(0, min(due) - case.now_ms) / 1000)}"
        )
    most = max(job.retries for job in case.retrying)
    return [
        Finding(
            title="retrying",
            evidence=(
                f"{plural(len(case.retrying), 'delayed message')} failed before and wait for "
                f"another attempt (up to {most} failures so far){following}. Most often "
                f"({count}): {actor} with {error}."
            ),
            fix=(
                f"Before the retries are used up ({_limit(case.retrying)}): "
                f"{_lower(meaning_of(None if error == NO_ERROR_STORED else error))}"
            ),
        )
    ]


def _limit(retrying: Sequence[Job]) -> str:
    """How many retries the messages say they have; most leave it to the actor."""
    limits = {job.options["max_retries"] for job in retrying if "max_retries" in job.options}
    return f"{limits.pop()} for some" if len(limits) == 1 else "20 unless the actor sets another"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _busy(case: Case) -> list[Finding]:
    facts, flow = case.judged.facts, case.flow
    holders = [held for held in facts.held_by_live if held.messages]
    if not facts.waiting or not holders or flow is None:
        return []
    held = sum(holder.messages for holder in holders)
    workers = plural(len(holders), "live process holds", "live processes hold")
    evidence = (
        f"{workers} {format_count(held)} messages (running and prefetched: about two for "
        f"each worker thread) while {format_count(facts.waiting)} wait; {describe_flow(flow)}"
    )
    if flow.in_per_s > flow.out_per_s:
        return [
            Finding(
                title="cannot keep up" if flow.fetched else "saturated",
                evidence=f"{evidence}.",
                fix="Add processes or threads, or make the actors faster.",
            )
        ]
    if not flow.fetched:
        fix = "See in the workers' logs what runs so long; add threads if that is how it has to be."
        return [Finding(title="saturated", evidence=f"{evidence}.", fix=fix)]
    return []


def _describe_processes(observed: Sequence[Observed]) -> str:
    speaking = sum(seen.spoke for seen in observed)
    alive = sum(seen.process.alive for seen in observed)
    return (
        f"{plural(speaking, 'consumer')} (speaking to Redis all the time, or holding messages), "
        f"{alive} of {len(observed)} heartbeats are alive (producers leave one too)"
    )


def _next(case: Case, label: str) -> list[str]:
    facts = case.judged.facts
    calls = []
    if facts.held_by_dead:
        calls.append(f'inspect_queue(queue="{label}", state="in_flight")')
    if case.dead and _PLAIN_ID.fullmatch(case.dead[0].example):
        calls.append(f'inspect_message(message_id="{case.dead[0].example}")')
    if facts.waiting:
        calls.append(f'watch_queues(queue="{label}", seconds=10)')
    return calls
