"""Writes docs/scenarios.md: five investigations of the demo, with the answers as they came.

``make scenarios`` starts the demo and the servers, as ``.mcp.json`` says, and asks. Each step names
what has to be in its answer, so that the text between the steps cannot become untrue unnoticed.
"""

import os
import re
import shutil
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio

from captions import database
from devstack.containers import PROJECT
from devstack.demo import places
from devstack.process import LOOPBACK, ServerProcess, choose_port
from devstack.stack import Stack, start_stack
from devstack.traffic import is_up
from stacksight_core.cli.config import load_servers
from stacksight_core.cli.connection import Connection, call, connect, text_of

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "scenarios.md"
SERVERS = ("postgres", "redis", "docker", "lighthouse")
VIDEO = 42
MOST_LINES = 22
START_S = 30.0

HEAD = """\
# Five investigations

What agents do with the servers, on the demo of this repository
([its planted faults](../examples/README.md)). `make scenarios` runs all of it against real systems
and writes this page: every answer is the one that came, cut after {lines} lines where `…` says so.
Which agent asks what is in [team.md](team.md).
"""

ERROR_UNEXPECTED = "{call}: the answer has no `{expected}`:\n{answer}"


@dataclass
class Walk:
    """One investigation: what was asked, and what came back, as Markdown."""

    connections: Mapping[str, Connection]
    lines: list[str] = field(default_factory=list)

    def tell(self, text: str) -> None:
        """Add a paragraph."""
        self.lines += [text, ""]

    async def ask(self, why: str, server: str, tool: str, expect: str, **arguments: Any) -> str:
        """Ask a tool, add question and answer, and return the answer.

        Raises:
            SystemExit: the answer is not what the text around it says.
        """
        said = ", ".join(f"{name}={_literal(value)}" for name, value in arguments.items())
        written = f"{server}.{tool}({said})"
        answer = text_of(await call(self.connections[server], tool, arguments))
        if not re.search(expect, answer):
            sys.exit(ERROR_UNEXPECTED.format(call=written, expected=expect, answer=answer))
        shown = answer.splitlines()[:MOST_LINES]
        more = ["…"] if len(answer.splitlines()) > MOST_LINES else []
        self.lines += [why, "", f"`{written}`", "", "```", *shown, *more, "```", ""]
        return answer

    async def capture(
        self,
        why: str,
        server: str,
        tool: str,
        expect: str,
        *,
        during: str,
        method: str = "GET",
        start: dict[str, Any] | None = None,
        stop: dict[str, Any] | None = None,
    ) -> str:
        """Start a capture, make a request, and ask what happened meanwhile."""
        begun = text_of(
            await call(self.connections[server], tool, {"action": "start", **(start or {})})
        )
        handle = re.findall(r"capture-[0-9a-f]{8}", begun)[0]
        seconds = await anyio.to_thread.run_sync(_request, method, during)
        said = ", ".join(f"{name}={_literal(value)}" for name, value in (start or {}).items())
        opened = f'{server}.{tool}(action="start"{", " if said else ""}{said})'
        doing = (
            f"{why} `{opened}`, then `curl -X {method} {during}` ({seconds * 1000:.0f} ms), then:"
        )
        return await self.ask(
            doing, server, tool, expect, action="stop", capture=handle, **(stop or {})
        )


def _literal(value: Any) -> str:
    if isinstance(value, str):
        return f'"{" ".join(value.split())}"'
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).replace("'", '"')


def _request(method: str, url: str) -> float:
    begin = time.monotonic()
    with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=20) as answer:
        answer.read()
    return time.monotonic() - begin


