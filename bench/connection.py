"""A server process, as a client talks to it."""

import contextlib
import json
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
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
        typical: a question that both servers of a system can answer.
        environment: what is set for it.
    """

    name: str
    argv: Sequence[str]
    call: Call | None
    typical: Call | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    runs: list["Run"] = field(default_factory=list)
    answer: str = ""
    failed: str = ""
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
        return sum(resident_kb(pid) for pid in family(self.process.pid)) / 1024

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


def resident_kb(pid: int) -> int:
    """Return the resident memory of a process alone."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    return 0


def serve(server: str) -> list[str]:
    """Return how .mcp.json starts one of ours."""
    return [str(ROOT / "scripts" / "serve"), server]
