"""How long an audit takes, beside the `lighthouse` command: ratios of medians.

    python -m bench.lighthouse_speed [ROUNDS]

The same page, Node, Lighthouse and Chrome for both, in turns, so that both meet the same machine:
the command, then the warm server, for all categories and for accessibility alone; then a server's
first audit with its start; then a page that is down and one that hangs. A round takes about a
minute on two idle cores.
"""

import asyncio
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from stacksight_lighthouse.engine.install import Engine
from stacksight_lighthouse.models.audits import CATEGORIES
from tests.lighthouse.command import find_engine, run_command
from tests.lighthouse.site import running_site
from tests.support.stdio import ServerClient, open_client

SELECTIONS = {"all categories": CATEGORIES, "accessibility": ("accessibility",)}
HANG_DEADLINE_S = 5

Times = defaultdict[str, list[float]]


async def main(rounds: int) -> None:
    """Measure and print a line per case."""
    engine = await find_engine()
    times: Times = defaultdict(list)
    with running_site() as site:
        url = f"{site.url}/good.html"
        async with open_client("lighthouse") as client:
            await client.call("run_audit", url=url)
            for _ in range(rounds):
                await _round(engine, client, url, times)
            await _refusals(client, site.url, times)
    _report(times)


async def _round(engine: Engine, client: ServerClient, url: str, times: Times) -> None:
    for name, categories in SELECTIONS.items():
        async with _timed(times[f"command, {name}"]):
            await run_command(engine, url, categories=categories)
        async with _timed(times[f"warm, {name}"]):
            answer = await client.call("run_audit", url=url, categories=list(categories))
            assert not answer.is_error, answer.text
    async with _timed(times["first, all categories"]), open_client("lighthouse") as fresh:
        answer = await fresh.call("run_audit", url=url)
        assert not answer.is_error, answer.text


async def _refusals(client: ServerClient, site: str, times: Times) -> None:
    async with _timed(times["page that is down"]):
        await client.call("run_audit", url="http://localhost:9/")
    for path in ("hang", "endless.html"):
        async with _timed(times[f"{path}, deadline {HANG_DEADLINE_S} s"]):
            await client.call("run_audit", url=f"{site}/{path}", deadline_s=HANG_DEADLINE_S)


def _report(times: Times) -> None:
    for name, seconds in times.items():
        kind, _, selection = name.partition(", ")
        reference = times.get(f"command, {selection}")
        ratio = ""
        if reference and kind != "command":
            ratio = f", {statistics.median(seconds) / statistics.median(reference):.2f} of command"
        listed = " ".join(f"{value:.1f}" for value in seconds)
        print(f"{name}: median {statistics.median(seconds):.2f} s ({listed}){ratio}")


@asynccontextmanager
async def _timed(times: list[float]) -> AsyncIterator[None]:
    started = time.monotonic()
    yield
    times.append(time.monotonic() - started)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5))
