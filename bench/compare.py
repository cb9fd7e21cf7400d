"""Our servers beside the well-known ones and a bare server on the SDK: `make bench`.

All are started in turns, in one run on one machine, as a client starts them, and asked the same:
open, list the tools, one cheap call; then the input is closed. Figures are medians. Then both
servers of a system are asked a question that both can answer, about the demo. Sizes are characters
of JSON as it is sent. Every system is a real one, started for this. --answers prints the answers.
"""

import argparse
import json
import multiprocessing
import os
import re
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from connection import ROOT, Candidate, Connection, Run, serve
from peers import PEERS, PeerMissing, install
from questions import QUESTIONS, ours, systems, theirs
from sessions import Scene

SERVERS = ("postgres", "redis", "docker", "lighthouse")
SETTLE_S = 0.3
BUSY = 8
LOOKS_FAILED = re.compile(r'"text":"\W*(error|fail)', re.IGNORECASE)


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


class NoAnswer(Exception):
    """A server answered the typical question with an error, whose size would say nothing."""


def ask_typical(candidate: Candidate) -> str:
    """Return the answer to the typical question as it was sent; empty without a question.

    Raises:
        NoAnswer: it is an error; some servers say so in the text alone.
    """
    if candidate.typical is None:
        return ""
    connection = Connection(candidate)
    try:
        connection.open()
        answer = connection.call(candidate.typical)
    finally:
        connection.end()
    sent = json.dumps(answer, separators=(",", ":"), ensure_ascii=False)
    if "content" not in answer or answer.get("isError") or LOOKS_FAILED.search(sent):
        raise NoAnswer(f"{candidate.name}, {candidate.typical}: {sent[:2000]}")
    return sent


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


def candidates(found: Mapping[str, dict[str, str]], scene: Scene) -> list[Candidate]:
    """Return what is measured; what cannot be had is named on stderr."""
    bare = [sys.executable, str(ROOT / "bench" / "bare_server.py")]
    made = [Candidate("bare SDK server", bare, ("add", {"a": 1, "b": 2}))]
    for server in (server for server in SERVERS if server in found):
        environment = found[server]
        calls = ours(server, scene)
        made.append(Candidate(f"stacksight {server}", serve(server), *calls, environment))
        try:
            made.append(_peer(server, environment, scene))
        except PeerMissing as error:
            print(f"{PEERS[server].requirement}: {error}", file=sys.stderr)
    return made


def _peer(server: str, environment: dict[str, str], scene: Scene) -> Candidate:
    peer = PEERS[server]
    argv = [install(peer)]
    if server == "postgres":
        argv.append("--access-mode=restricted")
    if server == "redis":
        argv += ["--url", environment["REDIS_URL"]]
    return Candidate(peer.requirement, argv, *theirs(server, scene), environment)


def main() -> int:
    """Measure and print a table; returns 1 where an answer was an error."""
    parser = argparse.ArgumentParser(description="Compare starts, memory and sizes.")
    parser.add_argument("--runs", type=int, default=11)
    parser.add_argument("--answers", action="store_true", help="print the answers as well")
    options = parser.parse_args()
    with systems() as (found, scene):
        all_of_them = candidates(found, scene)
        for candidate in all_of_them:
            _try(candidate, warm_up=True)
        for _ in range(options.runs):
            for candidate in all_of_them:
                _try(candidate)
        stacksight = [one for one in all_of_them if one.name.startswith("stacksight")]
        together = measure_together(stacksight, options.runs)
    _print_table(all_of_them)
    print("\nThe answer is to a question:")
    for server in (server for server in QUESTIONS if server in found):
        print(f"- {server}: {QUESTIONS[server]}")
    print(
        f"\nAll of ours at once while {BUSY} other processes compute on {os.cpu_count()} cores: "
        f"the last first answer of {options.runs} rounds came after {together:.0f} ms."
    )
    if options.answers:
        for candidate in all_of_them:
            print(f"\n{candidate.name}, {candidate.typical}:\n{candidate.answer}")
    failed = [candidate.failed for candidate in all_of_them if candidate.failed]
    for message in failed:
        print(f"No answer: {message}", file=sys.stderr)
    return 1 if failed else 0


def _try(candidate: Candidate, *, warm_up: bool = False) -> None:
    if candidate.broken:
        return
    try:
        if warm_up:
            measure(candidate)
            candidate.answer = ask_typical(candidate)
        else:
            candidate.runs.append(measure(candidate))
    except NoAnswer as error:
        candidate.failed = str(error)
    except (EOFError, OSError, TypeError, KeyError) as error:
        candidate.broken = f"did not answer ({type(error).__name__})"


def _print_table(all_of_them: Sequence[Candidate]) -> None:
    print(
        "| server | first answer | tools listed | first call done | of the bare's | memory idle "
        "| after a call | end | definitions | an answer |\n" + "|---" * 10 + "|"
    )
    bare = all_of_them[0]
    for candidate in all_of_them:
        if candidate.broken or not candidate.runs:
            print(f"| {candidate.name} | {candidate.broken} |||||||||")
            continue
        cells = [
            f"{_median(candidate, 'first_ms'):.0f} ms",
            f"{_median(candidate, 'tools_ms'):.0f} ms",
            _cell(candidate, "call_ms", "ms"),
            _share(candidate, bare),
            f"{_median(candidate, 'idle_mb'):.1f} MB",
            _cell(candidate, "called_mb", "MB"),
            f"{_median(candidate, 'exit_ms'):.0f} ms",
            f"{candidate.runs[0].tools_chars:,}",
            _size(candidate),
        ]
        print(f"| {candidate.name} | " + " | ".join(cells) + " |")


def _median(candidate: Candidate, name: str) -> float:
    return float(statistics.median(getattr(run, name) for run in candidate.runs))


def _cell(candidate: Candidate, name: str, unit: str) -> str:
    if getattr(candidate.runs[0], name) is None:
        return "-"
    return f"{_median(candidate, name):.0f} {unit}"


def _share(candidate: Candidate, bare: Candidate) -> str:
    if candidate.runs[0].call_ms is None or not bare.runs:
        return "-"
    return f"{_median(candidate, 'call_ms') / _median(bare, 'call_ms'):.2f}"


def _size(candidate: Candidate) -> str:
    if candidate.failed:
        return "an error"
    return f"{len(candidate.answer):,}" if candidate.answer else "-"


if __name__ == "__main__":
    sys.exit(main())