async def slow_endpoint(walk: Walk, stack: Stack) -> None:
    """A list that takes its time."""
    walk.tell(
        f"*“GET /videos/{VIDEO}/captions is slow.”* For performance-engineer, then db-architect."
    )
    await walk.capture(
        "Is it the database, and which statement?",
        "postgres",
        "capture_queries",
        r"FROM captions WHERE video_id",
        during=f"{stack.web_url}/videos/{VIDEO}/captions",
    )
    await walk.ask(
        "One statement takes all of it. Why, and what would help?",
        "postgres",
        "explain_query",
        r"CREATE INDEX CONCURRENTLY ON captions \(video_id",
        sql=database.CAPTIONS_OF_VIDEO,
        params=[VIDEO],
        analyze=True,
    )
    await walk.ask(
        "The table is in use. What would creating that index block?",
        "postgres",
        "check_migration",
        r"\[SAFE\]",
        sql="CREATE INDEX CONCURRENTLY ON captions (video_id, starts_at_ms)",
    )
    await walk.ask(
        "Would the planner take exactly this one, and what would it gain?",
        "postgres",
        "compare_plans",
        r"^Better",
        before=database.CAPTIONS_OF_VIDEO.replace("$1", str(VIDEO)),
        hypothetical_indexes=["captions (video_id, starts_at_ms)"],
    )
    walk.tell(
        "**Found:** a foreign key without an index. The fix is one statement that blocks nobody, "
        "and the planner has shown that it would use it."
    )


async def stuck_job(walk: Walk, _stack: Stack) -> None:
    """Pictures that never come."""
    walk.tell("*“Thumbnails are not made any more.”* For debug-specialist, then devops-engineer.")
    await walk.ask("Which queue is it?", "redis", "list_queues", r"thumbnails is stranded")
    await walk.ask(
        "Why do its jobs not run?",
        "redis",
        "diagnose_queue",
        r"held by a dead process",
        queue="thumbnails",
    )
    await walk.ask("Who else is there?", "redis", "list_workers", r"dead|silent")
    await walk.ask(
        "Is there a container that should consume it?",
        "docker",
        "compare_compose",
        r"thumbnails: has no container",
        file=str(ROOT / "compose.dev.yml"),
    )
    walk.tell(
        "**Found:** the worker of `thumbnails` was killed with four messages in its hands, and "
        "nothing restarts it, because its service has no container. Start it; the actor has to "
        "bear that the four run twice."
    )


async def lost_notification(walk: Walk, stack: Stack) -> None:
    """Somebody was not told."""
    walk.tell(
        f"*“User 7 watches video {VIDEO} and is never told that it was captioned.”* "
        "For backend-architect."
    )
    await walk.ask(
        "Does anybody listen at all?",
        "redis",
        "list_channels",
        r"captions:user:\*",
        match="captions:user:*",
    )
    answer = await walk.capture(
        "Somebody does. Is the message published?",
        "redis",
        "capture_messages",
        r"Met: ",
        during=f"{stack.web_url}/videos/{VIDEO}/captions",
        method="POST",
        start={"channels": ["captions:user:*"]},
        stop={"wait_for": {"path": "video_id", "equals": VIDEO}},
    )
    owner = re.findall(r"captions:user:(\d+)", answer)[0]
    await walk.ask(
        f"It is, to the channel of user {owner}. Whose video is it?",
        "postgres",
        "run_query",
        owner,
        sql="SELECT id, user_id, status FROM videos WHERE id = $1",
        params=[VIDEO],
    )
    walk.tell(
        f"**Found:** nothing is lost. The message goes out once, to the owner of the video, who is "
        f"user {owner}; user 7 watches a video of somebody else. Whether they should be told is a "
        "question of the product."
    )


async def crashing_service(walk: Walk, _stack: Stack) -> None:
    """A service that does not come up."""
    walk.tell(
        "*“The partner gets no captions, and subtitle exports fail as well.”* "
        "For devops-engineer, then backend-architect."
    )
    await walk.ask(
        "What is not well?",
        "docker",
        "list_containers",
        r"crash loop",
        project=PROJECT,
        status="problems",
    )
    await walk.ask(
        "Why?", "docker", "diagnose", r"CAPTIONS_API_KEY is missing", target=f"{PROJECT}/export"
    )
    await walk.ask(
        "Is that also why the subtitle jobs fail?",
        "redis",
        "diagnose_queue",
        r"TypeError",
        queue="exports",
    )
    await walk.ask(
        "No: a caption without an end. How many are there?",
        "postgres",
        "run_query",
        r"20000",
        sql="SELECT count(*) AS open_ended FROM captions WHERE ends_at_ms IS NULL",
    )
    walk.tell(
        "**Found:** two faults that look like one. The container lacks `CAPTIONS_API_KEY`; the "
        "jobs fail in `srt_time`, for the last caption of every video."
    )


