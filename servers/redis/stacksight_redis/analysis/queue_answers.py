"""From what was read about queues to what the tools answer. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from stacksight_core.redact import redact_assignments
from stacksight_core.units import format_count, format_duration, plural
from stacksight_core.untrusted import inline
from stacksight_redis.analysis.actor_mix import mix_actors
from stacksight_redis.analysis.dead_letters import (
    STALE_TRACEBACK,
    Dead,
    DeadGroup,
    describe_kinds,
    group_dead,
)
from stacksight_redis.analysis.deaths import why_no_error
from stacksight_redis.analysis.job_view import SHOWN_ERROR, show_arguments, show_error
from stacksight_redis.analysis.jobs import Job
from stacksight_redis.analysis.queue_status import SEVERITY, Earlier, Judgement, judge
from stacksight_redis.facts.discovered import Found
from stacksight_redis.facts.names import Queue
from stacksight_redis.facts.queues import Held, Page, Placed, QueueFacts, Snapshot, State
from stacksight_redis.models.queues import (
    Actor,
    DeadLetters,
    Message,
    MessagePage,
    QueueList,
    QueueRow,
    QueueView,
)

SHOWN_HOLDERS = 5
SHOWN_GROUPS = 5
DETAILED = 8
"""So many queues of a list are shown with reasons and holders."""

LARGE_BYTES = 100_000
"""A message is told to be large from here on."""

NOTE_DETAILED = (
    f"Reasons and holders are shown for the first {DETAILED} queues; inspect_queue tells those of "
    "the others."
)
NOTE_CONSUMERS = (
    "Consumers are live processes that hold messages of the queue; Redis does not tell an idle one."
)
NOTE_EMPTY = (
    "A queue without any message leaves nothing in Redis: only queues that have had a message "
    "while this server looked are listed as idle."
)
NOTE_PICKLE = (
    "Messages are pickled: whoever can write to this Redis can run code in the workers. They are "
    "shown here without being executed."
)
NOTE_RUNNING = (
    "In flight means fetched and not acknowledged: running or prefetched. Redis does not tell "
    "which."
)


@dataclass(frozen=True)
class Judged:
    """The counts of a queue and what they mean."""

    facts: QueueFacts
    judgement: Judgement


def judge_all(
    snapshot: Snapshot, timeout_s: float, earlier: Mapping[Queue, Earlier]
) -> list[Judged]:
    """Judge every queue; those that need attention first, the largest first."""
    judged = [
        Judged(facts, judge(facts, timeout_s, earlier.get(facts.queue)))
        for facts in snapshot.queues
    ]
    return sorted(
        judged,
        key=lambda j: (
            SEVERITY.index(j.judgement.status),
            -j.facts.waiting - j.facts.in_flight,
            j.facts.queue,
        ),
    )


def answer_list(
    judged: Sequence[Judged], snapshot: Snapshot, found: Found, where: str
) -> QueueList:
    """The answer of list_queues, before paging."""
    urgent = [j for j in judged if j.judgement.needs_attention]
    alive = sum(process.alive for process in snapshot.processes)
    next_calls = [f'diagnose_queue(queue="{j.facts.queue.label}")' for j in urgent[:3]]
    return QueueList(
        conclusion=_conclude_list(judged, urgent, where),
        queues=[row_of(j, detailed=number < DETAILED) for number, j in enumerate(judged)],
        processes_alive=alive,
        processes_silent=snapshot.processes_total - alive,
        next=next_calls,
        notes=[
            *([NOTE_DETAILED] if len(judged) > DETAILED else []),
            *_coverage(found),
            *_not_queues(snapshot),
            NOTE_CONSUMERS,
            NOTE_EMPTY,
        ],
    )


def _conclude_list(judged: Sequence[Judged], urgent: Sequence[Judged], where: str) -> str:
    if not judged:
        return f"No Dramatiq queue with a message at {where}."
    queues = plural(len(judged), "queue")
    if not urgent:
        return f"{queues} at {where}, none needs attention."
    names = ", ".join(f"{j.facts.queue.label} ({j.judgement.status})" for j in urgent[:5])
    more = f" and {len(urgent) - 5} more" if len(urgent) > 5 else ""
    return f"{queues} at {where}, {len(urgent)} need attention: {names}{more}."


def _coverage(found: Found) -> list[str]:
    if found.age_s is None:
        return [
            f"Looked for queues among {format_count(found.keys_seen)} of "
            f"{format_count(found.total_keys)} keys so far; the next call goes on from there."
        ]
    if found.age_s > 1:
        return [
            f"Queues were looked for among the keys {format_duration(found.age_s)} ago; a newer "
            "one may be missing, but can be named in inspect_queue."
        ]
    return []


def _not_queues(snapshot: Snapshot) -> list[str]:
    if not snapshot.not_queues:
        return []
    names = ", ".join(snapshot.not_queues[:5])
    more = f" and {len(snapshot.not_queues) - 5} more" if len(snapshot.not_queues) > 5 else ""
    return [
        f"Keys named like those of the queues {names}{more} are not of the types that Dramatiq "
        f'uses; inspect_keys(match="*:{snapshot.not_queues[0].rpartition(":")[2]}*") shows them.'
    ]


def row_of(judged: Judged, *, detailed: bool = True) -> QueueRow:
    """A queue's counts as they are shown, with the reason for its status and who holds what."""
    facts = judged.facts
    holders = facts.held[:SHOWN_HOLDERS] if detailed else []
    return QueueRow(
        queue=facts.queue.label,
        status=judged.judgement.status,
        reason=judged.judgement.reason if detailed else None,
        waiting=facts.waiting,
        in_flight=facts.in_flight,
        delayed=facts.delayed,
        dead=facts.dead,
        dead_last_hour=facts.dead_last_hour,
        consumers=len(facts.held_by_live),
        oldest_waiting_s=facts.oldest_waiting_s,
        held_by=[_holder(held) for held in holders],
    )


