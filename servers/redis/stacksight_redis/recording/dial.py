"""Makes the connection of a recording with redis-py: to a server, a primary, a cluster's node."""

from collections.abc import Sequence
from typing import Any

from redis import ConnectionPool
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.exceptions import RedisClusterException
from redis.retry import Retry
from redis.sentinel import Sentinel

from stacksight_redis.facts.addresses import Address

_Sentinel: Any = Sentinel  # redis-py types neither
_ClusterNode: Any = ClusterNode

CLIENT_NAME = "stacksight-capture"

ERROR_SEVERAL_NODES = (
    "these sharded channels belong to different nodes of the cluster; start a capture for each "
    "node: {groups}"
)


def dial(address: Address, sharded: Sequence[str], timeout_s: float) -> Any:
    """Return a redis-py connection that is not connected yet.

    Args:
        address: of Redis.
        sharded: the sharded channels that it is for, which belong to a node of a cluster.
        timeout_s: for connecting.

    Raises:
        RedisError: no Sentinel or no node of the cluster answers.
        RedisClusterException: the same, or the channels belong to several nodes.
    """
    options: dict[str, Any] = {
        "protocol": 2,
        "decode_responses": False,
        "client_name": CLIENT_NAME,
        "socket_timeout": timeout_s,
        "socket_connect_timeout": timeout_s,
    }
    if address.kind == "cluster":
        return _dial_node(address, sharded, address.options | options)
    options["retry"] = Retry(NoBackoff(), 0)
    if address.kind == "server":
        pool = ConnectionPool.from_url(address.url)
        pool.connection_kwargs |= options
        return pool.make_connection()
    timeouts = {"socket_timeout": timeout_s, "socket_connect_timeout": timeout_s}
    sentinel: Any = _Sentinel(address.hosts, sentinel_kwargs=timeouts | address.sentinel_options)
    client = sentinel.master_for(address.service, ssl=address.tls, **(address.options | options))
    return client.connection_pool.make_connection()


def _dial_node(address: Address, sharded: Sequence[str], options: dict[str, Any]) -> Any:
    """Any node gets what is published plainly anywhere; sharded channels are at their own node."""
    nodes = [_ClusterNode(host, port) for host, port in address.hosts]
    cluster: Any = RedisCluster(startup_nodes=nodes, ssl=address.tls, **options)
    groups: dict[Any, list[str]] = {}
    for channel in sharded:
        groups.setdefault(cluster.get_node_from_key(channel), []).append(channel)
    if len(groups) > 1:
        told = "; ".join(", ".join(names) for names in groups.values())
        raise RedisClusterException(ERROR_SEVERAL_NODES.format(groups=told))
    node = next(iter(groups), cluster.get_default_node())
    return node.redis_connection.connection_pool.make_connection()
