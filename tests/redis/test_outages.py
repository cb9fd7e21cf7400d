"""What happens to jobs and recordings while Redis is away, or a worker does not speak."""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dramatiq
import pytest

from devstack.process import ServerProcess
from devstack.redis import RedisServer
from tests.redis.gate import Gate
from tests.redis.jobs import Jobs, make_jobs, wait_until
from tests.support.stdio import ROOT, ServerClient, open_client

DELAY_MS = 1_500
OVERDUE_S = 5.5


@pytest.fixture
def gate(redis_server: RedisServer) -> Iterator[Gate]:
    """A door in front of the test's Redis."""
    made = Gate(redis_server.port)
    yield made
    made.shut()


def suspend(process: ServerProcess) -> None:
    """Stop a whole group in its tracks, as a debugger or a suspended machine does."""
    os.killpg(process.pid, signal.SIGSTOP)
    wait_until(lambda: set(states_of_group(process.pid)) == {"T"})


def states_of_group(group: int) -> Iterator[str]:
    """Yield the state letter of each process in a group (proc_pid_stat(5))."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            state, _, its_group, *_ = stat.read_text().rpartition(")")[2].split()
            if int(its_group) == group:
                yield state


async def test_a_worker_that_lost_its_delayed_messages(
    client: ServerClient, redis_url: str, redis_server: RedisServer, store: Any, gate: Gate
) -> None:
    """Dramatiq issue 527, as it happens: Redis is gone for a moment, the worker lives on."""
    through = make_jobs(redis_url.replace(str(redis_server.port), str(gate.port)))
    message = make_jobs(redis_url).schedule("mail", 1, delay_ms=DELAY_MS)
    worker = dramatiq.Worker(through.broker, worker_timeout=50, worker_threads=1)
    worker.start()
    try:
        wait_until(lambda: store.llen("dramatiq:mail.DQ") == 0)
        gate.shut()
        lost_at = time.monotonic()
        wait_until(lambda: time.monotonic() > lost_at + 2)  # until the worker has noticed
        gate.open()
        wait_until(lambda: time.monotonic() > lost_at + DELAY_MS / 1000 + OVERDUE_S)
        assert store.hlen("dramatiq:mail.DQ.msgs") == 1
        diagnosis = await client.call("diagnose_queue", queue="mail")
        found = await client.call("inspect_message", message_id=message)
        listed = await client.call("list_queues")
    finally:
        worker.stop()
    assert diagnosis.text.startswith("mail: stranded. 1 of 1 delayed message looked at")
    assert found.text.startswith("Stranded: due ")
    assert "mail (stranded)" in listed.text


async def test_a_recording_through_an_outage_says_what_it_missed(
    redis_server: RedisServer, store: Any, gate: Gate
) -> None:
    url = f"redis://127.0.0.1:{gate.port}/0"
    async with open_client("redis", env={"REDIS_URL": url}) as client:
        began = await client.call("capture_messages", action="start", channels=["outage"])
        handle = began.text.split(" ", 1)[0]
        store.publish("outage", "before")
        await client.call(
            "capture_messages", action="read", capture=handle, wait_for={"contains": "before"}
        )
        gate.shut()
        wait_until(lambda: store.pubsub_numsub("outage")[0][1] == 0)
        store.publish("outage", "missed")
        gate.open()
        wait_until(lambda: store.publish("outage", "after"))
        answer = await client.call(
            "capture_messages", action="stop", capture=handle, wait_for={"contains": "missed"},
            timeout_s=0,
        )  # fmt: skip
    assert answer.text.startswith("Not met: 0 fit, of 2 messages")
    assert "1 gap in the subscription" in answer.text
    assert "may still have been published" in answer.text


@pytest.mark.parametrize("cause", ["suspended", "keeps the GIL"])
async def test_a_worker_that_stopped_speaking_is_late_and_then_dead(
    client: ServerClient, redis_url: str, jobs: Jobs, store: Any, tmp_path: Path, cause: str
) -> None:
    message = jobs.send("block" if cause == "suspended" else "keep_gil", 1)
    argv = [sys.executable, "-m", "dramatiq", "tests.redis.worker_app:broker", "--processes=1"]
    env = os.environ | {"REDIS_URL": redis_url}
    log = tmp_path / "worker.log"
    process = ServerProcess("worker", [*argv, "--threads=1"], log=log, env=env, cwd=ROOT)
    try:
        wait_until(lambda: list(store.scan_iter("dramatiq:__acks__.*.thumbnails")))
        (key,) = store.scan_iter("dramatiq:__acks__.*.thumbnails")
        worker = key.decode().split(".")[1]
        if cause == "suspended":
            suspend(process)
        else:
            wait_until(lambda: silent_s(store, worker) > 2)
        store.zincrby("dramatiq:__heartbeats__", -20_000, worker)
        late = await client.call("list_workers")
        queue = await client.call("list_queues")
        slow = await client.call("inspect_message", message_id=message)
        store.zincrby("dramatiq:__heartbeats__", -60_000, worker)
        dead = await client.call("diagnose_queue", queue="thumbnails")
        assert silent_s(store, worker) > 80  # it has not spoken, and lives
        assert process.running
    finally:
        process.kill()
    assert f"late (silent for over 10 s): {worker[:8]}" in late.text
    assert "though a worker speaks every second" in queue.text
    assert "this one is blocked, suspended or killed" in slow.text
    assert dead.text.startswith("thumbnails: held by a dead process.")
    assert "or it lives, but is blocked or suspended" in dead.text


def silent_s(store: Any, worker: str) -> float:
    """For how long a process has said nothing to Redis."""
    return float(time.time() - store.zscore("dramatiq:__heartbeats__", worker) / 1000)
