"""Facts from the engine, as typed models."""

import contextlib
import json
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlsplit

import anyio
from anyio import to_thread
from anyio.abc import TaskGroup
from docker.errors import APIError

from stacksight_core.errors import ToolFailure
from stacksight_core.redact import redact_text
from stacksight_docker.errors import ERROR_ADDING_UP, ERROR_REFUSED
from stacksight_docker.facts import (
    PODMAN,
    Container,
    DiskUse,
    EngineInfo,
    Event,
    Image,
    Listed,
    Network,
    Sample,
    Volume,
)
from stacksight_docker.settings import Settings
from stacksight_docker.source.client import READ_SECONDS, EngineClient
from stacksight_docker.source.commands import Outcome, run_command
from stacksight_docker.source.connection import Connection, Reached
from stacksight_docker.source.endpoints import find_endpoints
from stacksight_docker.source.events import read_events
from stacksight_docker.source.host import is_here
from stacksight_docker.source.logfiles import log_path
from stacksight_docker.source.logs import LogQuery, LogRead, read_log
from stacksight_docker.source.logsearch import read_log_files
from stacksight_docker.source.parse import parse_container, parse_info, parse_listed
from stacksight_docker.source.parse_resources import (
    parse_disk_use,
    parse_image,
    parse_network,
    parse_volume,
)
from stacksight_docker.source.stats import parse_stats
from stacksight_docker.source.watch import Watch

FactT = TypeVar("FactT")
INSPECT_SECONDS = 5.0
EVENTS_SECONDS = 3.0
STATS_SECONDS = 8.0
DISK_SECONDS = 8.0
DISK_PAUSE_SECONDS = 0.2
ADDING_UP = "a disk usage operation is already running"
MAX_STATS_THREADS = 256
CONTROL_SECONDS = 20.0
NOT_MODIFIED = 304


