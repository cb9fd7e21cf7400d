"""How high run_audit ranks the one offender of each page of planted faults.

    python -m bench.lighthouse_faults [NAME ...]

Every page of tests/lighthouse/faults.py is audited in full. The offender should be in the first or
second finding. Takes some three minutes on two idle cores.
"""

import asyncio
import json
import sys

from tests.lighthouse.faults import FAULTS
from tests.lighthouse.site import running_site
from tests.support.stdio import open_client

GOOD_RANK = 2


async def main(names: list[str]) -> int:
    """Audit the pages, print a line for each, and return how many offenders were missed."""
    missed = 0
    with running_site() as site:
        async with open_client("lighthouse", args=["--output", "structured"]) as client:
            for name in names:
                answer = await client.call("run_audit", url=f"{site.url}/fault/{name}")
                findings = [] if answer.is_error else answer.structured["findings"]
                fault = FAULTS[name]
                ranks = [
                    rank
                    for rank, finding in enumerate(findings, 1)
                    if finding["check"] == fault.check and fault.offender in json.dumps(finding)
                ]
                good = bool(ranks) and ranks[0] <= GOOD_RANK
                missed += not good
                print(f"{'ok  ' if good else 'MISS'} {name}: rank {ranks[0] if ranks else None}")
    print(f"{len(names) - missed} of {len(names)} offenders in the first {GOOD_RANK} findings")
    return missed


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:] or list(FAULTS))))
