"""Reads events: a stream of JSON objects."""

import json
import time
from typing import Any

from stacksight_docker.errors import EngineTimeout
from stacksight_docker.facts import Event
from stacksight_docker.source.client import EngineClient

MAX_EVENTS = 5_000
KINDS = ("container", "network", "volume", "image", "daemon")
_NANO = 1_000_000_000


def read_events(
    client: EngineClient, *, since: float, until: float, seconds: float, podman: bool
) -> list[Event]:
    """Read the events between two times, oldest first.

    The engine keeps the last 256, and each health check takes three of them; a filter does not
    make it remember more.
    """
    deadline = time.monotonic() + seconds
    params = {"since": f"{since:.9f}", "filters": json.dumps({"type": list(KINDS)})}
    # Podman 4 finds nothing with an end in the past, but can be told not to wait for more.
    params |= {"stream": "false"} if podman else {"until": f"{until:.9f}"}
    events = []
    with client.open("/events", params, seconds=seconds) as response:
        for line in response.iter_lines():
            event = decode_event(client, line) if line else None
            if event is not None and event.time <= until:
                events.append(event)
            if len(events) >= MAX_EVENTS:
                break
            if time.monotonic() > deadline:
                raise EngineTimeout("/events")
    return events


def decode_event(client: EngineClient, line: bytes) -> Event:
    """Parse one line of the stream.

    Raises:
        ToolFailure: it is no event.
    """
    try:
        raw = json.loads(line)
    except ValueError as error:
        raise client.nonsense("/events", "a line that is not JSON") from error
    if not isinstance(raw, dict):
        raise client.nonsense("/events", "a line that is no event")
    return parse_event(raw)


def parse_event(raw: dict[str, Any]) -> Event:
    """Parse one event."""
    actor = raw.get("Actor") or {}
    attributes = {str(k): str(v) for k, v in (actor.get("Attributes") or {}).items()}
    action = str(raw.get("Action") or raw.get("status") or "")
    exit_code = attributes.get("containerExitCode")  # Podman's name; it gives it to every event
    if exit_code is not None and action in ("die", "died"):
        attributes.setdefault("exitCode", exit_code)
    nano = raw.get("timeNano")
    return Event(
        time=nano / _NANO if isinstance(nano, int) else float(raw.get("time") or 0),
        kind=str(raw.get("Type") or ""),
        action=action,
        actor_id=str(actor.get("ID") or raw.get("id") or ""),
        name=attributes.get("name", ""),
        attributes=attributes,
    )
