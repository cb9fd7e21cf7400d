"""A thousand calls and a hundred cancelled ones: does the server keep threads, sockets, memory?

Looks at the server's own process in /proc before and after, on the machine's engine.
Run as root or as a user of the engine: python -m bench.docker_leaks
"""

import asyncio
import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

import docker

from devstack.engine import running_engine
from devstack.images import ensure_busybox
from tests.support.stdio import ServerClient, open_client

IMAGE = "stacksight-bench:leaks"
NAME = "stacksight-bench-leaks"
CALLS = 1_000
CANCELLED = 100
AT_ONCE = 8


@dataclass(frozen=True)
class Process:
    """What a process holds."""

    threads: int
    descriptors: int
    kilobytes: int

    def __str__(self) -> str:
        return f"{self.threads} threads, {self.descriptors} descriptors, {self.kilobytes:,} kB"


def _look(pid: int) -> Process:
    status = dict(
        line.split(":\t", 1)
        for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        if ":\t" in line
    )
    descriptors = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return Process(int(status["Threads"]), descriptors, int(status["VmRSS"].split()[0]))


def _server_pid() -> int:
    own = os.getpid()
    children = Path(f"/proc/{own}/task/{own}/children").read_text().split()
    (pid,) = [int(c) for c in children if b"stacksight" in Path(f"/proc/{c}/cmdline").read_bytes()]
    return pid


async def _call(client: ServerClient, number: int) -> None:
    name = [NAME]
    match number % 5:
        case 0:
            await client.call("list_containers", match=NAME)
        case 1:
            await client.call("diagnose", target=NAME)
        case 2:
            await client.call("read_logs", containers=name, mode="patterns")
        case 3:
            await client.call("measure_usage", containers=name, seconds=0.2)
        case _:
            await client.call("list_events", containers=name)


async def _calls(client: ServerClient, count: int) -> None:
    limit = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        async with limit:
            await _call(client, number)

    await asyncio.gather(*(one(number) for number in range(count)))


async def _cancel(client: ServerClient, count: int) -> None:
    for number in range(count):
        call = asyncio.create_task(_call(client, number))
        await asyncio.sleep(0.002 * (number % 20))
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)


async def main() -> None:
    """Call, cancel, and print what the server held before and after."""
    with running_engine() as engine, contextlib.closing(
        docker.DockerClient(engine.host, timeout=60)
    ) as client:  # fmt: skip
        ensure_busybox(client, IMAGE)
        # Of a fixed length, so that memory can be compared.
        script = (
            "for i in $(seq 2000); do echo INFO tick $i; echo ERROR tock >&2; done; sleep 100000"
        )
        container = client.containers.run(IMAGE, ["sh", "-c", script], name=NAME, detach=True)
        try:
            async with open_client("docker", env={"DOCKER_HOST": engine.host}) as server:
                await _calls(server, 100)
                pid = _server_pid()
                print(f"after 100 calls: {_look(pid)}")
                await _calls(server, CALLS)
                print(f"after {CALLS:,} more: {_look(pid)}")
                await _cancel(server, CANCELLED)
                await asyncio.sleep(3)
                await _calls(server, 10)
                print(f"after {CANCELLED} cancelled: {_look(pid)}")
        finally:
            container.remove(force=True)


if __name__ == "__main__":
    asyncio.run(main())
