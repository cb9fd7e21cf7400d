"""Our servers beside the well-known ones and a bare server on the SDK: `make bench`.

All are started in turns, in one run on one machine, as a client starts them, and asked the same:
open, list the tools, one cheap call; then the input is closed. Figures are medians. Sizes are
characters of JSON as it is sent. Every system is a real one, started for this.
"""

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
from peers import PEERS, PeerMissing, install

from devstack.engine import running_engine
from devstack.errors import SystemMissingError
from devstack.postgres import running_postgres
from devstack.redis import running_redis

ROOT = Path(__file__).parents[1]
SERVERS = ("postgres", "redis", "docker", "lighthouse")
SETTLE_S = 0.3
BUSY = 8
OPENING = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "bench", "version": "1"},
}
Call = tuple[str, dict[str, Any]]


@dataclass
class Candidate:
    """A server to be measured.

    Attributes:
        name: in the table.
        argv: its command.
        call: a cheap call; None when it has none.
        typical: a question that both servers of a system can be asked.
        environment: what is set for it.
    """

    name: str
    argv: Sequence[str]
    call: Call | None
    typical: Call | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    runs: list["Run"] = field(default_factory=list)
    answer_chars: int | None = None
    broken: str = ""


@dataclass(frozen=True)
class Run:
    """One life of a server: milliseconds since its start, megabytes, characters."""

    first_ms: float
    tools_ms: float
    idle_mb: float
    call_ms: float | None
    called_mb: float | None
    exit_ms: float
    tools_chars: int


class Connection:
    """A server process, asked one thing at a time."""

    def __init__(self, candidate: Candidate) -> None:
        self._asked = 0
        self.began = time.perf_counter()
        self.process = subprocess.Popen(
            candidate.argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            env=os.environ | dict(candidate.environment),
        )

    def send(self, message: Mapping[str, Any]) -> None:
        """Write a message."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        self.process.stdin.flush()

    def ask(self, method: str, params: Mapping[str, Any]) -> Any:
        """Send a request and return its result.

        Raises:
            EOFError: the server has ended.
        """
        self._asked += 1
        self.send({"id": self._asked, "method": method, "params": params})
        while True:
            message = self.receive()
            if message.get("id") == self._asked and "method" not in message:
                return message.get("result", message.get("error"))

    def receive(self) -> dict[str, Any]:
        """Return the next message; raises EOFError at the end."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise EOFError
        message: dict[str, Any] = json.loads(line)
        return message

    def open(self) -> None:
        """Shake hands, as all servers understand it."""
        self.ask("initialize", OPENING)
        self.send({"method": "notifications/initialized"})

    def call(self, call: Call) -> Any:
        """Call a tool."""
        return self.ask("tools/call", {"name": call[0], "arguments": call[1]})

    def ms(self) -> float:
        """Return the milliseconds since the start."""
        return (time.perf_counter() - self.began) * 1000

    def resident_mb(self) -> float:
        """Return the resident memory of the process and its children."""
        return sum(_resident_kb(pid) for pid in family(self.process.pid)) / 1024

    def end(self) -> float:
        """Close the input and return the milliseconds to the end of the process."""
        began = time.perf_counter()
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        return (time.perf_counter() - began) * 1000


