"""Connections for questions: to one server, to the primary that Sentinels name, to a cluster.

All of it is redis-py's: pools, Sentinel, RedisCluster.
"""

import asyncio
import math
from collections.abc import Sequence
from typing import Any, Protocol

from hiredis import pack_command
from redis.asyncio import BlockingConnectionPool, Redis, RedisCluster, Sentinel
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from stacksight_redis.facts.addresses import Address
from stacksight_redis.source.cluster_commands import keys_of, merge, node_cursor, split
from stacksight_redis.source.commands import Command

_Sentinel: Any = Sentinel  # redis-py does not type it
_pack: Any = pack_command  # hiredis types it for one argument

CONNECTIONS = 4
CLIENT_NAME = "stacksight"
ERROR_LATE = "no answer in time"


class Link(Protocol):
    """What sends commands."""

    async def send(self, commands: Sequence[Command]) -> list[Any]:
        """Send commands in pipelines; an error answered to one stands at its place."""

    async def send_everywhere(self, command: Command) -> list[tuple[str, Any]]:
        """Send a command to every primary; returns each one's name and answer."""

    async def reset(self) -> None:
        """Forget the connections; the next command makes new ones."""

    async def aclose(self) -> None:
        """Close the connections."""


def open_link(address: Address, timeout_s: float) -> Link:
    """Make a link; nothing connects before the first command."""
    # Ours win over options in the URL: answers are bytes in RESP2's plain shapes.
    options = {
        "protocol": 2,
        "decode_responses": False,
        "client_name": CLIENT_NAME,
        "socket_timeout": timeout_s,
        "socket_connect_timeout": timeout_s,
    }
    if address.kind == "cluster":
        return ClusterLink(address, address.options | options)
    options["retry"] = Retry(NoBackoff(), 0)
    if address.kind == "sentinel":
        sentinel = _Sentinel(
            address.hosts,
            sentinel_kwargs={
                "socket_timeout": timeout_s,
                "socket_connect_timeout": timeout_s,
                **address.sentinel_options,
            },
        )
        client = sentinel.master_for(
            address.service, ssl=address.tls, **(address.options | options)
        )
        return ServerLink(client, [*sentinel.sentinels], timeout_s)
    pool = BlockingConnectionPool.from_url(
        address.url, max_connections=CONNECTIONS, timeout=timeout_s
    )
    pool.connection_kwargs |= options
    return ServerLink(Redis(connection_pool=pool), [], timeout_s)


class ServerLink:
    """One server, or the one that Sentinels say is the primary.

    Connections come from redis-py's pool. Commands are packed and answers are read without its
    pipeline, which costs three times as much for each of the thousands of commands in one answer.
    """

    def __init__(self, client: Redis, sentinels: Sequence[Redis], timeout_s: float) -> None:
        self._redis = client
        self._sentinels = sentinels
        self._timeout_s = timeout_s
        self._free = asyncio.Semaphore(CONNECTIONS)

    async def send(self, commands: Sequence[Command]) -> list[Any]:
        """Send commands in one go and read their answers, within the time limit for all."""
        packed = b"".join(_pack(tuple(command)) for command in commands)
        pool: Any = self._redis.connection_pool
        async with self._free:
            connection = await pool.get_connection()
            try:
                async with asyncio.timeout(self._timeout_s):
                    await connection.send_packed_command(packed)
                    return [await _read_answer(connection) for _ in commands]
            except TimeoutError as late:
                raise RedisTimeoutError(ERROR_LATE) from late
            finally:
                await pool.release(connection)

    async def send_everywhere(self, command: Command) -> list[tuple[str, Any]]:
        """Send it to the one server there is."""
        (answer,) = await self.send([command])
        return [("", answer)]

    async def reset(self) -> None:
        """Forget the connections."""
        await self._redis.connection_pool.disconnect()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._redis.aclose()
        await self._redis.connection_pool.disconnect()
        for sentinel in self._sentinels:
            await sentinel.aclose()


async def _read_answer(connection: AbstractConnection) -> Any:
    """One answer; an error that Redis answers is returned, one of the connection is raised."""
    try:
        return await connection.read_response(timeout=math.inf)
    except ResponseError as error:
        return error


class ClusterLink:
    """A cluster: commands with a key go to its node, others to every primary or to one."""

    def __init__(self, address: Address, options: dict[str, Any]) -> None:
        self._cluster = RedisCluster(
            startup_nodes=[ClusterNode(host, port) for host, port in address.hosts],
            ssl=address.tls,
            retry=Retry(NoBackoff(), 0),  # the source repeats what may be repeated: no write
            **{name: value for name, value in options.items() if name != "db"},
        )
        # What the client itself needs to learn the cluster's shape keeps its callbacks.
        callbacks = self._cluster.response_callbacks
        for name in [name for name in callbacks if not name.startswith(("CLUSTER", "COMMAND"))]:
            del callbacks[name]
        self._free = asyncio.Semaphore(CONNECTIONS)

    async def send(self, commands: Sequence[Command]) -> list[Any]:
        """Send commands, split where their keys or answers are on several nodes."""
        async with self._free:
            await self._cluster.initialize()
            primaries = sorted(self._cluster.get_primaries(), key=lambda node: node.name)
            pipeline = self._cluster.pipeline()
            sent: list[int] = []
            for command in commands:
                parts = split(command, len(primaries))
                for part in parts:
                    key: Any = next(iter(keys_of(part.command)), None)
                    node = (
                        primaries[part.node]
                        if key is None
                        else self._cluster.get_node_from_key(key) or primaries[0]
                    )
                    pipeline.execute_command(*part.command, target_nodes=node)
                sent.append(len(parts))
            answers = iter(await pipeline.execute(raise_on_error=False))
        merged = []
        for command, count in zip(commands, sent, strict=True):
            found = [next(answers) for _ in range(count)]
            merged.append(
                node_cursor(command, found[0], len(primaries))
                if command[0] == "SCAN"
                else merge(command, found)
            )
        return merged

    async def send_everywhere(self, command: Command) -> list[tuple[str, Any]]:
        """Send it to every primary."""
        await self._cluster.initialize()
        primaries = sorted(self._cluster.get_primaries(), key=lambda node: node.name)
        pipeline = self._cluster.pipeline()
        for node in primaries:
            pipeline.execute_command(*command, target_nodes=node)
        answers = await pipeline.execute(raise_on_error=False)
        return [(node.name, answer) for node, answer in zip(primaries, answers, strict=True)]

    async def reset(self) -> None:
        """Learn the cluster's shape anew."""
        await self._cluster.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._cluster.aclose()
