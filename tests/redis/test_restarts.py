"""A Redis with persistence that is restarted while workers work and messages wait."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import dramatiq
import redis

from devstack.process import ServerProcess, choose_port
from devstack.redis import find_program
from tests.redis.jobs import make_jobs, wait_until
from tests.redis.test_queues import row
from tests.support.stdio import open_client

SENT = 40
SCHEDULED = 3


@contextlib.contextmanager
def persistent_redis(home: Path, port: int) -> Iterator[redis.Redis]:
    """A Redis that finds again what it held when it was stopped."""
    argv = [str(find_program()), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(home)]
    with (
        ServerProcess("redis", [*argv, "--appendonly", "yes"], log=home / "log") as process,
        redis.Redis(port=port) as store,
    ):
        process.wait_until(lambda: is_loaded(store), 10)
        yield store


def is_loaded(store: redis.Redis) -> bool:
    try:
        return bool(store.ping())
    except redis.ConnectionError:  # BusyLoadingError is one too
        return False


async def test_what_was_queued_is_told_through_a_restart_under_load(tmp_path: Path) -> None:
    port = choose_port("Redis", 0)
    url = f"redis://127.0.0.1:{port}/0"
    jobs = make_jobs(url)
    worker = dramatiq.Worker(
        jobs.broker, queues={"thumbnails", "mail"}, worker_timeout=50, worker_threads=1
    )
    async with open_client("redis", env={"REDIS_URL": url}) as client:
        with persistent_redis(tmp_path, port) as store:
            for number in range(SENT):
                jobs.send("block", number)
            for number in range(SCHEDULED):
                jobs.schedule("mail", number, delay_ms=3_600_000)
            worker.start()
            wait_until(lambda: store.llen("dramatiq:mail.DQ") == 0)
            wait_until(lambda: store.llen("dramatiq:thumbnails") < SENT)
            await client.call("list_queues")
        away = await client.call("list_queues")
        with persistent_redis(tmp_path, port) as store:
            speaks = store.zscore("dramatiq:__heartbeats__", jobs.broker.broker_id)
            wait_until(
                lambda: store.zscore("dramatiq:__heartbeats__", jobs.broker.broker_id) != speaks
            )
            back = await client.call("list_queues")
            workers = await client.call("list_workers")
            jobs.release.set()
            worker.stop()
    assert away.is_error
    assert f"127.0.0.1:{port}" in away.text
    block, mail = row(back.text, "thumbnails"), row(back.text, "mail")
    assert int(block[2]) + int(block[4]) == SENT
    assert int(block[4]) > 0
    assert mail[5] == str(SCHEDULED)
    assert workers.text.startswith("1 consumer alive")
