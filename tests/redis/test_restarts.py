"""A Redis with persistence that is restarted while workers work and messages wait."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import dramatiq
import redis

from devstack.process import ServerProcess, choose_port
from devstack.redis import find_program
from tests.redis.jobs import Jobs, make_jobs, wait_until
from tests.redis.test_queues import row
from tests.support.stdio import open_client

SENT = 40
SCHEDULED = 3
DELAY_MS = 2_000
OVERDUE_S = 5.5


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


def one_thread(jobs: Jobs) -> dramatiq.Worker:
    return dramatiq.Worker(
        jobs.broker, queues={"thumbnails", "mail"}, worker_timeout=50, worker_threads=1
    )


async def test_what_was_queued_is_told_through_a_restart_under_load(tmp_path: Path) -> None:
    port = choose_port("Redis", 0)
    url = f"redis://127.0.0.1:{port}/0"
    jobs = make_jobs(url)
    worker = one_thread(jobs)
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


async def test_what_became_due_while_redis_restarted_is_stranded(tmp_path: Path) -> None:
    """Dramatiq issue 527: the worker forgets what it had in memory, and lives on."""
    port = choose_port("Redis", 0)
    url = f"redis://127.0.0.1:{port}/0"
    jobs = make_jobs(url)
    worker = one_thread(jobs)
    async with open_client("redis", env={"REDIS_URL": url}) as client:
        with persistent_redis(tmp_path, port) as store:
            for number in range(SENT):
                jobs.send("block", number)
            messages = [
                jobs.schedule("mail", number, delay_ms=DELAY_MS) for number in range(SCHEDULED)
            ]
            due_s = time.monotonic() + DELAY_MS / 1000
            worker.start()
            delayed = worker.consumers["mail.DQ"]
            wait_until(lambda: delayed.delay_queue.qsize() == SCHEDULED)
        wait_until(lambda: not delayed.delay_queue.qsize())  # it has noticed, and forgotten them
        with persistent_redis(tmp_path, port) as store:
            wait_until(lambda: time.monotonic() > due_s + OVERDUE_S)
            wait_until(lambda: silent_ms(store, jobs.broker.broker_id) < 2_000)
            listed = await client.call("list_queues")
            diagnosis = await client.call("diagnose_queue", queue="mail")
            found = await client.call("inspect_message", message_id=messages[0])
            jobs.release.set()
            worker.stop()
    assert row(listed.text, "mail")[5] == str(SCHEDULED)
    assert "mail (stranded)" in listed.text
    assert diagnosis.text.startswith("mail: stranded. 3 of 3 delayed messages looked at are up to")
    assert found.text.startswith("Stranded: due ")


def silent_ms(store: redis.Redis, process: str) -> float:
    spoke_ms = store.zscore("dramatiq:__heartbeats__", process)
    return time.time() * 1000 - float(str(spoke_ms))
