"""Runs blocking calls of the SDK in threads: a client for each, a time limit, and a way to stop."""

import collections
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TypeVar

import anyio
import requests
from anyio import CapacityLimiter, to_thread
from docker.constants import DEFAULT_DOCKER_API_VERSION, MINIMUM_DOCKER_API_VERSION
from docker.errors import APIError, DockerException
from docker.utils import version_lt

from stacksight_core.errors import ToolFailure
from stacksight_docker.errors import (
    ERROR_GONE,
    ERROR_TIMEOUT,
    REASON_DENIED,
    REASON_MISSING,
    REASON_REFUSED,
    REASON_SILENT,
    REASON_STRANGER,
    EngineGone,
    EngineTimeout,
    no_engine,
)
from stacksight_docker.source.client import EngineClient, is_timeout
from stacksight_docker.source.endpoints import Endpoint

ResultT = TypeVar("ResultT")

PING_SECONDS = 2.5
FRESH_SECONDS = 2.0
"""An engine that answered this recently is not asked again whether it is there."""
MAX_THREADS = 32
MAX_IDLE_CLIENTS = 8
CLOCK_TOLERANCE_SECONDS = 2.0
"""The engine's clock is read to the second, so smaller differences mean nothing."""


@dataclass(frozen=True)
class Reached:
    """An endpoint that answered.

    Attributes:
        endpoint: where.
        api_version: what to speak with it.
        clock_offset: its clock minus ours, in seconds; 0 when they agree.
        software: what the engine says it is: ``Docker/28.2.2 (linux)``.
    """

    endpoint: Endpoint
    api_version: str
    clock_offset: float
    software: str

    def same_engine(self, other: "Reached | None") -> bool:
        """Tell whether a client made for this one fits the other."""
        return other is not None and (self.endpoint, self.api_version) == (
            other.endpoint,
            other.api_version,
        )


