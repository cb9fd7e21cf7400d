"""Whether compare_audits tells a page from a slower one, and not from itself.

    python -m bench.lighthouse_compare [TRIES]

One page is compared with itself and with one whose answer, script and picture take 15 % longer, in
turns. The first has to be "not distinguishable" in nineteen of twenty tries, the second "worse" in
most. Two tries take some two minutes on an idle machine.
"""

import asyncio
import sys
from collections import Counter
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from tests.lighthouse.site import Site, running_site
from tests.support.stdio import open_client

SLOWER = 1.15
SCRIPT_MS = 150
ANSWER_S, PICTURE_S = 0.4, 0.5


def page(site: Site, factor: float) -> str:
    """Return the address of a page that is this much slower."""
    burn = f"const end = performance.now() + {SCRIPT_MS * factor}; while (performance.now() < end);"
    picture = f"/picture.png?w=600&h=400&delay={PICTURE_S * factor:.3f}"
    html = (
        '<!doctype html><html lang="en"><meta name="viewport" content="width=device-width">'
        f"<title>Page</title><h1>Page</h1><script>{burn}</script>"
        f'<img alt="" width="600" height="400" src="{picture}">'
    )
    return f"{site.url}/status?code=200&delay={ANSWER_S * factor:.3f}&body={quote(html)}"


async def main(tries: int) -> None:
    """Compare and print the verdicts."""
    verdicts: dict[str, Counter[str]] = {"itself": Counter(), "slower": Counter()}
    with running_site() as site:
        async with open_client("lighthouse", args=["--output", "structured"]) as client:
            for _ in range(tries):
                for name, factor in (("itself", 1.0), ("slower", SLOWER)):
                    answer = await client.call(
                        "compare_audits", before=page(site, 1.0), after=page(site, factor)
                    )
                    assert not answer.is_error, answer.text
                    verdicts[name][answer.structured["verdict"]] += 1
                    print(f"{name}: {answer.structured['verdict']} ({_told(answer.structured)})")
    print({name: dict(counts) for name, counts in verdicts.items()})


def _told(comparison: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{metric['name']} {metric['before']} → {metric['after']} p {metric['p']}"
        for metric in comparison["metrics"]
    )


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20))
