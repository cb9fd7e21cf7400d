"""`make demo`: the four servers, started as .mcp.json says, answer questions about the demo.

What is asked here is what an agent would ask, through the same protocol, over the same pipes.
"""

import argparse
import contextlib
import os
import re
import signal
import sys
import time
import urllib.request
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
from rich.console import Console
from rich.markup import escape

from captions import database
from devstack.binaries import PROJECT
from devstack.stack import Stack, describe, start_stack
from stacksight_core.cli.config import load_servers
from stacksight_core.cli.connection import Connection, ConnectionFailed, call, connect, text_of

VIDEO = 42

STARTED = "The demo runs ({seconds:.0f} s to start it, with 400,000 rows):"
NEXT_STEPS = """
To look for yourself, `make demo KEEP=1` leaves all of this running, and in this folder
  scripts/uv run stacksight doctor                        checks servers and systems
  scripts/uv run stacksight call redis list_queues        asks one question
  claude                                                  Claude Code, with the servers of .mcp.json
  npx @modelcontextprotocol/inspector --config .mcp.json --server postgres      MCP Inspector
"""

OTHER_PLACES = "Not on the usual ports, so say first where it is:"

out = Console(soft_wrap=True, highlight=False)


class Interview:
    """One running server that is asked questions, and how many of them it could not answer."""

    def __init__(self, server: str, connection: Connection) -> None:
        self.failures = 0
        self._server = server
        self._connection = connection

    async def ask(self, question: str, tool: str, **arguments: Any) -> str:
        """Ask a tool; print question, answer and time; return the answer."""
        out.print(f"\n[bold cyan]{escape(question)}[/]")
        out.print(f"[dim]{escape(_as_call(self._server, tool, arguments))}[/]")
        begin = time.monotonic()
        with out.status("…") as status:

            async def show(progress: float, total: float | None, message: str | None) -> None:
                share = f"{progress:.0f}/{total:.0f} " if total else ""
                status.update(escape(f"{share}{message or ''}"))

            result = await call(self._connection, tool, arguments, show)
        answer = text_of(result)
        self.failures += bool(result.is_error)
        out.print(answer, style="red" if result.is_error else None, markup=False)
        out.print(f"[dim]{time.monotonic() - begin:.2f} s, {len(answer):,} characters[/]")
        return answer


def _as_call(server: str, tool: str, arguments: dict[str, Any]) -> str:
    words = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
    return f"{server}: {tool}({' '.join(words.split())})"


async def ask_postgres(interview: Interview, _stack: Stack) -> None:
    """A query without its index, and an endpoint that asks once per row."""
    await interview.ask("What is in this database?", "list_objects")
    await interview.ask(
        f"GET /videos/{VIDEO}/captions is slow. Why?",
        "explain_query",
        sql=database.CAPTIONS_OF_VIDEO,
        params=[VIDEO],
        analyze=True,
    )


async def ask_redis(interview: Interview, stack: Stack) -> None:
    """A job that always fails, jobs behind a dead worker, and a notification."""
    await interview.ask("How are my background jobs?", "list_queues")
    await interview.ask(
        "Why do exports fail?", "inspect_queue", queue="exports", state="dead", limit=3
    )
    await interview.ask("Who holds the thumbnails?", "inspect_queue", queue="thumbnails", limit=3)
    started = await interview.ask(
        "Does the notification go out when a video is captioned?",
        "capture_messages",
        action="start",
        channels=["captions:user:*"],
    )
    capture = re.search(r"capture-[0-9a-f]{8}", started)
    if capture is None or stack.web_url is None:
        return
    await anyio.to_thread.run_sync(_post, f"{stack.web_url}/videos/{VIDEO}/captions")
    out.print(f"[dim]POST {stack.web_url}/videos/{VIDEO}/captions[/]")
    await interview.ask(
        "And, did it?",
        "capture_messages",
        action="stop",
        capture=capture[0],
        wait_for={"contains": str(VIDEO)},
    )


async def ask_docker(interview: Interview, _stack: Stack) -> None:
    """A container that crashes for lack of an environment variable."""
    await interview.ask("Are my containers well?", "list_containers")
    await interview.ask("Why does the export crash?", "read_logs", containers=["captions-export"])
    await interview.ask("How is it set up?", "inspect_container", container="captions-export")


async def ask_lighthouse(interview: Interview, stack: Stack) -> None:
    """A page that shifts while it loads and excludes people."""
    answer = await interview.ask("Is the review page any good?", "run_audit", url=stack.web_url)
    audit = re.search(r"audit-[0-9a-f]{8}", answer)
    if audit is not None:
        await interview.ask(
            "What moves on it?", "inspect_audit", audit_id=audit[0], topic="layout-shifts"
        )


INTERVIEWS: dict[str, Callable[[Interview, Stack], Awaitable[None]]] = {
    "postgres": ask_postgres,
    "redis": ask_redis,
    "docker": ask_docker,
    "lighthouse": ask_lighthouse,
}


async def interview_all(stack: Stack) -> int:
    """Ask every server whose system is there; return how many answers were errors."""
    systems = {
        "postgres": stack.database_url,
        "redis": stack.redis_url,
        "docker": stack.docker_host,
        "lighthouse": stack.web_url,
    }
    failures = 0
    servers = load_servers(PROJECT)
    for name, interview_one in INTERVIEWS.items():
        if systems[name] is None:
            continue  # said already, with the fix
        out.rule(f"[bold]{name}[/]")
        try:
            async with connect(servers[name]) as connection:
                size = (
                    f"{len(connection.tools)} tools, {connection.definition_chars():,} characters"
                )
                out.print(f"[dim]started in {connection.started_s:.2f} s: {size}[/]")
                interview = Interview(name, connection)
                await interview_one(interview, stack)
                failures += interview.failures
        except ConnectionFailed as error:
            out.print(str(error), style="red", markup=False)
            failures += 1
    return failures


def _post(url: str) -> None:
    request = urllib.request.Request(url, method="POST")
    with urllib.request.urlopen(request, timeout=10):
        pass


def _places(stack: Stack) -> dict[str, str]:
    """Return the demo's addresses by the variables under which .mcp.json looks for them."""
    places = {
        "DATABASE_URL": stack.database_url,
        "REDIS_URL": stack.redis_url,
        "DOCKER_HOST": stack.docker_host,
    }
    return {name: place for name, place in places.items() if place}


def _exports(stack: Stack) -> list[str]:
    return [f"  export {name}={place}" for name, place in _places(stack).items()]


def main() -> int:
    """Run the demo; returns the exit code."""
    parser = argparse.ArgumentParser(description="Ask the four servers about a real system.")
    parser.add_argument("--keep", action="store_true", help="leave it running until Ctrl-C")
    keep = parser.parse_args().keep
    begin = time.monotonic()
    with contextlib.suppress(KeyboardInterrupt), start_stack() as stack:
        out.print(STARTED.format(seconds=time.monotonic() - begin))
        out.print(describe(stack), markup=False)
        os.environ.update(_places(stack))
        failures = anyio.run(interview_all, stack)
        out.rule()
        out.print(NEXT_STEPS, markup=False)
        if stack.notes:
            out.print(OTHER_PLACES, markup=False)
            out.print("\n".join(_exports(stack)), markup=False)
        if keep:
            out.print("It keeps running. Ctrl-C ends it.")
            signal.pause()
        return 1 if failures else 0
    return 130


if __name__ == "__main__":
    sys.exit(main())
