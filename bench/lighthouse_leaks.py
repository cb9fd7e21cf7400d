"""A hundred audits of one server, with failures and cancellations among them: what is left?

    python -m bench.lighthouse_leaks [CALLS]

Every tenth call hangs and is cancelled, every tenth runs out of time, and three of ten fail (no
server, an error page, a page that paints nothing). Two are under way at once. Afterwards there have
to be no processes but the server and its warm worker, no folder but the worker's, and no more open
files than before; with the server, those two have to go as well.
"""

import asyncio
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from stacksight_lighthouse.engine.process import FOLDER_PREFIX
from tests.lighthouse.site import running_site
from tests.support.stdio import INITIALIZE, RawServer, raw_server

AT_ONCE = 2
WARM_UP = 4
GOOD = ("/good.html", "/fault/low-contrast", "/fault/missing-alt", "/", "/fault/late-banner")


def arguments(number: int, site: str) -> dict[str, Any]:
    """Return what the call of this number asks for."""
    wanted = {"categories": ["accessibility"], "deadline_s": 90}
    match number % 10:
        case 1:
            return {**wanted, "url": f"{site}/endless.html?{number}"}  # cancelled on the way
        case 3:
            return {**wanted, "url": f"{site}/endless.html", "deadline_s": 5}
        case 5:
            return {**wanted, "url": "http://localhost:9/"}
        case 7:
            return {**wanted, "url": f"{site}/status?code=500"}
        case 9:
            return {**wanted, "url": f"{site}/json"}
        case _:
            return {**wanted, "url": site + GOOD[number // 2 % len(GOOD)]}


async def main(calls: int) -> int:
    """Make the calls, print what was left, and return how much that was."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder, running_site() as site:
        audits = {"TMPDIR": folder, "STACKSIGHT_AUDITS_DIR": f"{folder}/audits"}
        async with raw_server("lighthouse", env=audits) as server:
            await server.request(1, "initialize", **INITIALIZE)
            await server.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
            answers = await _call(server, site.url, range(WARM_UP))
            before = _state(server, folder)
            answers += await _call(server, site.url, range(WARM_UP, WARM_UP + calls))
            after = _state(server, folder)
            print("answers:", dict(answers))
            print("after the first calls:", before)
            print(f"after {calls} more:", after)
        await asyncio.sleep(3)
        left = _folders(folder) + _processes(folder)
        print("after the server's end:", left or "nothing")
        return len(left)


async def _call(server: RawServer, site: str, numbers: range) -> Counter[str]:
    answers: Counter[str] = Counter()
    waiting: set[int] = set()
    for number in numbers:
        request_id = 1000 + number
        call = {"name": "run_audit", "arguments": arguments(number, site)}
        call["_meta"] = {"progressToken": request_id}
        message = {"jsonrpc": "2.0", "id": request_id, "method": "tools/call", "params": call}
        await server.send(message)
        waiting.add(request_id)
        while len(waiting) >= AT_ONCE:
            await _receive(server, waiting, answers)
    while waiting:
        await _receive(server, waiting, answers)
    return answers


async def _receive(server: RawServer, waiting: set[int], answers: Counter[str]) -> None:
    message = await server.receive()
    if message.get("method") == "notifications/progress":
        request_id = message["params"]["progressToken"]
        if request_id % 10 == 1 and request_id in waiting:
            await asyncio.sleep(request_id // 10 % 7 / 2)  # at another step each time
            parameters = {"requestId": request_id}
            cancel = {"method": "notifications/cancelled", "params": parameters}
            await server.send({"jsonrpc": "2.0", **cancel})
            waiting.remove(request_id)
            answers["cancelled"] += 1
    elif message.get("id") in waiting:
        waiting.remove(message["id"])
        result = message.get("result", {})
        answers["error" if result.get("isError", True) else "audit"] += 1


def _state(server: RawServer, folder: str) -> dict[str, int]:
    proc = Path(f"/proc/{server.process.pid}")
    memory = next(
        line for line in (proc / "status").read_text().splitlines() if line.startswith("VmRSS")
    )
    return {
        "server's files": len(list((proc / "fd").iterdir())),
        "server's threads": len(list((proc / "task").iterdir())),
        "server's MB": int(memory.split()[1]) // 1024,
        "folders": len(_folders(folder)),
        "processes": len(_processes(folder)),
    }


def _folders(folder: str) -> list[str]:
    return [str(path) for path in Path(folder).glob(f"{FOLDER_PREFIX}*")]


def _processes(folder: str) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                text = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
            except OSError:
                continue
            if f"{folder}/{FOLDER_PREFIX}".encode() in text:
                found.append(entry.name)
    return found


if __name__ == "__main__":
    sys.exit(asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)))
