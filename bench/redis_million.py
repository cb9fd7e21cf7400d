"""A queue of 1,000,000 messages among 1,000,000 other keys: how long does each answer take?

Prints time and size of every answer with its slowest command, what every command cost by the
server's slow log, whether anything was written, and the memory of the process. The slow log counts
the time from a command's start to its end: on a busy machine also what other processes took of it.
Run: python -m bench.redis_million
"""

import asyncio
import json
import time
import uuid
from pathlib import Path
from typing import Any

import redis

from devstack.redis import running_redis
from tests.support.stdio import ServerClient, open_client

MESSAGES = KEYS = 1_000_000
DEAD = 100_000
BATCH = 10_000
SLOW_LOG = 200_000
OWN = ("SLOWLOG", "CONFIG")

CALLS: list[tuple[str, dict[str, Any]]] = [
    ("list_queues", {}),
    ("list_queues", {}),
    ("inspect_queue", {"queue": "big"}),
    ("inspect_queue", {"queue": "big", "state": "waiting"}),
    ("inspect_queue", {"queue": "big", "state": "dead", "match": "nothing like it"}),
    ("inspect_queue", {"queue": "big", "state": "waiting", "actor": "rare"}),
    ("diagnose_queue", {"queue": "big"}),
    ("diagnose_queue", {"actor": "send_mail"}),
    ("inspect_message", {"message_id": str(uuid.uuid4())}),
    ("list_workers", {}),
    ("watch_queues", {"seconds": 1}),
    ("list_channels", {}),
    ("check_health", {}),
    ("inspect_keys", {}),
    ("inspect_keys", {"match": "cache:12345*"}),
    ("inspect_keys", {"key": "dramatiq:big.msgs"}),
    ("inspect_keys", {"key": "dramatiq:big"}),
]


def fill(client: redis.Redis) -> list[str]:
    """Write the queue as Dramatiq does, dead letters with tracebacks, and foreign keys."""
    now = int(time.time() * 1000)
    some = []
    frames = "\n".join(f'  File "/app/mail.py", line {n}, in step{n}\n    go()' for n in range(12))
    trace = f"Traceback (most recent call last):\n{frames}\nTimeoutError: no answer from smtp"
    for start in range(0, MESSAGES, BATCH):
        ids: list[str] = []
        payloads: dict[Any, Any] = {}
        for number in range(start, start + BATCH):
            redis_id = str(uuid.uuid4())
            ids.append(redis_id)
            payloads[redis_id] = _message(redis_id, number, now, {})
        client.hset("dramatiq:big.msgs", mapping=payloads)
        client.rpush("dramatiq:big", *ids)
        some.append(ids[0])
    for start in range(0, DEAD, BATCH):
        letters = {str(uuid.uuid4()): n for n in range(start, start + BATCH)}
        options = {"retries": 20, "traceback": trace}
        stored: dict[Any, Any] = {i: _message(i, n, now, options) for i, n in letters.items()}
        client.hset("dramatiq:big.XQ.msgs", mapping=stored)
        client.zadd("dramatiq:big.XQ", {i: now - n for i, n in letters.items()})
    for start in range(0, KEYS, BATCH):
        with client.pipeline(transaction=False) as pipe:
            for number in range(start, start + BATCH):
                pipe.set(f"cache:{number}:page", "x" * 20)
            pipe.execute()
    beats = {str(uuid.uuid4()): now - 600_000 - n for n in range(5_000)}
    client.zadd("dramatiq:__heartbeats__", beats)
    return some


def _message(redis_id: str, number: int, now: int, options: dict[str, Any]) -> str:
    return json.dumps(
        {
            "queue_name": "big",
            "actor_name": "send_mail" if number % 10 else "render",
            "args": [number],
            "kwargs": {"to": f"user{number}@example.org"},
            "options": {"redis_message_id": redis_id, **options},
            "message_id": str(uuid.uuid4()),
            "message_timestamp": now - 60_000,
        },
        separators=(",", ":"),
    )


def server_memory() -> dict[int, int]:
    """Resident kB of every running server of ours, by pid."""
    found = {}
    for directory in Path("/proc").iterdir():
        if directory.name.isdecimal():
            try:
                command = (directory / "cmdline").read_bytes()
                status = (directory / "status").read_text()
            except OSError:
                continue
            if b"stacksight-redis" in command:
                found[int(directory.name)] = int(status.split("VmRSS:")[1].split()[0])
    return found


async def measure(client: ServerClient, admin: redis.Redis) -> dict[str, list[int]]:
    """Make every call and print what it cost; returns the durations in µs by command."""
    durations: dict[str, list[int]] = {}
    for tool, arguments in CALLS:
        admin.slowlog_reset()
        began = time.perf_counter()
        answer = await client.call(tool, **arguments)
        took = time.perf_counter() - began
        worst = (0, "-")
        for entry in admin.slowlog_get(SLOW_LOG):
            command = entry["command"].split(b" ", 1)[0].decode()
            if command not in OWN:
                durations.setdefault(command, []).append(entry["duration"])
                worst = max(worst, (entry["duration"], command))
        first = answer.text.split("\n", 1)[0][:90]
        print(
            f"{tool:16} {took * 1000:7.0f} ms {len(answer.text):6} chars  slowest: "
            f"{worst[0] / 1000:.2f} ms {worst[1]}  {'ERROR ' if answer.is_error else ''}{first}"
        )
    return durations


def print_commands(durations: dict[str, list[int]]) -> None:
    """What each command cost on the server, the slowest first."""
    print(f"{'command':18}      n  median     99 %      max  over 2 ms")
    for command, found in sorted(durations.items(), key=lambda item: -max(item[1])):
        ordered = sorted(found)
        median, most = ordered[len(ordered) // 2], ordered[int(0.99 * len(ordered))]
        slow = sum(us > 2_000 for us in ordered)
        print(f"{command:18} {len(ordered):6} {median:5} µs {most:5} µs {ordered[-1]:6} µs  {slow}")


async def main() -> None:
    """Fill a Redis, look at it, print."""
    with running_redis() as server, redis.Redis.from_url(server.url()) as admin:
        began = time.perf_counter()
        ids = fill(admin)
        CALLS.append(("inspect_message", {"message_id": ids[50]}))
        print(f"filled in {time.perf_counter() - began:.0f} s: {admin.info('keyspace')}")
        admin.config_set("slowlog-log-slower-than", 0)
        admin.config_set("slowlog-max-len", SLOW_LOG)
        before = admin.info("persistence")["rdb_changes_since_last_save"]
        others = set(server_memory())
        async with open_client("redis", env={"REDIS_URL": server.url()}) as client:
            durations = await measure(client, admin)
            admin.config_set("slowlog-log-slower-than", -1)
            memory = {pid: kb for pid, kb in server_memory().items() if pid not in others}
            print(f"resident after the first round: {memory} kB")
            for _ in range(20):
                for tool, arguments in CALLS[:6]:
                    await client.call(tool, **arguments)
            memory = {pid: kb for pid, kb in server_memory().items() if pid not in others}
            print(f"resident after 120 more calls: {memory} kB")
        written = admin.info("persistence")["rdb_changes_since_last_save"] - before
        print_commands(durations)
        print(f"changes written meanwhile: {written}")


if __name__ == "__main__":
    asyncio.run(main())
