"""Three hundred containers and a log of more than a gigabyte: how long do the answers take?

Makes them on the machine's engine (labelled, removed at the end unless KEEP=1), and prints each
answer's time and size, the docker command's time for the same question beside it.
Run as root or as a user of the engine: python -m bench.docker_scale
"""

import asyncio
import contextlib
import os
import re
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError

from devstack.engine import running_engine
from devstack.images import ensure_busybox
from tests.docker.fake_engine import Gate, listening, listening_on_tcp
from tests.support.stdio import ServerClient, open_client

LABEL = "stacksight.bench"
IMAGE = "stacksight-bench:busybox"
ROUNDS = 5
CONTAINERS = 300
BIG_LOG = "bench-big-log"
LOG_LINES = 6_500_000
LINE = "GET /videos/123 200 35ms a fairly normal line of log, some 120 characters long, " * 2


def _script(number: int) -> str:
    if number % 50 == 0:
        return "exit 1"
    return "true" if number % 5 == 0 else "sleep 100000"


def _make(host: str, number: int) -> None:
    project, service = f"bench{number % 6}", f"svc{number % 10}"
    with contextlib.closing(docker.DockerClient(host, timeout=300)) as client:
        container = client.containers.create(
            IMAGE,
            ["sh", "-c", _script(number)],
            name=f"{project}-{service}-{number}",
            labels={
                LABEL: "1",
                "com.docker.compose.project": project,
                "com.docker.compose.service": service,
            },
            stop_signal="SIGKILL",
            network_mode="none",
        )
        container.start()


@contextlib.contextmanager
def _crowd(client: docker.DockerClient, host: str) -> Iterator[None]:
    ensure_busybox(client, IMAGE)
    present = client.containers.list(all=True, filters={"label": LABEL}, sparse=True)
    try:
        if not present:
            with ThreadPoolExecutor(4) as threads:
                list(threads.map(lambda number: _make(host, number), range(CONTAINERS)))
            script = f"yes '{LINE}' | head -n {LOG_LINES}; while sleep 1; do echo tick; done"
            client.containers.run(
                IMAGE,
                ["sh", "-c", script],
                name=BIG_LOG,
                labels={LABEL: "1"},
                detach=True,
                init=True,
                network_mode="none",
            )
            log = client.containers.get(BIG_LOG)
            while not log.logs(tail=1).endswith(b"tick\n"):
                time.sleep(1)
        yield
    finally:
        if "KEEP" not in os.environ:
            for container in client.containers.list(all=True, filters={"label": LABEL}):
                with contextlib.suppress(APIError):
                    container.remove(force=True)


async def _measure(client: ServerClient, peer: str, tool: str, **arguments: Any) -> None:
    """Print the medians of the tool and of its peer, asked in turns after one call of each."""
    ours, theirs, size = [], [], 0
    for _ in range(ROUNDS + 1):
        began = time.perf_counter()
        answer = await client.call(tool, **arguments)
        ours.append(time.perf_counter() - began)
        size = len(answer.text)
        if peer:
            began = time.perf_counter()
            process = await asyncio.create_subprocess_shell(peer, stdout=asyncio.subprocess.DEVNULL)
            await process.wait()
            theirs.append(time.perf_counter() - began)
    shown = " ".join(f"{key}={value}" for key, value in arguments.items())
    beside = f"   `{peer}` {_told(theirs)}" if peer else ""
    print(f"{tool} {shown}: {_told(ours)}, {size:,} characters{beside}", flush=True)


def _told(times: list[float]) -> str:
    first, *rest = times
    return f"{statistics.median(rest):.3f} s (first {first:.3f}, longest {max(rest):.3f})"


async def _count_requests(host: str) -> None:
    """Print what the overview asks the engine for."""
    gate = Gate(host.removeprefix("unix://"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "engine.sock")
        async with (
            listening(path, gate.handle) as gated,
            open_client("docker", env={"DOCKER_HOST": gated}) as server,
        ):
            await server.call("list_containers")
            gate.requests.clear()
            answer = await server.call("list_containers")
    unwell = re.search(r"(\d+) not well", answer.text)
    asked = Counter(re.sub(r"[0-9a-f]{64}", "<id>", r.split()[1]) for r in gate.requests)
    print(f"list_containers of {unwell[1] if unwell else 0} unwell asks for: {dict(asked)}")


async def _through_api(host: str) -> None:
    """Measure usage as on a remote engine."""
    gate = Gate(host.removeprefix("unix://"))
    async with (
        listening_on_tcp(gate.handle) as remote,
        open_client("docker", env={"DOCKER_HOST": remote}) as server,
    ):
        print("through the API of a remote engine:")
        await _measure(server, "docker stats --no-stream", "measure_usage")


async def _compare_figures(host: str) -> None:
    """Print by how much the figures differ from those of the docker command."""
    command = "docker stats --no-stream --format '{{.Name}} {{.CPUPerc}} {{.MemUsage}} {{.PIDs}}'"
    env = {"DOCKER_HOST": host}
    async with open_client("docker", env=env, args=["--output", "structured"]) as server:
        process = await asyncio.create_subprocess_shell(command, stdout=asyncio.subprocess.PIPE)
        (out, _), answer = await asyncio.gather(
            process.communicate(), server.call("measure_usage", seconds=1, sort="memory")
        )
    theirs = {line.split()[0]: line.split() for line in out.decode().splitlines()}
    sizes = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
    differences = []
    for row in answer.structured["rows"]:
        name = row["container"]
        number, unit = re.match(r"([\d.]+)(\w+)", theirs[name][2]).groups()  # type: ignore[union-attr]
        memory = float(number) * sizes[unit]
        cpu = float(theirs[name][1].rstrip("%"))
        differences.append(
            (
                abs(row["memory_bytes"] - memory) / max(memory, 1),
                abs(row["cpu_percent"] - cpu),
                row["processes"] != int(theirs[name][-1]),
            )
        )
    print(
        f"{len(differences)} containers against docker stats: memory differs by at most "
        f"{max(d[0] for d in differences):.1%}, CPU by {max(d[1] for d in differences):.2f} "
        f"points, processes in {sum(d[2] for d in differences)}"
    )


async def main() -> None:
    """Make the crowd, ask, and print."""
    with running_engine() as engine, contextlib.closing(
        docker.DockerClient(engine.host, timeout=300)
    ) as client, _crowd(client, engine.host):  # fmt: skip
        async with open_client("docker", env={"DOCKER_HOST": engine.host}) as server:
            await _measure(server, "docker ps -a", "list_containers")
            await _measure(server, "docker stats --no-stream", "measure_usage")
            await _measure(server, "", "diagnose")
            big = [BIG_LOG]
            await _measure(
                server, f"docker logs --tail 100 {BIG_LOG}", "read_logs",
                containers=big, mode="lines", limit=100,
            )  # fmt: skip
            await _measure(server, "", "read_logs", containers=big, mode="lines", since="10s")
            await _measure(server, "", "read_logs", containers=big, match="nothing like this")
            await _measure(
                server, f"docker logs --tail 100000 {BIG_LOG}", "read_logs",
                containers=big, mode="patterns",
            )  # fmt: skip
        await _count_requests(engine.host)
        await _through_api(engine.host)
        await _compare_figures(engine.host)


if __name__ == "__main__":
    asyncio.run(main())
