"""What happened: events folded into what an agent wants to know."""

from collections import Counter
from collections.abc import Mapping, Sequence

from pydantic import BaseModel

from stacksight_docker.analysis.exits import explain_exit
from stacksight_docker.clock import short_time
from stacksight_docker.facts import Event

MAX_SHOWN = 60
NOISE_PREFIX = "exec_"
_ATTRIBUTES = ("exitCode", "signal", "container", "driver", "oldName")


class Happening(BaseModel):
    """An event, or several equal ones in a row."""

    at: str
    kind: str
    name: str
    action: str
    details: dict[str, str] = {}
    repeated: int = 1
    until: str | None = None


class History(BaseModel):
    """What list_events answers."""

    window: str
    remembered_from: str | None = None
    kept_from: str | None = None
    events: int
    health_checks: int
    counts: dict[str, int]
    happenings: list[Happening]
    left_out: int = 0


def tell(
    events: Sequence[Event],
    *,
    names: dict[str, str],
    oldest: float | None,
    window: str,
    limit: int,
    kept_from: float | None,
) -> History:
    """Fold events: health check runs are counted, equal ones in a row are one.

    Args:
        events: oldest first.
        names: what to call containers, by id.
        oldest: the time of the oldest event that is known, whomever it concerns.
        window: what was asked for, in words.
        limit: how many happenings to show, the newest.
        kept_from: since when this server keeps events itself; None when it does not.
    """
    noise = sum(event.action.startswith(NOISE_PREFIX) for event in events)
    names = {e.actor_id: e.name for e in events if e.kind == "container" and e.name} | names
    telling = _without_noise(events)
    happenings = _fold(telling, names)
    counts = Counter(f"{event.kind} {_action(event)}" for event in telling)
    return History(
        window=window,
        remembered_from=None if oldest is None else short_time(oldest),
        kept_from=None if kept_from is None else short_time(kept_from),
        events=len(telling),
        health_checks=noise,
        counts=dict(counts.most_common(12)),
        happenings=happenings[-limit:],
        left_out=max(0, len(happenings) - limit),
    )


def _without_noise(events: Sequence[Event]) -> list[Event]:
    """Leave out health check runs, and what starting and ending does to networks by itself."""
    moves = {(e.actor_id, round(e.time)) for e in events if e.action in ("start", "die")}
    return [
        event
        for event in events
        if not event.action.startswith(NOISE_PREFIX)
        and not (
            event.action in ("connect", "disconnect")
            and any(
                (event.attributes.get("container", ""), round(event.time) + step) in moves
                for step in range(-5, 6)
            )
        )
    ]


def _fold(events: Sequence[Event], names: Mapping[str, str]) -> list[Happening]:
    folded: list[Happening] = []
    for event in events:
        name = names.get(event.actor_id) or (event.name or event.actor_id)[:60]
        happening = Happening(
            at=short_time(event.time),
            kind=event.kind,
            name=name,
            action=_action(event),
            details=_details(event, names),
        )
        last = folded[-1] if folded else None
        if last and _same(last, happening):
            last.repeated += 1
            last.until = happening.at
        else:
            folded.append(happening)
    return _fold_cycles(folded)


def _fold_cycles(happenings: list[Happening]) -> list[Happening]:
    """Make one of a start and a die of the same container that keep following each other."""
    kept: list[Happening] = []
    for happening in happenings:
        earlier = next(
            (h for h in reversed(kept[-6:]) if _same(h, happening) and h.action in _CYCLE), None
        )
        if earlier is None:
            kept.append(happening)
        else:
            earlier.repeated += happening.repeated
            earlier.until = happening.until or happening.at
    return kept


_CYCLE = frozenset({"start", "die"})


def _same(one: Happening, other: Happening) -> bool:
    return (one.kind, one.name, one.action, one.details) == (
        other.kind,
        other.name,
        other.action,
        other.details,
    )


def _action(event: Event) -> str:
    return event.action.partition(":")[0] if event.kind != "container" else event.action


def _details(event: Event, names: Mapping[str, str]) -> dict[str, str]:
    details = {key: event.attributes[key] for key in _ATTRIBUTES if event.attributes.get(key)}
    if "exitCode" in details and details["exitCode"].lstrip("-").isdigit():
        details["exitCode"] = explain_exit(int(details["exitCode"]))
    if "container" in details:
        details["container"] = names.get(details["container"], details["container"][:12])
    return details
