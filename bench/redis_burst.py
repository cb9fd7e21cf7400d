"""200,000 messages of 200 bytes published at once: does the recorder miss one?

Three recordings at once: one that keeps everything, and two of one process that keep the newest
50,000. Needs redis-benchmark. Run: python -m bench.redis_burst
"""

import asyncio
import re
import time
from pathlib import Path

from devstack.redis import running_redis
from tests.support.stdio import ServerClient, open_client

MESSAGES = 200_000
PAYLOAD = "x" * 200
CHANNEL = "burst"


async def start(client: ServerClient) -> str:
    """Start a recording and return its handle."""
    answer = await client.call("capture_messages", action="start", channels=[f"{CHANNEL}*"])
    return str(re.findall(r"capture-[0-9a-f]{8}", answer.text)[0])


async def publish(port: int) -> float:
    """Publish as fast as redis-benchmark can; returns the seconds it took."""
    began = time.perf_counter()
    options = ["-p", str(port), "-n", str(MESSAGES), "-c", "20", "-P", "16", "-q"]
    process = await asyncio.create_subprocess_exec(
        "redis-benchmark", *options, "PUBLISH", CHANNEL, PAYLOAD,
        stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    await process.wait()
    return time.perf_counter() - began


def resident_kb() -> list[int]:
    """Resident memory of the running servers of ours."""
    found = []
    for directory in Path("/proc").iterdir():
        if directory.name.isdecimal():
            try:
                command = (directory / "cmdline").read_bytes()
                status = (directory / "status").read_text()
            except OSError:
                continue
            if b"stacksight-redis" in command:
                found.append(int(status.split("VmRSS:")[1].split()[0]))
    return found


async def main() -> None:
    """Run the burst against two recordings and print what they saw."""
    with running_redis() as server:
        large = {"STACKSIGHT_CAPTURE_MESSAGES": "250000", "STACKSIGHT_CAPTURE_BYTES": "134217728"}
        url = {"REDIS_URL": server.url()}
        async with (
            open_client("redis", env=url | large) as keeps_all,
            open_client("redis", env=url) as keeps_newest,
        ):
            clients = (keeps_all, keeps_newest, keeps_newest)
            handles = [await start(client) for client in clients]
            seconds = await publish(server.port)
            print(f"published {MESSAGES:,} in {seconds:.1f} s ({MESSAGES / seconds:,.0f}/s)")
            for client, handle in zip(clients, handles, strict=True):
                answer = await client.call(
                    "capture_messages", action="stop", capture=handle, limit=1
                )
                print(answer.text, "\n")
            print(f"resident: {resident_kb()} kB")


if __name__ == "__main__":
    asyncio.run(main())