class Source:
    """Asks the engine; connects at the first call.

    Every method raises ToolFailure when the engine is not there, hangs or answers nonsense.
    """

    def __init__(self, settings: Settings, tasks: TaskGroup) -> None:
        self._tasks = tasks
        desktop = sys.platform in ("darwin", "win32")
        self._stats_limiter = anyio.CapacityLimiter(MAX_STATS_THREADS)
        self._watch = Watch()
        self._placed: tuple[Reached, EngineInfo | None] | None = None
        self._connection = Connection(
            partial(find_endpoints, settings), desktop=desktop, may_write=settings.allow_writes
        )

    async def now(self) -> float:
        """Return the engine's clock, in seconds since the epoch."""
        return time.time() + (await self._connection.reach()).clock_offset

    async def clock_offset(self) -> float:
        """Return the engine's clock minus ours, in seconds; 0 when they agree."""
        return (await self._connection.reach()).clock_offset

    async def engine_name(self) -> str:
        """Return what the engine is and where it listens, without asking it again."""
        reached = await self._connection.reach()
        return f"{reached.software} at {redact_text(reached.endpoint.url)}"

    async def info(self) -> EngineInfo:
        """Return which engine answers, and its machine."""
        reached = await self._connection.reach()
        endpoint = reached.endpoint
        parse = partial(
            parse_info, endpoint.url, endpoint.origin, reached.software, reached.api_version
        )
        return await self._get("/info", parse)

    async def _here(self) -> EngineInfo | None:
        """Return what the engine is when it runs on this machine; asked once per connection."""
        reached = await self._connection.reach()
        if self._placed is None or not self._placed[0].same_engine(reached):
            info = await self.info()
            self._placed = (reached, info if is_here(info) else None)
        return self._placed[1]

    async def containers(self) -> list[Listed]:
        """List all containers, running or not, in one request; on Podman two."""
        listed = await self._list({"all": 1})
        if not (await self._connection.reach()).software.startswith(PODMAN):
            return listed
        # Podman's list does not say who is unhealthy, but can be filtered by it.
        filters = json.dumps({"health": ["unhealthy"]})
        unhealthy = {c.id for c in await self._list({"filters": filters})}
        return [replace(c, health="unhealthy") if c.id in unhealthy else c for c in listed]

    async def _list(self, params: Mapping[str, Any]) -> list[Listed]:
        return await self._get(
            "/containers/json", lambda raw: [parse_listed(entry) for entry in raw], params
        )

    async def container(self, container_id: str) -> Container:
        """Inspect a container by its full id.

        Raises:
            docker.errors.NotFound: it is gone.
        """
        path = f"/containers/{container_id}/json"
        return await self._get(path, parse_container, seconds=INSPECT_SECONDS)

    async def inspect_all(self, container_ids: Sequence[str]) -> dict[str, Container]:
        """Inspect several containers at once; those that are gone meanwhile are left out."""
        found: dict[str, Container] = {}

        async def inspect(container_id: str) -> None:
            try:
                found[container_id] = await self.container(container_id)
            except APIError as error:
                if error.status_code != 404:
                    raise

        async with anyio.create_task_group() as tasks:
            for container_id in container_ids:
                tasks.start_soon(inspect, container_id)
        return found

    async def image_tags(self) -> dict[str, str]:
        """Return the id of the image that each tag names now."""

        def parse(raw: Any) -> dict[str, str]:
            return {str(tag): str(image["Id"]) for image in raw for tag in image["RepoTags"] or ()}

        return await self._get("/images/json", parse)

    async def images(self) -> list[Image]:
        """List the images."""
        return await self._get("/images/json", lambda raw: [parse_image(entry) for entry in raw])

    async def volumes(self) -> list[Volume]:
        """List the volumes, without their sizes."""
        return await self._get(
            "/volumes", lambda raw: [parse_volume(entry) for entry in raw["Volumes"] or []]
        )

    async def networks(self) -> list[Network]:
        """List the networks."""
        return await self._get("/networks", lambda raw: [parse_network(entry) for entry in raw])

    async def disk_use(self) -> DiskUse:
        """Have the engine add up its disk use; it walks over the files, which may take long.

        An older engine refuses to do it for two at once; it is asked again until it is free.

        Raises:
            ToolFailure: it takes more than DISK_SECONDS.
        """
        until = time.monotonic() + DISK_SECONDS
        while True:
            try:
                return await self._get("/system/df", parse_disk_use, seconds=DISK_SECONDS)
            except APIError as error:
                if ADDING_UP not in str(error.explanation):
                    raise
            if time.monotonic() > until:
                raise ToolFailure(ERROR_ADDING_UP)
            await anyio.sleep(DISK_PAUSE_SECONDS)

    async def image_architecture(self, image_id: str) -> str:
        """Return the processor architecture that an image is made for; empty if it is gone."""
        try:
            return await self._get(
                f"/images/{image_id}/json", lambda raw: str(raw.get("Architecture") or "")
            )
        except APIError:
            return ""

    async def events(self, since: float, until: float) -> list[Event]:
        """Return what happened, oldest first, as far as the engine remembers (256 events).

        Args:
            since: seconds since the epoch.
            until: seconds since the epoch; not in the future, or the engine waits for it.
        """
        podman = (await self._connection.reach()).software.startswith(PODMAN)
        work = partial(read_events, since=since, until=until, seconds=EVENTS_SECONDS, podman=podman)
        remembered = await self._connection.run(work, what="/events", seconds=EVENTS_SECONDS)
        if self._watch.since is None:
            return remembered
        oldest = remembered[0].time if remembered else until
        return [e for e in self._watch.events(since, until) if e.time < oldest] + remembered

    async def keep_events(self) -> float | None:
        """Keep events from now on; returns since when they are kept already, None if not yet."""
        since = self._watch.since
        await to_thread.run_sync(self._watch.follow, await self._connection.reach())
        return since

    async def stats(self, container_id: str, host_memory: int) -> tuple[Sample, Sample] | None:
        """Return two samples of what a container uses, from the engine; None if it does not run.

        The engine waits a second between the two, so many are asked for at once.
        """

        def work(client: EngineClient) -> tuple[Sample, Sample] | None:
            path = f"/containers/{container_id}/stats"
            raw = client.read(path, {"stream": "false"}, seconds=STATS_SECONDS)
            return parse_stats(raw, host_memory)

        return await self._connection.run(
            work, what="statistics", seconds=STATS_SECONDS, limiter=self._stats_limiter
        )

    async def log(self, container: Container, query: LogQuery) -> LogRead:
        """Read the end of a container's log; from its files where it goes far and they are here.

        Raises:
            docker.errors.APIError: its log driver cannot be read.
        """
        path = log_path(container, await self._here()) if query.goes_far else None
        if path is not None:
            with contextlib.suppress(OSError, EOFError):  # the engine can read it all the same
                return await to_thread.run_sync(
                    partial(read_log_files, path, query), abandon_on_cancel=True
                )
        work = partial(read_log, container_id=container.id, query=query, tty=container.tty)
        return await self._connection.run(work, what="the log", seconds=query.seconds)

    async def control(self, container_id: str, action: str, stop_seconds: int) -> bool:
        """Start, stop, restart, pause or unpause a container; False when it was so already.

        Args:
            container_id: the full id.
            action: what to do.
            stop_seconds: how long it may take to end before it is killed.

        Raises:
            docker.errors.APIError: its state does not allow it, or it cannot be started.
        """
        params = {"t": stop_seconds} if action in ("stop", "restart") else {}
        seconds = CONTROL_SECONDS + stop_seconds

        def work(client: EngineClient) -> bool:
            path = f"/containers/{container_id}/{action}"
            with client.change(path, params, seconds=seconds) as response:
                return response.status_code != NOT_MODIFIED

        return await self._connection.run(work, what=action, seconds=seconds, repeat=False)

    async def run(
        self, container_id: str, command: Sequence[str], user: str | None, seconds: float
    ) -> Outcome:
        """Run a command in a running container.

        Raises:
            docker.errors.APIError: the container does not run, or the user does not exist.
        """
        work = partial(
            run_command, container_id=container_id, command=command, user=user, seconds=seconds
        )
        return await self._connection.run(work, what="the command", seconds=seconds, repeat=False)

    async def _get(
        self,
        path: str,
        parse: Callable[[Any], FactT],
        params: Mapping[str, Any] | None = None,
        *,
        seconds: float = READ_SECONDS,
    ) -> FactT:
        def work(client: EngineClient) -> FactT:
            raw = client.read(path, params, seconds=seconds)
            try:
                return parse(raw)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                reason = f"an answer of another form ({type(error).__name__})"
                raise client.nonsense(path, reason) from error

        return await self._connection.run(work, what=path, seconds=seconds)

    def in_background(
        self, work: Callable[..., Coroutine[Any, Any, None]], *arguments: Any
    ) -> None:
        """Run work until it ends by itself or the server does."""
        self._tasks.start_soon(work, *arguments)

    def close(self) -> None:
        """Let go of the engine."""
        self._watch.stop()
        self._connection.close()


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Source]:
    """Make the source; nothing is asked before the first call."""
    async with anyio.create_task_group() as tasks:
        source = Source(settings, tasks)
        try:
            yield source
        finally:
            source.close()
            tasks.cancel_scope.cancel()


def translate(error: Exception) -> ToolFailure | None:
    """Turn an exception of the SDK into a failure that says what to do.

    Requests that run at the same time fail as a group; its first known failure tells.
    """
    if isinstance(error, ToolFailure):
        return error
    if isinstance(error, ExceptionGroup):
        failures = (translate(inner) for inner in error.exceptions)
        return next((failure for failure in failures if failure is not None), None)
    if isinstance(error, APIError):
        url = error.request.url if error.request is not None else ""
        path = urlsplit(str(url)).path or "the request"
        reason = error.explanation or error
        return ToolFailure(ERROR_REFUSED.format(path=path, reason=reason, status=error.status_code))
    return None