def family(pid: int) -> list[int]:
    """Return a process and all its descendants."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(member for child in children for member in family(int(child)))]


def _resident_kb(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    return 0


def measure(candidate: Candidate) -> Run:
    """Start a server once: open, list, look at its memory, call, end."""
    connection = Connection(candidate)
    called = called_mb = None
    try:
        connection.open()
        first = connection.ms()
        tools = connection.ask("tools/list", {})["tools"]
        listed = connection.ms()
        time.sleep(SETTLE_S)
        idle_mb = connection.resident_mb()
        if candidate.call:
            before = connection.ms()
            connection.call(candidate.call)
            called = listed + connection.ms() - before  # as if there had been no pause
            called_mb = connection.resident_mb()
    finally:
        exit_ms = connection.end()
    chars = len(json.dumps(tools, separators=(",", ":"), ensure_ascii=False))
    return Run(first, listed, idle_mb, called, called_mb, exit_ms, chars)


def measure_answer(candidate: Candidate) -> int | None:
    """Return the size of the answer to the typical question."""
    if candidate.typical is None:
        return None
    connection = Connection(candidate)
    try:
        connection.open()
        answer = connection.call(candidate.typical)
        return len(json.dumps(answer, separators=(",", ":"), ensure_ascii=False))
    finally:
        connection.end()


def measure_together(candidates: Sequence[Candidate], runs: int) -> float:
    """Return the longest wait for a first answer, in ms: all start at once on a busy machine."""
    busy = [multiprocessing.Process(target=_spin, daemon=True) for _ in range(BUSY)]
    for process in busy:
        process.start()
    try:
        with ThreadPoolExecutor(len(candidates)) as pool:
            return max(max(pool.map(_first_answer, candidates)) for _ in range(runs))
    finally:
        for process in busy:
            process.kill()
            process.join()


def _first_answer(candidate: Candidate) -> float:
    connection = Connection(candidate)
    try:
        connection.open()
        return connection.ms()
    finally:
        connection.end()


def _spin() -> None:
    while True:
        pass


@contextlib.contextmanager
def systems() -> Iterator[dict[str, dict[str, str]]]:
    """Start the systems; yields the variables by server, without those that are missing."""
    with contextlib.ExitStack() as stack:
        found: dict[str, dict[str, str]] = {"lighthouse": {}}
        with contextlib.suppress(SystemMissingError):
            server = stack.enter_context(running_postgres())
            _fill(server.url())
            found["postgres"] = {"DATABASE_URL": server.url(), "DATABASE_URI": server.url()}
        with contextlib.suppress(SystemMissingError):
            redis = stack.enter_context(running_redis())
            found["redis"] = {"REDIS_URL": f"redis://127.0.0.1:{redis.port}/0"}
        with contextlib.suppress(SystemMissingError):
            engine = stack.enter_context(running_engine())
            found["docker"] = {"DOCKER_HOST": engine.host}
        yield found


def _fill(url: str) -> None:
    """Make tables, so that there is something to list."""

    async def fill() -> None:
        connection = await asyncpg.connect(url)
        for number in range(30):
            await connection.execute(
                f"CREATE TABLE shop_{number} (id bigint PRIMARY KEY, name text, made timestamptz)"
            )
        await connection.close()

    asyncio.run(fill())


NOTHING = "no-container-is-called-this"
OURS: dict[str, tuple[Call, Call | None]] = {
    "postgres": (("list_objects", {}), ("explain_query", {"sql": "SELECT * FROM shop_1"})),
    "redis": (("list_queues", {}), ("check_health", {})),
    "docker": (("list_containers", {"match": NOTHING}), ("list_containers", {})),
    "lighthouse": (("list_audits", {}), None),
}
THEIRS: dict[str, tuple[Call | None, Call | None]] = {
    "postgres": (("list_schemas", {}), ("explain_query", {"sql": "SELECT * FROM shop_1"})),
    "redis": (("dbsize", {}), ("info", {})),
    "docker": (
        ("list_containers", {"filters": {"label": [NOTHING]}}),
        ("list_containers", {"all": True}),
    ),
    "lighthouse": (None, None),
}


def candidates(found: Mapping[str, dict[str, str]]) -> list[Candidate]:
    """Return what is measured; what cannot be had is named on stderr."""
    bare = [sys.executable, str(ROOT / "bench" / "bare_server.py")]
    made = [Candidate("bare SDK server", bare, ("add", {"a": 1, "b": 2}))]
    for server in SERVERS:
        if server not in found:
            print(f"{server}: there is no such system here", file=sys.stderr)
            continue
        environment = found[server]
        made.append(Candidate(f"stacksight {server}", serve(server), *OURS[server], environment))
        try:
            made.append(_peer(server, environment))
        except PeerMissing as error:
            print(f"{PEERS[server].requirement}: {error}", file=sys.stderr)
    return made


def serve(server: str) -> list[str]:
    """Return how .mcp.json starts one of ours."""
    return [str(ROOT / "scripts" / "serve"), server]


def _peer(server: str, environment: dict[str, str]) -> Candidate:
    peer = PEERS[server]
    argv = [install(peer)]
    if server == "postgres":
        argv.append("--access-mode=restricted")
    if server == "redis":
        argv += ["--url", environment["REDIS_URL"]]
    return Candidate(peer.requirement, argv, *THEIRS[server], environment)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description="Compare starts, memory and sizes.")
    parser.add_argument("--runs", type=int, default=11)
    options = parser.parse_args()
    with systems() as found:
        all_of_them = candidates(found)
        for candidate in all_of_them:
            _try(candidate, warm_up=True)
        for _ in range(options.runs):
            for candidate in all_of_them:
                _try(candidate)
        ours = [candidate for candidate in all_of_them if candidate.name.startswith("stacksight")]
        together = measure_together(ours, options.runs)
    _print_table(all_of_them)
    print(
        f"\nAll of ours at once while {BUSY} other processes compute on {os.cpu_count()} cores: "
        f"the last first answer of {options.runs} rounds came after {together:.0f} ms."
    )


def _try(candidate: Candidate, *, warm_up: bool = False) -> None:
    if candidate.broken:
        return
    try:
        if warm_up:
            candidate.answer_chars = measure_answer(candidate)
            measure(candidate)
        else:
            candidate.runs.append(measure(candidate))
    except (EOFError, OSError, TypeError, KeyError) as error:
        candidate.broken = f"did not answer ({type(error).__name__})"


def _print_table(all_of_them: Sequence[Candidate]) -> None:
    print(
        "| server | first answer | tools listed | first call done | memory idle | after a call "
        "| end | definitions | an answer |\n|---|---|---|---|---|---|---|---|---|"
    )
    for candidate in all_of_them:
        if candidate.broken or not candidate.runs:
            print(f"| {candidate.name} | {candidate.broken} ||||||||")
            continue
        cells = [
            f"{_median(candidate, 'first_ms'):.0f} ms",
            f"{_median(candidate, 'tools_ms'):.0f} ms",
            _cell(candidate, "call_ms", "ms"),
            f"{_median(candidate, 'idle_mb'):.1f} MB",
            _cell(candidate, "called_mb", "MB"),
            f"{_median(candidate, 'exit_ms'):.0f} ms",
            f"{candidate.runs[0].tools_chars:,}",
            f"{candidate.answer_chars:,}" if candidate.answer_chars else "-",
        ]
        print(f"| {candidate.name} | " + " | ".join(cells) + " |")


def _median(candidate: Candidate, name: str) -> float:
    return float(statistics.median(getattr(run, name) for run in candidate.runs))


def _cell(candidate: Candidate, name: str, unit: str) -> str:
    if getattr(candidate.runs[0], name) is None:
        return "-"
    return f"{_median(candidate, name):.0f} {unit}"


if __name__ == "__main__":
    main()