def _holder(held: Held) -> str:
    process = held.process
    state = "alive" if process.alive else f"dead, silent for {format_duration(process.silent_s)}"
    parts = [f"{held.messages} in flight"] if held.messages else []
    parts += [f"{held.delayed} delayed"] if held.delayed else []
    return f"{process.short} ({state}): {', '.join(parts)}"


def message_of(placed: Placed, now_ms: float) -> Message:
    """A message as it is shown."""
    job = placed.job
    return Message(
        message_id=job.message_id,
        redis_id=None if job.message_id else job.redis_id,
        actor=inline(job.actor, 100),
        arguments=show_arguments(job) if job.problem is None else "",
        age_s=_since(job.created_ms, now_ms),
        retries=job.retries,
        due_in_s=None if job.eta_ms is None else (job.eta_ms - now_ms) / 1000,
        died_s=_since(placed.died_ms, now_ms),
        held_by=None if placed.holder is None else placed.holder.short,
        error=show_error(job),
        problem=job.problem,
        bytes=job.size if job.size and job.size > LARGE_BYTES else None,
    )


def conclude(judged: Judged) -> str:
    """A queue's status as a sentence."""
    judgement = judged.judgement
    return f"{judged.facts.queue.label} is {judgement.status}: {judgement.reason}."


def page_of(
    page: Page, state: State, facts: QueueFacts, now_ms: float, cursor: str | None
) -> MessagePage:
    """A page of messages as it is shown."""
    total = {
        "waiting": facts.waiting,
        "in_flight": facts.in_flight,
        "delayed": facts.delayed,
        "dead": facts.dead,
    }[state]
    return MessagePage(
        state=state,
        total=total,
        looked_at=page.looked_at,
        messages=[message_of(placed, now_ms) for placed in page.placed],
        next_cursor=cursor,
    )


def answer_view(
    judged: Judged,
    sample: Sequence[Job],
    dead: Sequence[Dead],
    last_errors: Mapping[str, str],
    now_ms: float,
    actors: Iterable[str],
) -> QueueView:
    """The answer of inspect_queue without a state, before its pages.

    Args:
        judged: the queue.
        sample: all messages that wait or are in flight, or a random sample.
        dead: the newest dead messages.
        last_errors: the error in the stored result, by message id.
        now_ms: Redis's clock.
        actors: names of the actors of which messages were seen.
    """
    facts, judgement = judged.facts, judged.judgement
    groups = dead_letters(dead, last_errors, now_ms, actors)
    notes = [NOTE_RUNNING] if facts.in_flight else []
    if any(job.encoding == "pickle" for job in (*sample, *(letter.job for letter in dead))):
        notes.append(NOTE_PICKLE)
    label = facts.queue.label
    return QueueView(
        conclusion=conclude(judged),
        row=row_of(judged),
        findings=_dead_findings(groups),
        actors=[Actor(**vars(share)) for share in mix_actors(sample, facts.payloads)]
        if sample
        else [],
        actors_of=facts.payloads,
        actors_sample=len(sample),
        dead_letters=groups,
        dead_looked_at=len(dead),
        dead_kinds=describe_kinds(dead, SHOWN_GROUPS),
        next=[f'diagnose_queue(queue="{label}")'] if judgement.needs_attention else [],
        notes=notes,
    )


def dead_letters(
    dead: Sequence[Dead], last_errors: Mapping[str, str], now_ms: float, actors: Iterable[str]
) -> list[DeadLetters]:
    """Dead letters by cause, the most frequent first, as they are shown."""
    known = set(actors)
    return [
        _dead_letters(group, last_errors, now_ms, known)
        for group in group_dead(dead)[:SHOWN_GROUPS]
    ]


def _dead_letters(
    group: DeadGroup, last_errors: Mapping[str, str], now_ms: float, actors: Iterable[str]
) -> DeadLetters:
    last = last_errors.get(group.newest.message_id or "")
    return DeadLetters(
        actor=inline(group.actor, 100),
        count=group.count,
        error=group.error,
        frame=None if group.frame is None else inline(group.frame, 160),
        last_error=None if last is None else inline(redact_assignments(last), SHOWN_ERROR),
        why_no_error=(None if group.error else why_no_error(group.newest, group.last_ms, actors)),
        newest_s=(now_ms - group.last_ms) / 1000,
        oldest_s=(now_ms - group.first_ms) / 1000,
        example=inline(group.newest.message_id or group.newest.redis_id, 60),
        retries=group.newest.retries,
    )


def _dead_findings(groups: Sequence[DeadLetters]) -> list[str]:
    findings = []
    if any(group.error for group in groups):
        findings.append(f"Mind that {STALE_TRACEBACK}.")
    reasons = dict.fromkeys(group.why_no_error for group in groups if group.why_no_error)
    findings += [f"Where no error is shown: {reason}." for reason in reasons]
    return findings


def _since(moment_ms: float | None, now_ms: float) -> float | None:
    return None if moment_ms is None else max(0.0, (now_ms - moment_ms) / 1000)
