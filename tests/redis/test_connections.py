"""Password, Unix socket, TLS and options in the URL, for questions and for recordings."""

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis

from devstack.errors import StartError
from devstack.process import ServerProcess, choose_port
from devstack.redis import RedisServer, find_program
from tests.redis.jobs import wait_until
from tests.support.stdio import open_client

PASSWORD = "s3cret-w0rd"


@dataclass(frozen=True)
class Guarded:
    """A server with a password: on a port, on a Unix socket, and on a port with TLS if it can."""

    port: int
    tls_port: int | None
    socket: Path


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """Start it."""
    home = tmp_path_factory.mktemp("guarded")
    port, tls_port = choose_port("Redis", 0), choose_port("Redis", 0)
    socket = home / "redis.sock"
    argv = [str(find_program()), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(home)]
    argv += ["--save", "", "--requirepass", PASSWORD, "--unixsocket", str(socket)]
    with_tls = [*argv, "--tls-port", str(tls_port), *_certificate(home)]
    try:
        process = _start(with_tls, home, socket)
    except StartError:  # built without TLS
        process, tls_port = _start(argv, home, socket), 0
    with process:
        yield Guarded(port, tls_port or None, socket)


def _start(argv: list[str], home: Path, socket: Path) -> ServerProcess:
    process = ServerProcess("redis", argv, log=home / "server.log")
    process.wait_until(socket.exists, 10)
    return process


def _certificate(home: Path) -> list[str]:
    openssl = shutil.which("openssl")
    if openssl is None:
        return []
    key, certificate = home / "key.pem", home / "certificate.pem"
    argv = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
    argv += ["-keyout", str(key), "-out", str(certificate), "-days", "2"]
    subprocess.run(argv, check=True, capture_output=True)
    options = {"cert-file": certificate, "key-file": key, "ca-cert-file": certificate}
    flags = [part for name, path in options.items() for part in (f"--tls-{name}", str(path))]
    return [*flags, "--tls-auth-clients", "no"]


@pytest.mark.parametrize("kind", ["plain", "unix", "tls", "resp3"])
async def test_questions_and_recordings(guarded: Guarded, kind: str) -> None:
    if kind == "tls" and guarded.tls_port is None:
        pytest.skip("this Redis was built without TLS")
    url = {
        "plain": f"redis://:{PASSWORD}@127.0.0.1:{guarded.port}/0",
        "unix": f"unix://:{PASSWORD}@{guarded.socket}?db=0",
        "tls": f"rediss://:{PASSWORD}@127.0.0.1:{guarded.tls_port}/0?ssl_cert_reqs=none",
        "resp3": f"redis://:{PASSWORD}@127.0.0.1:{guarded.port}/0?protocol=3&decode_responses=True",
    }[kind]
    channel = f"news-{kind}"
    async with open_client("redis", env={"REDIS_URL": url}) as client:
        listed = await client.call("list_queues")
        started = await client.call("capture_messages", action="start", channels=[channel])
        assert not started.is_error, started.text
        with redis.Redis(port=guarded.port, password=PASSWORD) as publisher:
            wait_until(lambda: publisher.publish(channel, "hello"))
        read = await client.call(
            "capture_messages", action="stop", capture=started.text.split(" ", 1)[0]
        )
        health = await client.call("check_health")
    assert listed.text.startswith("No Dramatiq queue")
    assert "| hello |" in read.text
    assert not health.is_error
    for answer in (listed, started, read, health):
        assert PASSWORD not in answer.text


async def test_a_wrong_password_is_told_and_not_shown(guarded: Guarded) -> None:
    url = f"redis://:wr0ng-w0rd@127.0.0.1:{guarded.port}/0"
    async with open_client("redis", env={"REDIS_URL": url}) as client:
        for tool, arguments in (
            ("list_queues", {}),
            ("capture_messages", {"action": "start", "channels": ["a"]}),
        ):
            answer = await client.call(tool, **arguments)
            assert answer.is_error
            assert "refused to let this server in" in answer.text
            assert "wr0ng-w0rd" not in answer.text


async def test_a_redis_that_lets_nobody_else_in_is_not_told_as_down(tmp_path: Path) -> None:
    port = choose_port("Redis", 0)
    argv = [str(find_program()), "--port", str(port), "--maxclients", "1", "--dir", str(tmp_path)]
    url = f"redis://127.0.0.1:{port}/0"
    with ServerProcess("redis", [*argv, "--save", ""], log=tmp_path / "log") as process:
        only = redis.Redis(port=port)
        process.wait_until(lambda: answers(only), 10)
        async with open_client("redis", env={"REDIS_URL": url}) as client:
            full = await client.call("list_queues")
            only.close()
            for _ in range(100):  # until Redis has noticed
                again = await client.call("list_queues")
                if not again.is_error:
                    break
    assert full.is_error
    assert "runs, but lets nobody else in: max number of clients reached" in full.text
    assert not again.is_error


def answers(client: redis.Redis) -> bool:
    with contextlib.suppress(redis.ConnectionError):
        return bool(client.ping())
    return False


async def test_a_database_that_is_not_there(redis_server: RedisServer) -> None:
    async with open_client("redis", env={"REDIS_URL": redis_server.url(99)}) as client:
        beyond = await client.call("list_queues")
    url = redis_server.url(0).removesuffix("0") + "jobs"
    async with open_client("redis", env={"REDIS_URL": url}) as client:
        word = await client.call("list_queues")
    assert "has no database of this number" in beyond.text
    assert "the database after the host has to be a number, not `jobs`" in word.text
