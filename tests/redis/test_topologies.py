"""A cluster of three primaries, and a primary that Sentinel replaces."""

import contextlib
import re
import socket
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.cluster import ClusterNode, RedisCluster

from devstack.process import ServerProcess, choose_port
from devstack.redis import find_program
from stacksight_redis.facts.addresses import parse_address, show_url
from tests.redis.jobs import make_jobs, wait_until
from tests.support.stdio import User, open_client

PASSWORD = "s3cret-w0rd"
SLOTS = 16_384
NODES = 3


@contextlib.contextmanager
def servers(home: Path, *options: list[str]) -> Iterator[list[tuple[int, ServerProcess]]]:
    """Start one server for each list of options; each in a folder of its own."""
    with contextlib.ExitStack() as stack:
        started = []
        for number, more in enumerate(options):
            folder = home / str(number)
            folder.mkdir(parents=True)
            port = choose_port("Redis", 0)
            argv = [str(find_program()), *more, "--port", str(port), "--bind", "127.0.0.1"]
            argv += ["--dir", str(folder)]
            process = stack.enter_context(ServerProcess("redis", argv, log=folder / "log"))
            process.wait_until(partial(answers, port), 10)
            started.append((port, process))
        yield started


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[int]]:
    """Three primaries that know each other; yields their ports."""
    options = ["--cluster-enabled", "yes", "--save", ""]
    with servers(tmp_path_factory.mktemp("cluster"), *[options] * NODES) as started:
        ports = [port for port, _ in started]
        nodes: list[Any] = [redis.Redis(port=port) for port in ports]
        for number, node in enumerate(nodes):
            first, last = number * SLOTS // NODES, (number + 1) * SLOTS // NODES
            node.execute_command("CLUSTER", "ADDSLOTS", *range(first, last))
            node.execute_command("CLUSTER", "MEET", "127.0.0.1", ports[0])
        wait_until(
            lambda: all(
                b"cluster_state:ok" in node.execute_command("CLUSTER", "INFO")
                and node.execute_command("CLUSTER", "INFO").count(b"cluster_known_nodes:3")
                for node in nodes
            )
        )
        yield ports


@pytest.fixture
def cluster_url(cluster: list[int]) -> str:
    """All nodes but the first, which the others know."""
    return "redis+cluster://" + ",".join(f"127.0.0.1:{port}" for port in cluster[1:])


@pytest.fixture
def cluster_store(cluster: list[int]) -> Iterator[Any]:
    """A client of the cluster, empty."""
    nodes = [ClusterNode("127.0.0.1", port) for port in cluster]  # type: ignore[no-untyped-call]
    client: Any = RedisCluster(startup_nodes=nodes)
    client.flushall(target_nodes=RedisCluster.PRIMARIES)
    yield client
    client.close()


async def test_jobs_on_a_cluster(cluster_url: str, cluster_store: Any) -> None:
    """Dramatiq's script needs all its keys on one node: a namespace in braces puts them there."""
    jobs = make_jobs("redis://127.0.0.1:1/0", namespace="{jobs}", client=cluster_store)
    message = jobs.send("mail", 7)
    jobs.schedule("mail", 8, delay_ms=60_000)
    env = {"REDIS_URL": cluster_url, "STACKSIGHT_ALLOW_WRITES": "1"}
    async with open_client("redis", env=env, elicitation_callback=User("yes")) as client:
        listed = await client.call("list_queues")
        diagnosis = await client.call("diagnose_queue", queue="{jobs}:mail")
        found = await client.call("inspect_message", message_id=message)
        workers = await client.call("list_workers")
        deleted = await client.call("delete_messages", queue="{jobs}:mail", state="waiting")
    assert re.search(r"^\{jobs\}:mail \| .* \| 1 \| .* \| 0 \| 1 \| 0 \| 0 \|", listed.text, re.M)
    assert diagnosis.text.startswith("{jobs}:mail: no consumer. 1 message waiting")
    assert found.text.startswith("Waiting in {jobs}:mail, 0 before it")
    assert not workers.is_error
    assert deleted.text.startswith("1 message of {jobs}:mail deleted.")
    assert cluster_store.llen("{jobs}:mail") == 0


async def test_keys_and_health_of_all_nodes(
    cluster: list[int], cluster_url: str, cluster_store: Any
) -> None:
    for number in range(3_000):
        cluster_store.set(f"k:{number}", number)
    with redis.Redis(port=cluster[2]) as node:
        node.config_set("maxmemory-policy", "allkeys-lru")
        node.config_set("maxmemory", "1gb")
    seen = 0
    page: dict[str, str] = {}
    async with open_client("redis", env={"REDIS_URL": cluster_url}) as client:
        while True:
            answer = await client.call("inspect_keys", match="k:*", **page)
            assert "of 3,000 keys" in answer.text
            seen += int(answer.text.split(" ", 1)[0].replace(",", ""))
            match = re.search(r'cursor="([^"]+)"', answer.text)
            if match is None:
                break
            page = {"cursor": match[1]}
        one = await client.call("inspect_keys", key="k:77")
        health = await client.call("check_health")
    assert seen == 3_000
    assert "77" in one.text
    assert f"127.0.0.1:{cluster[2]}: maxmemory-policy is allkeys-lru" in health.text


