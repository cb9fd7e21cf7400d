"""Reads events and tells what happened."""

from collections.abc import Sequence

from stacksight_core.errors import ToolFailure
from stacksight_docker.analysis.history import History, tell
from stacksight_docker.clock import parse_moment, short_time
from stacksight_docker.facts import Event
from stacksight_docker.resolve import find_containers
from stacksight_docker.source.source import Source

ERROR_WINDOW = "`since` ({since}) is not before `until` ({until})."


async def read_history(
    source: Source, containers: Sequence[str] | None, since: str, until: str | None, limit: int
) -> History:
    """Tell what happened in a window, to all or to some containers.

    Raises:
        ToolFailure: a bad time, or a name that nothing goes by.
    """
    now = await source.now()
    begin = parse_moment("since", since, now)
    end = min(now, parse_moment("until", until, now)) if until else now
    if begin >= end:
        raise ToolFailure(ERROR_WINDOW.format(since=short_time(begin), until=short_time(end)))
    kept_from = await source.keep_events()
    listed = await source.containers()
    events = await source.events(begin, end)
    oldest = events[0].time if events else None
    window = f"since {short_time(begin)}" + (f" until {short_time(end)}" if until else "")
    if containers:
        wanted = {c.id for c in find_containers(containers, listed)}
        events = [event for event in events if _concerns(event, wanted)]
    names = {c.id: c.name for c in listed}
    return tell(events, names=names, oldest=oldest, window=window, limit=limit, kept_from=kept_from)


def _concerns(event: Event, wanted: set[str]) -> bool:
    return event.actor_id in wanted or event.attributes.get("container", "") in wanted