async def slower_page(walk: Walk, stack: Stack) -> None:
    """A page that was faster last week."""
    walk.tell(
        "*“The review page feels slower since the banner.”* "
        "For performance-engineer, then frontend-architect."
    )
    assert stack.database_url is not None
    assert stack.redis_url is not None
    with version_before(stack) as before:
        answer = await walk.ask(
            "Did it, and in what? Both versions, in turns:",
            "lighthouse",
            "compare_audits",
            r"^Speed: worse(.|\n)*CLS .*worse",
            before=before,
            after=f"{stack.web_url}/",
        )
    audit = re.findall(r"audit-[0-9a-f]{8}", answer)[-1]
    await walk.ask(
        "What moves?",
        "lighthouse",
        "inspect_audit",
        r"announcement",
        audit_id=audit,
        topic="layout-shifts",
    )
    await walk.ask(
        "Which file of ours is it?",
        "lighthouse",
        "inspect_audit",
        r"review\.js",
        audit_id=audit,
        topic="sources",
    )
    await walk.capture(
        "Is the server slower as well?",
        "postgres",
        "capture_queries",
        r"1 calls?|calls took",
        during=f"{stack.web_url}/",
    )
    walk.tell(
        "**Found:** the server is not the cause. The page moves, because the script puts the "
        "banner above what is already drawn. Reserve its place."
    )


@contextmanager
def version_before(stack: Stack) -> Iterator[str]:
    """Run the application as it was without the banner; returns its address."""
    with tempfile.TemporaryDirectory(prefix="stacksight-scenarios-") as name:
        folder, port = Path(name), choose_port("the version before", 0)
        shutil.copytree(ROOT / "examples" / "captions", folder / "captions")
        page = folder / "captions" / "pages" / "review.html"
        script = '<script src="/static/review.js" defer></script>'
        page.write_text(page.read_text().replace(script, ""))
        command = [sys.executable, "-m", "uvicorn", "captions.web:app", f"--port={port}"]
        env = {
            "PATH": "",
            "PYTHONPATH": str(folder),
            "DATABASE_URL": str(stack.database_url),
            "REDIS_URL": str(stack.redis_url),
        }
        log, url = folder / "web.log", f"http://{LOOPBACK}:{port}"
        with ServerProcess("web before", command, log=log, env=env, cwd=folder) as process:
            process.wait_until(lambda: is_up(url), START_S)
            yield f"{url}/"


WALKS = {
    "A slow endpoint": slow_endpoint,
    "A stuck job": stuck_job,
    "A lost notification": lost_notification,
    "A crashing service": crashing_service,
    "A page that got slower": slower_page,
}


async def walk_all(stack: Stack) -> str:
    """Do every investigation and return the page."""
    entries, connections = load_servers(ROOT), {}
    parts = [HEAD.format(lines=MOST_LINES)]
    async with AsyncExitStack() as opened:
        for name in SERVERS:
            connections[name] = await opened.enter_async_context(connect(entries[name]))
        for title, walk_one in WALKS.items():
            walk = Walk(connections)
            await walk_one(walk, stack)
            parts += [f"## {title}", "", *walk.lines]
    return "\n".join(parts).replace(str(ROOT) + "/", "")


def main() -> None:
    """Write the page."""
    with start_stack() as stack:
        if stack.missing:
            sys.exit("\n".join(stack.missing))
        os.environ.update(places(stack))
        PAGE.write_text(anyio.run(walk_all, stack))


if __name__ == "__main__":
    main()