async def test_channels_of_all_nodes(
    cluster: list[int], cluster_url: str, cluster_store: Any
) -> None:
    with redis.Redis(port=cluster[0]) as node, node.pubsub() as listener:
        listener.subscribe("news:1")
        assert listener.get_message(timeout=5)
        async with open_client("redis", env={"REDIS_URL": cluster_url}) as client:
            listed = await client.call("list_channels", match="news:*")
            plain = await client.call("capture_messages", action="start", channels=["news:*"])
            shard = await client.call(
                "capture_messages", action="start", channels=["{a}1", "{a}2"], sharded=True
            )
            apart = await client.call(
                "capture_messages", action="start", channels=["a", "b", "c", "d"], sharded=True
            )
            for port in cluster:
                with redis.Redis(port=port) as publisher:
                    publisher.publish("news:7", f"from {port}")
            cluster_store.spublish("{a}2", "to the shard")
            read = await client.call(
                "capture_messages", action="stop", capture=plain.text.split(" ", 1)[0],
                wait_for={"contains": "from", "count": 3, "exactly": True},
            )  # fmt: skip
            sharded = await client.call(
                "capture_messages", action="stop", capture=shard.text.split(" ", 1)[0],
                wait_for={"contains": "to the shard"},
            )  # fmt: skip
    assert "news:1 | 1" in listed.text
    assert read.text.startswith("Met: exactly 3 fit")
    assert sharded.text.startswith("Met:")
    assert apart.is_error
    assert "different nodes of the cluster" in apart.text


async def test_a_primary_that_sentinel_replaces(tmp_path: Path) -> None:
    common = ["--save", "", "--requirepass", PASSWORD, "--masterauth", PASSWORD]
    with servers(tmp_path, common, common) as ((primary, process), (replica, _)):
        with redis.Redis(port=replica, password=PASSWORD) as second:
            second.replicaof("127.0.0.1", str(primary))
            wait_until(lambda: second.info("replication")["master_link_status"] == "up")
        config = tmp_path / "sentinel.conf"
        config.write_text(
            f"sentinel monitor jobs 127.0.0.1 {primary} 1\n"
            f"sentinel auth-pass jobs {PASSWORD}\n"
            "sentinel down-after-milliseconds jobs 300\n"
            "sentinel failover-timeout jobs 2000\n"
        )
        with sentinel_of(config, tmp_path) as port:
            url = f"redis+sentinel://:{PASSWORD}@127.0.0.1:1,127.0.0.1:{port}/jobs/2"
            make_jobs(f"redis://:{PASSWORD}@127.0.0.1:{primary}/2").send("mail", 1)
            async with open_client("redis", env={"REDIS_URL": url}) as client:
                before = await client.call("list_queues")
                started = await client.call("capture_messages", action="start", channels=["c"])
                process.kill()
                with redis.Redis(port=replica, password=PASSWORD) as second:
                    wait_until(lambda: second.info("replication")["role"] == "master", 60)
                    after = await client.call("list_queues")
                    wait_until(lambda: second.publish("c", "after the failover"), 30)
                read = await client.call(
                    "capture_messages", action="stop", capture=started.text.split(" ", 1)[0],
                    wait_for={"contains": "after"},
                )  # fmt: skip
    for answer in (before, after):
        assert re.search(r"^mail \| ", answer.text, re.M), answer.text
        assert PASSWORD not in answer.text
    assert read.text.startswith("Met:")
    assert "1 gap in the subscription" in read.text


@contextlib.contextmanager
def sentinel_of(config: Path, home: Path) -> Iterator[int]:
    """Run a Sentinel; yields its port."""
    port = choose_port("Sentinel", 0)
    argv = [str(find_program()), str(config), "--sentinel", "--port", str(port)]
    with ServerProcess("sentinel", argv, log=home / "sentinel.log") as process:
        process.wait_until(partial(answers, port), 10)
        yield port


def answers(port: int) -> bool:
    """Whether a server is there, also one that asks for a password."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)) as wire:
        wire.sendall(b"PING\r\n")
        return wire.recv(64)[:1] in (b"+", b"-")
    return False


async def test_no_sentinel_and_no_cluster_are_told() -> None:
    free = choose_port("Redis", 0)
    for url in (f"redis+sentinel://127.0.0.1:{free}/jobs", f"redis+cluster://127.0.0.1:{free}"):
        async with open_client("redis", env={"REDIS_URL": url}) as client:
            for tool, arguments in (
                ("list_queues", {}),
                ("capture_messages", {"action": "start", "channels": ["c"]}),
            ):
                answer = await client.call(tool, **arguments)
                assert answer.is_error
                assert "Redis does not answer at" in answer.text


@pytest.mark.parametrize(
    ("url", "kind", "hosts", "database"),
    [
        ("redis://a:1/2", "server", (), None),
        ("redis+sentinel://u:p@a,b:2/s/3", "sentinel", (("a", 26379), ("b", 2)), 3),
        ("rediss+sentinel://a/s", "sentinel", (("a", 26379),), None),
        ("redis+cluster://u:p@[::1]:7,b", "cluster", (("::1", 7), ("b", 6379)), None),
    ],
)
def test_urls_of_several_hosts(url: str, kind: str, hosts: object, database: int | None) -> None:
    address = parse_address(url)
    assert (address.kind, address.hosts) == (kind, hosts)
    assert address.options.get("db") == database
    assert address.tls == url.startswith("rediss+")


@pytest.mark.parametrize(
    "url", ["redis+sentinel://a", "redis+cluster://a/1", "redis+x://a", "redis+cluster://a:b"]
)
def test_bad_urls_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_address(url)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://u:pw@h:1/2?socket_timeout=3", "redis://u:***@h:1/2"),
        ("redis://h/2?password=pw", "redis://h/2"),
        ("unix://:pw@/run/redis.sock?db=3&password=pw", "unix://:***@/run/redis.sock?db=3"),
        (
            "redis+sentinel://u:pw@a,b/s/0?sentinel_password=pw",
            "redis+sentinel://u:***@a,b/s/0",
        ),
    ],
)
def test_no_password_of_a_url_is_shown(url: str, shown: str) -> None:
    assert show_url(url) == shown
