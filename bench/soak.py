"""Ten thousand calls to each server, in sessions as agents have them: does it grow?

The sessions are those of bench/sessions.py, four at once, on the demo: every tool that reads,
resources, prompts, completions, with other arguments each time, calls that are wrong and calls that
are cancelled at once or in the middle of their work; in both protocol eras. What is watched is
resident memory, open descriptors, threads and children, after the first thousand calls and later.
Run: python bench/soak.py [--calls N] [--era legacy|modern] [server …]
"""

import argparse
import itertools
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from connection import OPENING, Candidate, Connection, family, resident_kb, serve
from sessions import SESSIONS, Ask, Scene, Session

from devstack.stack import Ports, start_stack

MARKS = (1_000, 2_000, 5_000, 10_000, 20_000, 30_000)
ERAS = ("legacy", "modern")
AT_ONCE = 4  # as many captures are kept
SETTLE_S = 2.0
MODERN = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": OPENING["clientInfo"],
}


class Footprint(NamedTuple):
    """What a server takes: megabytes of its own process, and numbers of the rest.

    A Lighthouse server keeps a worker with its browser for some minutes after an audit: children.
    """

    mb: float
    descriptors: int
    threads: int
    children: int


class Unexpected(Exception):
    """A request had another fate than its session meant."""


class Soak:
    """Keeps many sessions going on one connection.

    Args:
        connection: to the server, opened.
        sessions: to be begun, one after the other.
        meta: what every request carries in ``_meta``.
    """

    def __init__(
        self, connection: Connection, sessions: Iterator[Session], meta: dict[str, Any]
    ) -> None:
        self.calls = 0
        self._connection = connection
        self._sessions = sessions
        self._meta = meta
        self._waiting: dict[int, tuple[Session, Ask]] = {}

    def run(self, calls: int, at_once: int = AT_ONCE) -> None:
        """Make at least so many calls in all, and let the sessions come to their ends.

        Raises:
            Unexpected: an answer that was to fail did not, or the other way round.
        """
        while self.calls < calls or self._waiting:
            while self.calls < calls and len(self._waiting) < at_once:
                self._go_on(next(self._sessions), None)
            self._take(self._connection.receive())

    def _go_on(self, session: Session, answer: str | None) -> None:
        """Let a session ask until it has to wait for an answer; None begins it."""
        try:
            ask = next(session) if answer is None else session.send(answer)
            while ask.fate == "cancelled at once":
                self._cancel(self._ask(ask))
                ask = session.send("")
        except StopIteration:
            return
        self._waiting[self._ask(ask)] = (session, ask)

    def _ask(self, ask: Ask) -> int:
        self.calls += 1
        params = {**ask.params, "_meta": self._meta | {"progressToken": self.calls}}
        self._connection.send({"id": self.calls, "method": ask.method, "params": params})
        return self.calls

    def _cancel(self, number: int) -> None:
        about = {"requestId": number, "reason": "soak", "_meta": self._meta}
        self._connection.send({"method": "notifications/cancelled", "params": about})

    def _take(self, message: dict[str, Any]) -> None:
        if "method" in message:
            number = message.get("params", {}).get("progressToken")
            _, ask = self._waiting.get(number, (None, None))
            if ask is None or ask.fate != "cancelled at work":
                return
            self._cancel(number)
            text = ""
        else:
            number = message["id"]
            if number not in self._waiting:
                return  # it was cancelled
            ask = self._waiting[number][1]
            text = _answer(ask, message)
        session, _ = self._waiting.pop(number)
        self._go_on(session, text)


def _answer(ask: Ask, message: dict[str, Any]) -> str:
    result = message.get("result", {})
    refused = "error" in message or bool(result.get("isError"))
    if ask.fate == "cancelled at work" or refused != (ask.fate == "refused"):
        raise Unexpected(f"{ask}: {str(message)[:1000]}")
    return "\n".join(block.get("text", "") for block in result.get("content", ()))


def footprint(connection: Connection) -> Footprint:
    """Look at a server's process."""
    pid = connection.process.pid
    return Footprint(
        round(resident_kb(pid) / 1024, 1),
        _count(pid, "fd"),
        _count(pid, "task"),
        len(family(pid)) - 1,
    )


def _count(pid: int, what: str) -> int:
    return sum(1 for _ in Path(f"/proc/{pid}/{what}").iterdir())


def soak(
    candidate: Candidate, sessions: Iterator[Session], era: str, calls: int
) -> Iterator[tuple[int, Footprint]]:
    """Call a server; yields its footprint after so many calls, with all sessions at their end."""
    connection = Connection(candidate)
    try:
        if era == "legacy":
            connection.open()
        else:
            connection.ask("server/discover", {"_meta": MODERN})
        soaked = Soak(connection, sessions, {} if era == "legacy" else MODERN)
        soaked.run(1)  # the first session is alone: others build on what it has made
        for mark in (*(mark for mark in MARKS if mark < calls), calls):
            soaked.run(mark)
            time.sleep(SETTLE_S)
            yield soaked.calls, footprint(connection)
        members = family(connection.process.pid)
    finally:
        connection.end()
    time.sleep(SETTLE_S)  # those that a browser has killed are still being taken apart
    left = [pid for pid in members if Path(f"/proc/{pid}").exists()]
    if left:
        raise Unexpected(f"these processes outlived the server: {left}")


def main() -> None:
    """Soak the servers and print how they changed."""
    parser = argparse.ArgumentParser(description="Call the servers very often.")
    parser.add_argument("servers", nargs="*", default=list(SESSIONS))
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--era", choices=ERAS, action="append")
    options = parser.parse_args()
    project = f"captions-soak-{os.getpid()}"
    with (
        tempfile.TemporaryDirectory(prefix="stacksight-soak-") as audits,
        start_stack(Ports(0, 0, 0), project) as stack,
    ):
        environment = {
            "DATABASE_URL": stack.database_url or "",
            "REDIS_URL": stack.redis_url or "",
            "DOCKER_HOST": stack.docker_host or "",
            "STACKSIGHT_AUDITS_DIR": audits,
        }
        print("\n".join(stack.missing), file=sys.stderr)
        scene = Scene(stack.web_url or "", project)
        for server, era in itertools.product(options.servers, options.era or ERAS):
            candidate = Candidate(server, serve(server), None, None, environment)
            sessions = (SESSIONS[server](number, scene) for number in itertools.count())
            for calls, what in soak(candidate, sessions, era, options.calls):
                print(f"{server:10} {era:6} {calls:6,} calls: {_told(what)}", flush=True)


def _told(what: Footprint) -> str:
    return (
        f"{what.mb:6.1f} MB, {what.descriptors} descriptors, {what.threads} threads, "
        f"{what.children} children"
    )


if __name__ == "__main__":
    main()