class _Call:
    """Ties a running call to its client, so that it can be stopped from the event loop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._client: EngineClient | None = None
        self.stopped = False

    def holds(self, client: EngineClient | None) -> None:
        with self._lock:
            self._client = client

    def stop(self) -> None:
        with self._lock:
            self.stopped = True
            if self._client is not None:
                self._client.break_off()


class Connection:
    """The engine, found at the first call and found again after it was gone.

    Args:
        find: lists the endpoints to try, best first.
        desktop: how to start an engine is said for macOS and Windows.
        may_write: clients may send changes too.
    """

    def __init__(
        self, find: Callable[[], list[Endpoint]], *, desktop: bool, may_write: bool = False
    ) -> None:
        self._find = find
        self._desktop = desktop
        self._may_write = may_write
        self._lock = anyio.Lock()
        self._reached: Reached | None = None
        self._last_answer = 0.0
        self._idle: collections.deque[EngineClient] = collections.deque()
        self._limiter = CapacityLimiter(MAX_THREADS)

    async def reach(self) -> Reached:
        """Return the endpoint that answers.

        Raises:
            ToolFailure: none does.
        """
        async with self._lock:
            if self._reached is None or time.monotonic() - self._last_answer > FRESH_SECONDS:
                before, after = self._reached, await self._try_endpoints()
                if before is None or not before.same_engine(after):
                    self._forget()
                self._reached = after
                self._last_answer = time.monotonic()
            return self._reached

    async def _try_endpoints(self) -> Reached:
        tried = []
        endpoints = await to_thread.run_sync(self._find)
        if self._reached is not None and self._reached.endpoint in endpoints:
            endpoints = [self._reached.endpoint, *endpoints]
        for endpoint in dict.fromkeys(endpoints):
            try:
                return await self._in_thread(partial(_ping, endpoint), _Call(), self._limiter)
            except (requests.RequestException, DockerException, EngineGone, OSError) as error:
                self._forget()
                tried.append((endpoint.url, endpoint.origin, _reason(endpoint, error)))
        raise no_engine(tried, desktop=self._desktop)

    def _forget(self) -> None:
        self._reached = None
        while self._idle:
            self._idle.pop().close()

    async def run(
        self,
        work: Callable[[EngineClient], ResultT],
        *,
        what: str,
        seconds: float,
        limiter: CapacityLimiter | None = None,
        repeat: bool = True,
    ) -> ResultT:
        """Run blocking work on a client of its own in a thread.

        Args:
            work: takes the client; keeps its own time limit, ``seconds``.
            what: the request, for messages.
            seconds: the limit, for messages.
            limiter: bounds the threads instead of the connection's own.
            repeat: try again where the connection failed; not for changes, which may have happened.

        Raises:
            ToolFailure: the engine is not there, went away, or did not answer in time.
            docker.errors.APIError: it refused.
        """
        reached = await self.reach()
        try:
            return await self._once(reached, work, limiter)
        except APIError:
            raise  # an answer, though the SDK derives it from the failures of requests
        except (requests.RequestException, EngineTimeout) as error:
            if isinstance(error, EngineTimeout) or is_timeout(error):
                raise self._too_slow(reached, what, seconds) from error
            if not repeat:
                raise self._gone(reached, error) from error
            return await self._again(work, limiter, error)

    async def _again(
        self,
        work: Callable[[EngineClient], ResultT],
        limiter: CapacityLimiter | None,
        first: Exception,
    ) -> ResultT:
        """Repeat a read once: the engine may have restarted since the connection was made."""
        self._forget()
        reached = await self.reach()
        try:
            return await self._once(reached, work, limiter)
        except APIError:
            raise
        except (requests.RequestException, EngineTimeout) as error:
            raise self._gone(reached, first) from error

    def _gone(self, reached: Reached, error: Exception) -> ToolFailure:
        self._forget()
        url = reached.endpoint.url
        return ToolFailure(ERROR_GONE.format(url=url, reason=_reason(reached.endpoint, error)))

    def _too_slow(self, reached: Reached, what: str, seconds: float) -> ToolFailure:
        self._last_answer = 0.0  # the next call asks first whether it is there
        url = reached.endpoint.url
        return ToolFailure(ERROR_TIMEOUT.format(url=url, path=what, seconds=seconds))

    async def _once(
        self,
        reached: Reached,
        work: Callable[[EngineClient], ResultT],
        limiter: CapacityLimiter | None,
    ) -> ResultT:
        call = _Call()
        job = partial(self._with_client, reached, work, call)
        result = await self._in_thread(job, call, limiter or self._limiter)
        self._last_answer = time.monotonic()
        return result

    async def _in_thread(
        self, job: Callable[[], ResultT], call: _Call, limiter: CapacityLimiter
    ) -> ResultT:
        try:
            return await to_thread.run_sync(job, abandon_on_cancel=True, limiter=limiter)
        except anyio.get_cancelled_exc_class():
            call.stop()
            raise

    def _with_client(
        self, reached: Reached, work: Callable[[EngineClient], ResultT], call: _Call
    ) -> ResultT:
        client = self._take(reached)
        call.holds(client)
        try:
            result = work(client)
        except BaseException:
            call.holds(None)
            client.close()
            raise
        call.holds(None)
        self._give_back(client, reached)
        return result

    def _take(self, reached: Reached) -> EngineClient:
        try:
            return self._idle.pop()
        except IndexError:
            return EngineClient(reached.endpoint, reached.api_version, may_write=self._may_write)

    def _give_back(self, client: EngineClient, reached: Reached) -> None:
        if reached.same_engine(self._reached) and len(self._idle) < MAX_IDLE_CLIENTS:
            self._idle.append(client)
        else:
            client.close()

    def close(self) -> None:
        """Let go of every idle connection."""
        self._forget()


def _ping(endpoint: Endpoint) -> Reached:
    client = EngineClient(endpoint, DEFAULT_DOCKER_API_VERSION)
    try:
        response = client.open("/_ping", seconds=PING_SECONDS, versioned=False)
        headers = response.headers
    finally:
        client.close()
    if "Api-Version" not in headers:
        raise EngineGone(REASON_STRANGER)
    return Reached(
        endpoint=endpoint,
        api_version=_spoken(headers["Api-Version"]),
        clock_offset=_clock_offset(headers.get("Date")),
        software=headers.get("Server", "Docker"),
    )


def _spoken(offered: str) -> str:
    """Return the version to speak: the engine's own, up to the newest that the SDK knows."""
    newest = DEFAULT_DOCKER_API_VERSION
    version = newest if version_lt(newest, offered) else offered
    return (
        MINIMUM_DOCKER_API_VERSION if version_lt(version, MINIMUM_DOCKER_API_VERSION) else version
    )


def _clock_offset(date: str | None) -> float:
    if date is None:
        return 0.0
    offset = (parsedate_to_datetime(date) - datetime.now(UTC)).total_seconds()
    return offset if abs(offset) > CLOCK_TOLERANCE_SECONDS else 0.0


def _reason(endpoint: Endpoint, error: Exception) -> str:
    """Say in a few words why an endpoint cannot be used."""
    cause = _system_error(error)
    if isinstance(cause, FileNotFoundError):
        return REASON_MISSING
    if isinstance(cause, PermissionError):
        return REASON_DENIED
    if isinstance(cause, ConnectionRefusedError):
        return REASON_REFUSED if endpoint.socket is not None else "connection refused"
    if isinstance(error, requests.Timeout) or isinstance(cause, TimeoutError):
        return REASON_SILENT
    if isinstance(error, APIError):
        return f"answered HTTP {error.status_code}"
    return str(cause or error)[:200] or type(error).__name__


def _system_error(error: BaseException | None) -> OSError | None:
    """Find the operating system's error under the layers that wrap it."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, OSError) and not isinstance(error, requests.RequestException):
            return error
        nested = next((arg for arg in error.args if isinstance(arg, BaseException)), None)
        error = error.__cause__ or error.__context__ or nested
    return None
