"""A producer and a worker of Dramatiq 1.17, whose layout in Redis is the same."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from devstack.binaries import Wheel, unpack
from devstack.errors import SystemMissingError
from devstack.process import ServerProcess
from tests.conftest import missing
from tests.redis.jobs import wait_until
from tests.support.stdio import ROOT, ServerClient

# It imports prometheus-client, which Dramatiq 2 does not need.
WHEELS = (
    Wheel("dramatiq-1.17", "dramatiq==1.17.1"),
    Wheel("prometheus-client", "prometheus-client==0.21.1"),
)


@pytest.fixture
def environment(redis_url: str, tmp_path: Path) -> dict[str, str]:
    """In which Python finds Dramatiq 1.17 instead of the installed one."""
    try:
        folders = [str(unpack(wheel)) for wheel in WHEELS]
    except SystemMissingError as error:
        missing(error)
    path = os.pathsep.join([*folders, str(ROOT)])
    return os.environ | {
        "PYTHONPATH": path,
        "REDIS_URL": redis_url,
        "PROMETHEUS_MULTIPROC_DIR": str(tmp_path),
        "dramatiq_prom_port": "0",
    }


def run(environment: dict[str, str], *arguments: str) -> str:
    """What a Python program prints."""
    argv = [sys.executable, *arguments]
    done = subprocess.run(
        argv, env=environment, cwd=ROOT, check=True, capture_output=True, text=True
    )
    return done.stdout


async def test_a_job_of_dramatiq_1_17(
    client: ServerClient, environment: dict[str, str], store: Any, tmp_path: Path
) -> None:
    version = run(environment, "-c", "import dramatiq; print(dramatiq.__version__)")
    assert version.startswith("1.17.")
    done, died = run(environment, "-m", "tests.redis.old_app").split()
    argv = [sys.executable, "-m", "dramatiq", "tests.redis.old_app", "--processes=1", "--threads=2"]
    log = tmp_path / "worker.log"
    process = ServerProcess("worker", argv, log=log, env=environment, cwd=ROOT)
    try:
        wait_until(lambda: store.zcard("dramatiq:exports.XQ") == 1, 40)
        wait_until(lambda: store.hlen("dramatiq:mail.msgs") == 0)
        run(environment, "-m", "tests.redis.old_app", "block")
        wait_until(lambda: store.llen("dramatiq:slow") == 5)
        listed = await client.call("list_queues")
        failing = await client.call("diagnose_queue", queue="exports")
        dead = await client.call("inspect_message", message_id=died)
        finished = await client.call("inspect_message", message_id=done, queue="mail", actor="mail")
        workers = await client.call("list_workers")
    finally:
        process.kill()
    held = store.hlen("dramatiq:slow.msgs") - store.llen("dramatiq:slow")
    killed = await client.call("diagnose_queue", queue="slow")
    assert re.search(rf"^slow \| .* \| 5 \| .* \| {held} \| 0 \| 0 \| 0", listed.text, re.M)
    assert re.search(r"^mail \| .* \| 0 \| - \| 0 \| 1 \| 0 \| 0", listed.text, re.M)
    assert failing.text.startswith("exports: failing. 1 dead letter")
    assert re.match(r"Dead for .* after 2 attempts: ValueError: no captions for video 1", dead.text)
    assert finished.text.startswith("Finished: its result is stored.")
    assert f"slow: {held} in flight" in workers.text
    assert f"holds {held} messages" in killed.text
