"""How fast a server starts, how much it sends, how much memory it takes: `python bench/start.py`.

For each server, the median over a number of runs of: the time from the start of the process to its
answer to `server/discover`, the same to its answer to `tools/list`, and its resident memory then.
With `--together` all four are started at the same moment, as a client does.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

SERVERS = ("postgres", "redis", "docker", "lighthouse")
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"},
}


@dataclass(frozen=True)
class Run:
    """One start: milliseconds to the first answer and to the tools, characters, megabytes."""

    first_ms: float
    tools_ms: float
    tools_chars: int
    rss_mb: float


def measure(server: str) -> Run:
    """Start a server once."""
    command = str(Path(sys.executable).parent / f"stacksight-{server}")
    begin = time.perf_counter()
    with subprocess.Popen(
        [command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        _ask(process, 1, "server/discover")
        first = time.perf_counter()
        line = _ask(process, 2, "tools/list")
        listed = time.perf_counter()
        rss = _resident_mb(process.pid)
        assert process.stdin is not None
        process.stdin.close()
        process.wait()
    tools = json.dumps(json.loads(line)["result"]["tools"], separators=(",", ":"))
    return Run((first - begin) * 1000, (listed - begin) * 1000, len(tools), rss)


def _ask(process: subprocess.Popen[bytes], request_id: int, method: str) -> bytes:
    assert process.stdin is not None
    assert process.stdout is not None
    request = {"jsonrpc": "2.0", "id": request_id, "method": method, "params": {"_meta": META}}
    process.stdin.write(json.dumps(request).encode() + b"\n")
    process.stdin.flush()
    return process.stdout.readline()


def _resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description="Measure how the servers start.")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--together", action="store_true", help="start all four at once")
    options = parser.parse_args()
    workers = len(SERVERS) if options.together else 1
    runs: dict[str, list[Run]] = {server: [] for server in SERVERS}
    with ThreadPoolExecutor(workers) as pool:
        for _ in range(options.runs):
            for server, run in zip(SERVERS, pool.map(measure, SERVERS), strict=True):
                runs[server].append(run)
    print("server | first answer ms (max) | tools/list ms (max) | definitions chars | RSS MB")
    for server, taken in runs.items():
        first = [run.first_ms for run in taken]
        tools = [run.tools_ms for run in taken]
        rss = statistics.median(run.rss_mb for run in taken)
        print(
            f"{server} | {statistics.median(first):.0f} ({max(first):.0f}) | "
            f"{statistics.median(tools):.0f} ({max(tools):.0f}) | "
            f"{taken[0].tools_chars} | {rss:.0f}"
        )


if __name__ == "__main__":
    main()
