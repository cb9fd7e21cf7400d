"""Whether the server's figures are the `lighthouse` command's own.

    python -m bench.lighthouse_equality [RUNS]

Ten pages, from good to bad, some of which still change after their load: every check of the
categories that are not timed has to have the same score and the same offenders. Then one page's
performance, in turns: the median of the server's runs has to lie within those of the command.
"""

import asyncio
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from stacksight_core.settings import load_settings
from stacksight_lighthouse.about import ABOUT
from stacksight_lighthouse.analysis.metrics import format_metric, values_of
from stacksight_lighthouse.models.audits import Category
from stacksight_lighthouse.models.orders import Order
from stacksight_lighthouse.settings import Settings
from stacksight_lighthouse.source.lighthouse import Lighthouse, connect
from tests.lighthouse.command import find_engine, run_command
from tests.lighthouse.site import Site, running_site

UNTIMED: tuple[Category, ...] = ("accessibility", "best-practices", "seo")
DEADLINE_S = 180.0
HEAD = '<!doctype html><html lang="en"><meta charset="utf-8"><title>Late</title><main><h1>Late</h1>'
LATE = {
    "a field after 1.5 s": "<script>setTimeout(() => document.body.append("
    "document.createElement('input')), 1500)</script>",
    "a field after two answers": "<script>fetch('/json?delay=0.9').then(() => "
    "fetch('/json?delay=0.4')).then(() => document.body.append(document.createElement('input')))"
    "</script>",
    "pale after a transition": "<style>p { color: #000; transition: color 1s } "
    ".pale { color: #ccc }</style><p>Some text</p><script>onload = () => "
    "requestAnimationFrame(() => document.querySelector('p').classList.add('pale'))</script>",
}
Json = Mapping[str, Any]


async def main(runs: int) -> int:
    """Compare, print a line per page and metric, and return how many differ."""
    engine = await find_engine()
    different = 0
    with running_site() as site, tempfile.TemporaryDirectory() as audits:
        os.environ["STACKSIGHT_AUDITS_DIR"] = audits
        async with connect(load_settings(Settings, ABOUT, [])) as source:
            for name, url in _pages(site).items():
                command = await run_command(engine, url, categories=UNTIMED)
                server = await _audit(source, url, UNTIMED)
                wrong = [
                    check
                    for check, audit in command["audits"].items()
                    if _outcome(audit) != _outcome(server["audits"].get(check))
                ]
                different += bool(wrong)
                print(f"{name}: {', '.join(wrong) or 'equal'} ({len(command['audits'])} checks)")
            url = f"{site.url}/"
            pairs = [
                (
                    values_of(await run_command(engine, url, categories=["performance"])),
                    values_of(await _audit(source, url, ["performance"])),
                )
                for _ in range(runs)
            ]
            different += sum(_compare_metric(name, pairs) for name in pairs[0][0]) if pairs else 0
    return different


def _pages(site: Site) -> dict[str, str]:
    paths = ["/", "/good.html", "/bad"]
    paths += [f"/fault/{name}" for name in ("low-contrast", "console-error", "late-banner")]
    pages = {path: site.url + path for path in [*paths, "/redirect?to=/good.html"]}
    bodies = {name: f"/status?code=200&body={quote(HEAD + body)}" for name, body in LATE.items()}
    return pages | {name: site.url + path for name, path in bodies.items()}


async def _audit(source: Lighthouse, url: str, categories: Sequence[Category]) -> Json:
    outcome = await source.audit(Order(url, "mobile", list(categories), 1, DEADLINE_S), _ignore)
    return outcome.results[0]


def _outcome(audit: Json | None) -> object:
    if audit is None:
        return None
    details = audit.get("details") or {}
    return audit["scoreDisplayMode"], audit.get("score"), sorted(_offenders(details))


def _offenders(details: Any) -> Iterator[str]:
    """Yield what a check points at, at any depth: elements by their place, else addresses."""
    if isinstance(details, list):
        for part in details:
            yield from _offenders(part)
    elif isinstance(details, Mapping):
        if details.get("type") == "node":
            yield f"{details.get('path')} {details.get('snippet')}"
        elif isinstance(details.get("url"), str):
            yield details["url"]
        for part in details.values():
            yield from _offenders(part)


def _compare_metric(
    name: str, pairs: Sequence[tuple[Mapping[str, float], Mapping[str, float]]]
) -> bool:
    """Print a metric's figures and tell whether the server's median is outside of the command's."""
    command, server = ([run[name] for run in runs] for runs in zip(*pairs, strict=True))
    low, high, middle = min(command), max(command), statistics.median(server)
    outside = not low <= middle <= high
    texts = [format_metric(name, value) for value in (low, high, middle, min(server), max(server))]
    print(
        f"{name}: command {texts[0]} to {texts[1]}, server's median {texts[2]} "
        f"({texts[3]} to {texts[4]}): {'OUTSIDE' if outside else 'inside'}"
    )
    return outside


async def _ignore(_: str) -> None:
    pass


if __name__ == "__main__":
    sys.exit(asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)))
