"""The connection to Redis: lazy, self-healing, read-only, with a time limit on everything."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from redis.exceptions import (
    AskError,
    AuthenticationError,
    BusyLoadingError,
    ClusterDownError,
    ConnectionError,  # noqa: A004  redis-py's own, not the built-in
    MasterDownError,
    NoPermissionError,
    RedisClusterException,
    RedisError,
    ResponseError,
    TimeoutError,  # noqa: A004
)

from stacksight_core.errors import ToolFailure
from stacksight_core.redact import redact_text
from stacksight_redis.facts.addresses import parse_address, show_url
from stacksight_redis.facts.discovered import DiscoveryCache
from stacksight_redis.facts.looks import Looks
from stacksight_redis.facts.names import Queue
from stacksight_redis.facts.plans import Plans
from stacksight_redis.models.messages import Seen
from stacksight_redis.recording.store import Captures
from stacksight_redis.settings import RedisSettings
from stacksight_redis.source.commands import (
    Argument,
    Command,
    ForbiddenCommandError,
    check_command,
)
from stacksight_redis.source.links import open_link
from stacksight_redis.source.write_scripts import check_write

BATCH = 500

ERROR_DOWN = (
    "Redis does not answer at {where}: {reason}. Start it (`redis-server --port 6379`, or "
    "`docker compose -f compose.dev.yml up -d redis`), or point REDIS_URL at a running one. The "
    "next call connects again by itself."
)
ERROR_SLOW = (
    "Redis at {where} accepted the call but did not answer within {seconds:g} s. It may be busy "
    "with a slow command or a script (`redis-cli SLOWLOG GET 10`), or the network is. "
    "STACKSIGHT_REDIS_TIMEOUT_S raises the limit."
)
ERROR_AUTH = (
    "Redis at {where} refused to let this server in: {reason}. Put user and password into "
    "REDIS_URL: redis://user:password@host:port/0."
)
ERROR_LOADING = (
    "Redis at {where} is still loading its data, from disk or from its primary; try again in a "
    "moment."
)
ERROR_FULL = (
    "Redis at {where} runs, but lets nobody else in: {reason}. Workers and producers cannot "
    "connect either. Find what keeps so many connections (`CLIENT LIST` over one that is open), "
    "or raise the limit: `CONFIG SET maxclients 20000`."
)
ERROR_PERMISSION = (
    "The Redis user of this server may not do this: {reason}. docs/redis.md has the ACL line that "
    "allows everything this server reads and nothing else."
)
ERROR_BUSY = (
    "Redis at {where} runs a script that does not end, and refuses everything else ({reason}). "
    "Dramatiq's own maintenance can do that in a large database; see `redis-cli SLOWLOG GET`. "
    "`redis-cli SCRIPT KILL` ends a script that has not written yet."
)
ERROR_CLUSTER = (
    "Redis at {where} is a node of a cluster and does not hold what was asked for ({reason}). Name "
    "the whole cluster in REDIS_URL, redis+cluster://host:port,host:port, or point it at the Redis "
    "that Dramatiq uses: its broker works on a cluster only with a namespace in braces."
)
ERROR_REPLICA = "Redis at {where} is a replica that has lost its primary: {reason}."
ERROR_DATABASE = (
    "Redis at {where} has no database of this number: {reason}. It has 0 to 15 unless it is "
    "configured otherwise (`databases`), and a cluster has only 0; the number stands at the end of "
    "REDIS_URL."
)
ERROR_RESPONSE = "Redis at {where} answered with an error: {reason}."


class NotPermittedError(ToolFailure):
    """The ACL of our user forbids a command."""


class UnknownOutcomeError(ToolFailure):
    """The connection was lost while something was written: it may have happened or not."""


class Source:
    """One Redis, as the tools see it.

    Attributes:
        settings: as given at the start.
        where: the URL, with the password masked.
        address: what kind of Redis the URL names.
        captures: the pub/sub recordings of this process.
        discovery: what has been found among the keys so far.
        actors: queue and actor of the messages seen so far.
        last_waiting: how many messages waited at the last look, with the monotonic time of it.
        seen: where messages were that were asked for.
        looks: what moved since the looks before.
        plans: what the user is being asked about.
    """

    def __init__(self, settings: RedisSettings) -> None:
        self.settings = settings
        self.where = show_url(settings.redis_url)
        self.captures = Captures(settings)
        self.discovery = DiscoveryCache()
        self.actors: set[tuple[str, str]] = set()
        self.last_waiting: dict[Queue, tuple[float, int]] = {}
        self.seen: dict[str, Seen] = {}
        self.looks = Looks()
        self.plans = Plans()
        self.address = parse_address(settings.redis_url)
        self._link = open_link(self.address, settings.timeout_s)

    async def run(self, *command: Argument) -> Any:
        """Send one allowed command and return its answer, strings as bytes.

        Raises:
            NotPermittedError: the ACL forbids it.
            ToolFailure: Redis is down, slow, or answers with an error.
        """
        (answer,) = await self.run_all([command])
        if isinstance(answer, ResponseError):
            raise self._explain(answer)
        return answer

    async def run_all(self, commands: Sequence[Command]) -> list[Any]:
        """Send allowed commands in pipelines and return their answers in the same order.

        An error answered to one command stands at its place as a ``ResponseError``: a key of
        another type, or a command this Redis does not know.

        Raises:
            NotPermittedError: the ACL forbids one of them.
            ToolFailure: Redis is down or slow.
        """
        answers: list[Any] = []
        for start in range(0, len(commands), BATCH):
            answers += await self._run_batch(commands[start : start + BATCH])
        return answers

    async def _run_batch(self, commands: Sequence[Command]) -> list[Any]:
        for command in commands:
            check_command(command)
        try:
            try:
                answers = await self._link.send(commands)
            except (ConnectionError, RedisClusterException) as error:
                if isinstance(error, AuthenticationError | BusyLoadingError):
                    raise
                # Redis may have been restarted: the pooled connections are dead, new ones are not.
                await self._link.reset()
                answers = await self._link.send(commands)
        except (RedisError, RedisClusterException, OSError) as error:
            raise self._explain(error) from error
        for answer in answers:
            if isinstance(answer, Exception) and not _is_of_one_command(answer):
                raise self._explain(answer)
        return answers

    async def run_everywhere(self, *command: Argument) -> list[tuple[str, Any]]:
        """Send one allowed command to every primary; returns each one's name, empty for a single.

        Raises:
            NotPermittedError: the ACL forbids it.
            ToolFailure: Redis is down, slow, or answers with an error.
        """
        check_command(command)
        await self.run("PING")  # connects again where that is needed
        try:
            answers = await self._link.send_everywhere(command)
        except (RedisError, RedisClusterException, OSError) as error:
            raise self._explain(error) from error
        for _, answer in answers:
            if isinstance(answer, Exception):
                raise self._explain(answer)
        return answers

    async def write(self, command: Command) -> Any:
        """Send one writing command, once: it is not repeated when the connection is lost.

        Raises:
            UnknownOutcomeError: the connection was lost, so it may have happened or not.
            NotPermittedError: the ACL forbids it.
            ToolFailure: Redis is down, slow, or refuses.
        """
        if not self.settings.allow_writes:
            raise ForbiddenCommandError(str(command[0]))
        check_write(command)
        await self.run("PING")  # connects again where that is needed
        try:
            (answer,) = await self._link.send([command])
        except (RedisError, RedisClusterException, OSError) as error:
            raise UnknownOutcomeError(str(self._explain(error))) from error
        if isinstance(answer, Exception):
            raise self._explain(answer)
        return answer

    def _explain(self, error: Exception) -> ToolFailure:
        reason = redact_text(str(error)).rstrip(".")
        if isinstance(error, NoPermissionError):
            return NotPermittedError(ERROR_PERMISSION.format(reason=reason))
        text = _text_of(error, reason)
        return ToolFailure(
            text.format(where=self.where, reason=reason, seconds=self.settings.timeout_s)
        )

    async def aclose(self) -> None:
        """End the captures, what runs behind the answers, and the connections."""
        if self.discovery.refresh is not None:
            self.discovery.refresh.cancel()
        self.captures.abandon()
        await self._link.aclose()


def _text_of(error: Exception, reason: str) -> str:
    """Our text for an error of the driver; the order matters, since its classes overlap."""
    if isinstance(error, AuthenticationError) or reason.startswith(("NOAUTH", "WRONGPASS")):
        return ERROR_AUTH
    if isinstance(error, BusyLoadingError):
        return ERROR_LOADING
    if isinstance(error, ResponseError):
        return _text_of_state(error) or ERROR_RESPONSE
    if isinstance(error, TimeoutError | asyncio.TimeoutError):
        return ERROR_SLOW
    return ERROR_FULL if "max number of clients" in reason else ERROR_DOWN


def _text_of_state(error: ResponseError) -> str | None:
    """Our text for an error that concerns the whole server, None for one of a single command."""
    if isinstance(error, MasterDownError):
        return ERROR_REPLICA
    if isinstance(error, AskError | ClusterDownError):  # a MovedError is an AskError
        return ERROR_CLUSTER
    if "DB index is out of range" in str(error):
        return ERROR_DATABASE
    return ERROR_BUSY if str(error).startswith("BUSY ") else None


def _is_of_one_command(error: Exception) -> bool:
    """Whether an error concerns one command, such as a key of another type."""
    if not isinstance(error, ResponseError) or isinstance(error, NoPermissionError):
        return False
    return _text_of_state(error) is None


@asynccontextmanager
async def open_source(settings: RedisSettings) -> AsyncIterator[Source]:
    """Make a source; it connects at the first call and is closed with the block."""
    source = Source(settings)
    try:
        yield source
    finally:
        await source.aclose()
