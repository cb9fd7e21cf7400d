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
from devstack.binaries import PROJECT as FOLDER
from devstack.containers import PROJECT
from devstack.stack import Stack, describe, start_stack
from stacksight_core.cli.config import load_servers
from stacksight_core.cli.connection import Connection, ConnectionFailed, call, connect, text_of

VIDEO = 42
USER = 7

STARTED = "The demo runs ({seconds:.0f} s to start it, with 400,000 rows):"
NEXT_STEPS = """
To look for yourself, `make demo KEEP=1` leaves all of this running, and in this folder
  scripts/uv run stacksight doctor                        checks servers and systems
  scripts/uv run stacksight call redis list_queues        asks one question
  claude                                                  Claude Code, with the servers of .mcp.json
  npx @modelcontextprotocol/inspector --config .mcp.json --server postgres      MCP Inspector
"""

OTHER_PLACES = "Not on the usual ports, so say first where it is:"
NO_SERVICE = "The captioning service needs Postgres and Redis; what is asked about it is left out."

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

    async def capture(
        self,
        question: str,
        tool: str,
        *,
        during: str,
        method: str = "GET",
        start: dict[str, Any] | None = None,
        stop: dict[str, Any] | None = None,
    ) -> None:
        """Start a capture, make an HTTP request, and ask what happened meanwhile."""
        started = await self.ask(question, tool, action="start", **start or {})
        capture = re.search(r"capture-[0-9a-f]{8}", started)
        if capture is None:
            return
        out.print(f"\n[bold]{method} {escape(during)}[/]")
        await anyio.to_thread.run_sync(_request, method, during)
        await self.ask("What happened?", tool, action="stop", capture=capture[0], **stop or {})


def _as_call(server: str, tool: str, arguments: dict[str, Any]) -> str:
    words = [f"{name}={_on_one_line(value)!r}" for name, value in arguments.items()]
    return f"{server}: {tool}({', '.join(words)})"


def _on_one_line(value: Any) -> Any:
    return " ".join(value.split()) if isinstance(value, str) else value


async def ask_postgres(interview: Interview, stack: Stack) -> None:
    """A query without its index, and an endpoint that asks once per row."""
    await interview.ask("What is in this database?", "list_objects")
    await interview.ask(
        f"GET /videos/{VIDEO}/captions is slow. Why?",
        "explain_query",
        sql=database.CAPTIONS_OF_VIDEO,
        params=[VIDEO],
        analyze=True,
    )
    if stack.web_url is None:
        return
    await interview.capture(
        f"What does GET /users/{USER}/videos do to the database?",
        "capture_queries",
        during=f"{stack.web_url}/users/{USER}/videos",
    )


async def ask_redis(interview: Interview, stack: Stack) -> None:
    """A job that always fails, jobs behind a dead worker, and a notification."""
    await interview.ask("How are my background jobs?", "list_queues")
    await interview.ask("Why do exports fail?", "diagnose_queue", queue="exports")
    await interview.ask("Why do thumbnails not get made?", "diagnose_queue", queue="thumbnails")
    await interview.capture(
        "Does the notification go out when a video is captioned?",
        "capture_messages",
        during=f"{stack.web_url}/videos/{VIDEO}/captions",
        method="POST",
        start={"channels": ["captions:user:*"]},
        stop={"wait_for": {"path": "video_id", "equals": VIDEO}},
    )


async def ask_docker(interview: Interview, _stack: Stack) -> None:
    """A container that crashes for lack of an environment variable."""
    await interview.ask("Are my containers well?", "list_containers", project=PROJECT)
    await interview.ask("Why is the export down?", "diagnose", target=f"{PROJECT}/export")
    await interview.ask("What does it say?", "read_logs", containers=[f"{PROJECT}/export"], limit=5)


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
        "redis": stack.web_url,  # without the service there is no job
        "docker": stack.docker_host,
        "lighthouse": stack.web_url,
    }
    if stack.web_url is None:
        out.print(NO_SERVICE)
    failures = 0
    servers = load_servers(FOLDER)
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


def _request(method: str, url: str) -> None:
    with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=10):
        pass


def places(stack: Stack) -> dict[str, str]:
    """Return the demo's addresses by the variables under which .mcp.json looks for them."""
    places = {
        "DATABASE_URL": stack.database_url,
        "REDIS_URL": stack.redis_url,
        "DOCKER_HOST": stack.docker_host,
    }
    return {name: place for name, place in places.items() if place}


def _exports(stack: Stack) -> list[str]:
    return [f"  export {name}={place}" for name, place in places(stack).items()]


def main() -> int:
    """Run the demo; returns the exit code."""
    parser = argparse.ArgumentParser(description="Ask the four servers about a real system.")
    parser.add_argument("--keep", action="store_true", help="leave it running until Ctrl-C")
    keep = parser.parse_args().keep
    begin = time.monotonic()
    with contextlib.suppress(KeyboardInterrupt), start_stack() as stack:
        out.print(STARTED.format(seconds=time.monotonic() - begin))
        out.print(describe(stack), markup=False)
        os.environ.update(places(stack))
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
