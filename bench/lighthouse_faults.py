"""How high run_audit ranks the one offender of each page of planted faults, and whether it is seen.

    python -m bench.lighthouse_faults [--untimed] [--pictures FOLDER] [NAME ...]

Every page of tests/lighthouse/faults is audited in full. The offender should be in the first or
second finding, and show_audit should draw a box around it where it has a place on the page.
Takes some twenty minutes on two idle cores; --untimed leaves performance out and takes six.
"""

import argparse
import asyncio
import base64
import json
import os
import sys
from pathlib import Path

from mcp_types import ImageContent

from stacksight_lighthouse.models.audits import CATEGORIES
from tests.lighthouse.faults import FAULTS
from tests.lighthouse.faults.page import Fault
from tests.lighthouse.site import running_site
from tests.support.stdio import ServerClient, open_client

GOOD_RANK = 2


async def main(names: list[str], categories: list[str], pictures: Path | None) -> int:
    """Audit the pages, print a line for each, and return how many offenders were missed."""
    missed = 0
    with running_site() as site:
        inherited = {name: value for name, value in os.environ.items() if "STACKSIGHT" in name}
        async with open_client(
            "lighthouse", args=["--output", "structured"], env=inherited
        ) as client:
            for name in names:
                problem = await _problem(client, site.url, name, categories, pictures)
                missed += problem is not None
                print(f"{'MISS' if problem else 'ok  '} {name} {problem or ''}", flush=True)
    print(f"{len(names) - missed} of {len(names)} offenders found in the first {GOOD_RANK}")
    return missed


async def _problem(
    client: ServerClient, url: str, name: str, categories: list[str], pictures: Path | None
) -> str | None:
    """Audit a page and return what is wrong with the answer, or None."""
    fault = FAULTS[name]
    answer = await client.call(
        "run_audit", url=f"{url}{fault.path or f'/fault/{name}'}", categories=categories
    )
    if answer.is_error:
        return answer.text
    findings = answer.structured["findings"]
    ranks = [rank for rank, finding in enumerate(findings, 1) if _names(finding, fault)]
    if not ranks or ranks[0] > GOOD_RANK:
        before = ", ".join(finding["check"] for finding in findings[:4])
        return f"rank {ranks[0] if ranks else None}; the first are {before}"
    if not fault.drawn:
        return None
    check = findings[ranks[0] - 1]["check"]
    seen = await client.call("show_audit", audit_id=answer.structured["audit_id"], what=check)
    if pictures and not seen.is_error:
        [image] = [block for block in seen.content if isinstance(block, ImageContent)]
        (pictures / f"{name}.png").write_bytes(base64.b64decode(image.data))
    if seen.is_error or fault.offender not in json.dumps(seen.structured["boxes"]):
        return f"not in the picture: {seen.text}"
    return None


def _names(finding: dict[str, object], fault: Fault) -> bool:
    return finding["check"] in fault.check.split() and fault.offender in json.dumps(finding)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", default=list(FAULTS))
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--untimed", action="store_true")
    options = parser.parse_args()
    wanted: list[str] = [c for c in CATEGORIES if not options.untimed or c != "performance"]
    sys.exit(asyncio.run(main(options.names, wanted, options.pictures)))
