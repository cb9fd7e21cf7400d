"""Ten thousand calls to each server, with errors and cancelled ones among them: does it grow?

Every tenth call is wrong in some way, every twentieth is cancelled before its answer. What is
watched is resident memory, open descriptors, threads and children: after the first thousand calls
and after the last. Run: python bench/soak.py [--calls N] [server …]
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from compare import OURS, SERVERS, Candidate, Connection, family, serve, systems

WARM_UP = 1_000
AT_ONCE = 20
BROKEN: list[dict[str, Any]] = [
    {"name": "no_such_tool", "arguments": {}},
    {"name": "list_objects", "arguments": {"no_such_argument": 1}},
    {"name": "list_queues", "arguments": {"limit": "many"}},
    {},
]


class Footprint(NamedTuple):
    """What a server takes: megabytes, and numbers of the rest."""

    mb: float
    descriptors: int
    threads: int
    children: int


def footprint(connection: Connection) -> Footprint:
    """Look at a server's process."""
    pid = connection.process.pid
    return Footprint(
        round(connection.resident_mb(), 1),
        _count(pid, "fd"),
        _count(pid, "task"),
        len(family(pid)) - 1,
    )


def _count(pid: int, what: str) -> int:
    return sum(1 for _ in Path(f"/proc/{pid}/{what}").iterdir())


def soak(candidate: Candidate, calls: int) -> Iterator[Footprint]:
    """Call a server; yields its footprint after the first thousand calls and after the last."""
    connection = Connection(candidate)
    connection.open()
    assert candidate.call
    good = {"name": candidate.call[0], "arguments": candidate.call[1]}
    for first in range(0, calls, AT_ONCE):
        if first == WARM_UP:
            yield footprint(connection)
        _call_at_once(connection, good, range(first, first + AT_ONCE))
    yield footprint(connection)
    connection.end()


def _call_at_once(connection: Connection, good: dict[str, Any], numbers: range) -> None:
    awaited = set()
    for number in numbers:
        params = BROKEN[number // 10 % len(BROKEN)] if number % 10 == 3 else good
        request_id = f"call-{number}"
        connection.send({"id": request_id, "method": "tools/call", "params": params})
        if number % 20 == 7:
            about = {"requestId": request_id, "reason": "soak"}
            connection.send({"method": "notifications/cancelled", "params": about})
        else:
            awaited.add(request_id)
    while awaited:
        awaited.discard(connection.receive().get("id"))


def main() -> None:
    """Soak the servers and print how they changed."""
    parser = argparse.ArgumentParser(description="Call the servers very often.")
    parser.add_argument("servers", nargs="*", default=SERVERS)
    parser.add_argument("--calls", type=int, default=10_000)
    options = parser.parse_args()
    with systems() as found:
        for server in options.servers:
            if server not in found:
                print(f"{server}: there is no such system here")
                continue
            candidate = Candidate(server, serve(server), OURS[server][0], None, found[server])
            for when, what in zip(("warm", "end"), soak(candidate, options.calls), strict=True):
                print(f"{server:11} {when:5} {what}", flush=True)


if __name__ == "__main__":
    main()
