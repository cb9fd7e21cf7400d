"""Keeps events while the server runs, since the engine forgets all but its last 256."""

import collections
import json
import threading
import time

import requests
from docker.errors import DockerException

from stacksight_core.errors import ToolFailure
from stacksight_docker.facts import Event
from stacksight_docker.source.client import EngineClient
from stacksight_docker.source.connection import Reached
from stacksight_docker.source.endpoints import Endpoint
from stacksight_docker.source.events import KINDS, decode_event

MAX_KEPT = 5_000
SILENCE_SECONDS = 3_600.0


class Watch:
    """Follows the engine's events in a thread of its own until it is stopped or the engine goes."""

    def __init__(self) -> None:
        self._kept: collections.deque[Event] = collections.deque(maxlen=MAX_KEPT)
        self._client: EngineClient | None = None
        self._endpoint: Endpoint | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self.since: float | None = None

    def follow(self, reached: Reached) -> None:
        """Begin to follow an engine; does nothing while it is followed already."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._start(reached)

    def _start(self, reached: Reached) -> None:
        self._client = EngineClient(reached.endpoint, reached.api_version)
        if reached.endpoint != self._endpoint:  # a restarted engine has forgotten; this has not
            self._endpoint = reached.endpoint
            self.since = time.time() + reached.clock_offset
            self._kept.clear()
        self._thread = threading.Thread(
            target=self._run, args=(self._client,), name="events", daemon=True
        )
        self._thread.start()

    def _run(self, client: EngineClient) -> None:
        params = {"filters": json.dumps({"type": list(KINDS)})}
        try:
            with client.open("/events", params, seconds=SILENCE_SECONDS) as response:
                for line in response.iter_lines(chunk_size=1):
                    event = decode_event(client, line) if line else None
                    if event is not None and not event.action.startswith("exec_"):
                        self._kept.append(event)
        except (requests.RequestException, DockerException, ToolFailure, OSError, AttributeError):
            pass  # it ends with the connection; the next call begins anew
        finally:
            client.close()

    def events(self, since: float, until: float) -> list[Event]:
        """Return the kept events between two times, oldest first, without health check runs."""
        return [event for event in list(self._kept) if since <= event.time <= until]

    def stop(self) -> None:
        """End the thread."""
        if self._client is not None:
            self._client.break_off()
