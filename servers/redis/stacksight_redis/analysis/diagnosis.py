"""Why a queue does not do what it should: one verdict and its evidence. Pure."""

import re
from collections import Counter
from collections.abc import Sequence

from stacksight_core.units import format_count, format_duration, plural
from stacksight_redis.analysis.case import Case
from stacksight_redis.analysis.deaths import meaning_of
from stacksight_redis.analysis.job_view import show_error
from stacksight_redis.analysis.jobs import Job
from stacksight_redis.analysis.queue_status import describe_unfetched, is_backlog
from stacksight_redis.analysis.rates import describe_flow, grows
from stacksight_redis.analysis.stuck import find_stuck
from stacksight_redis.facts.queues import Observed
from stacksight_redis.models.diagnosis import Diagnosis, Finding

_PLAIN_ID = re.compile(r"[\w-]+")

HOUR_S = 3_600.0
NO_ERROR_STORED = "no error stored"
NOT_PROVABLE = (
    "Redis does not tell which of the messages in flight run and for how long, how many succeeded, "
    "how often one was delivered, or who enqueued it: that is in the workers' logs and metrics"
)


def diagnose(case: Case) -> Diagnosis:
    """Find every cause that the evidence allows, worst first."""
    facts = case.judged.facts
    findings = [
        *find_stuck(case),
        *_not_taken(case),
        *_due_not_taken(case),
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
        dead_kinds=case.dead_kinds,
        dead=facts.dead,
        rates=None if case.flow is None else describe_flow(case.flow),
        processes=_describe_processes(case.observed),
        next=_next(case, label),
        notes=[f"{NOT_PROVABLE}."],
    )


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


def _due_not_taken(case: Case) -> list[Finding]:
    facts = case.judged.facts
    if not facts.unfetched_due:
        return []
    if facts.held_by_live:
        return [
            Finding(
                title="saturated",
                evidence=f"{_capital(describe_unfetched(facts))}.",
                fix="Add processes or threads for this queue.",
            )
        ]
    return [
        Finding(
            title="no consumer",
            evidence=f"{_capital(describe_unfetched(facts))}.",
            fix=f"Start a worker that consumes `{facts.queue.name}`.",
        )
    ]


def _failing(case: Case) -> list[Finding]:
    facts = case.judged.facts
    if not facts.dead or not case.dead:
        return []
    worst = case.dead[0]
    error = worst.last_error or worst.error or "an error that is not stored"
    recent = bool(facts.dead_last_hour)
    if case.actor is None:
        of_them = f"{format_count(facts.dead_last_hour)} of them "
        if facts.dead_last_hour == facts.dead:
            of_them = "all " if facts.dead > 1 else ""
        count = f"{plural(facts.dead, 'dead letter')}, {of_them}within the last hour"
    else:  # the queue's counts are not the actor's
        recent = min(group.newest_s for group in case.dead) <= HOUR_S
        own = plural(sum(group.count for group in case.dead), "dead letter")
        total = format_count(facts.dead)
        count = f"{own} among the newest {case.dead_looked_at} of the queue's {total}"
    often = f"Most often, {worst.count} of the newest {case.dead_looked_at}: "
    evidence = (
        f"{count}. {often if case.dead_looked_at > 1 else ''}{worst.actor} with {error}"
        f"{'' if worst.frame is None else f' at {worst.frame}'}; newest "
        f"{format_duration(worst.newest_s)} ago."
    )
    if worst.why_no_error is not None:
        evidence += f" {_capital(worst.why_no_error)}."
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
                f"{plural(len(case.retrying), 'delayed message')} failed before and "
                f"{'waits' if len(case.retrying) == 1 else 'wait'} for another attempt (up to "
                f"{plural(most, 'failure')} so far){following}. Most often ({count}): {actor} "
                f"with {error}."
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


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


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
        f"{workers} {plural(held, 'message')} (running and prefetched: about two for "
        f"each worker thread) while {format_count(facts.waiting)} wait; {describe_flow(flow)}"
    )
    if flow.fetched and grows(flow):
        fix = "Add processes or threads, or make the actors faster."
        return [Finding(title="cannot keep up", evidence=f"{evidence}.", fix=fix)]
    if not flow.fetched:
        fix = "See in the workers' logs what runs so long; add threads if that is how it has to be."
        return [Finding(title="saturated", evidence=f"{evidence}.", fix=fix)]
    if not is_backlog(facts):
        return []
    fix = "It moves: see with watch_queues how fast; add processes or threads if that is too slow."
    return [Finding(title="saturated", evidence=f"{evidence}.", fix=fix)]


def _describe_processes(observed: Sequence[Observed]) -> str:
    speaking = sum(seen.spoke for seen in observed)
    alive = sum(seen.process.alive for seen in observed)
    perhaps = sum(seen.may_speak for seen in observed)
    return (
        f"{plural(speaking, 'consumer')} (speaking to Redis all the time, or holding messages)"
        f"{f', {perhaps} that spoke just now and may be consumers' if perhaps else ''}, "
        f"{alive} of {plural(len(observed), 'heartbeat')} alive (producers leave one too)"
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
