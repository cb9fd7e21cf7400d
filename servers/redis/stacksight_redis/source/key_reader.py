"""Reads keys of any type, bounded. Source room: I/O, no judgement."""

import time
from collections.abc import Sequence
from typing import Any

from redis.exceptions import ResponseError

from stacksight_redis.facts.keys import KeyFacts, Scan
from stacksight_redis.source.commands import MAX_TEXT, SCAN_COUNT, Command
from stacksight_redis.source.connection import Source
from stacksight_redis.source.job_reader import text

MEMBERS = 20
STRING_BYTES = 64 * 1024
MEMBER_BYTES = 64 * 1024
"""A collection whose members are larger on average is not read."""

SCAN_S = 0.2
DESCRIBED = 500
JSON_TYPE = "ReJSON-RL"
LENGTH_COMMANDS = {
    "string": "STRLEN",
    "list": "LLEN",
    "hash": "HLEN",
    "set": "SCARD",
    "zset": "ZCARD",
    "stream": "XLEN",
}


async def scan_keys(source: Source, pattern: str, position: int) -> Scan:
    """Look at keys for up to 0.2 s and describe the first 500 that match."""
    deadline = time.monotonic() + SCAN_S
    total = int(await source.run("DBSIZE"))
    found: dict[bytes, None] = {}
    scanned = 0
    while True:
        answer = await source.run("SCAN", position, "MATCH", pattern, "COUNT", SCAN_COUNT)
        position = int(answer[0])
        scanned += SCAN_COUNT
        found |= dict.fromkeys(answer[1])
        if position == 0 or len(found) >= DESCRIBED or time.monotonic() > deadline:
            break
    keys = await describe_keys(source, list(found)[:DESCRIBED])
    return Scan(keys, min(scanned, total), len(found), position, total)


async def describe_keys(source: Source, keys: Sequence[bytes]) -> list[KeyFacts]:
    """Type, memory and expiry of keys; those that are gone meanwhile are left out."""
    commands: list[Command] = []
    for key in keys:
        commands += [("TYPE", key), ("MEMORY", "USAGE", key, "SAMPLES", 5), ("PTTL", key)]
    answers = await source.run_all(commands)
    return [
        KeyFacts(key, text(kind), memory, ttl)
        for key, kind, memory, ttl in zip(
            keys, answers[::3], answers[1::3], answers[2::3], strict=True
        )
        if isinstance(memory, int)
    ]


async def read_key(source: Source, key: str) -> tuple[KeyFacts, list[Any]] | None:
    """A key's facts and the first part of its content; None when there is no such key."""
    described = await describe_keys(source, [key.encode()])
    if not described:
        return None
    facts = described[0]
    length_command = LENGTH_COMMANDS.get(facts.type)
    answers = await source.run_all(
        [
            (length_command or "TYPE", key),
            ("OBJECT", "ENCODING", key),
            ("OBJECT", "IDLETIME", key),
        ]
    )
    length, encoding, idle = (None if isinstance(a, ResponseError) else a for a in answers)
    length = length if isinstance(length, int) else None
    facts = KeyFacts(
        key=facts.key,
        type=facts.type,
        memory=facts.memory,
        expires_ms=facts.expires_ms,
        length=length,
        encoding=None if encoding is None else text(encoding),
        idle_s=idle,
    )
    if facts.type == JSON_TYPE and facts.memory <= MAX_TEXT:
        return facts, await source.run_all([("JSON.GET", key)])
    if length_command is None or _too_large(facts):
        return facts, []
    return facts, await _read_content(source, key, facts.type)


def _too_large(facts: KeyFacts) -> bool:
    if facts.type == "string":
        return False
    return facts.memory / max(1, min(facts.length or 1, MEMBERS * 50)) > MEMBER_BYTES


async def _read_content(source: Source, key: str, kind: str) -> list[Any]:
    if kind == "string":
        return [await source.run("GETRANGE", key, 0, STRING_BYTES - 1)]
    if kind == "list":
        return list(await source.run("LRANGE", key, 0, MEMBERS - 1))
    if kind == "set":
        return list(await source.run("SRANDMEMBER", key, MEMBERS))
    if kind == "zset":
        flat = await source.run("ZRANGE", key, 0, MEMBERS - 1, "WITHSCORES")
        return list(zip(flat[::2], flat[1::2], strict=True))
    if kind == "hash":
        return await _read_fields(source, key)
    groups = await source.run_all([("XINFO", "GROUPS", key)])
    entries = await source.run("XREVRANGE", key, "+", "-", "COUNT", MEMBERS)
    return [*(groups[0] if isinstance(groups[0], list) else []), *entries]


async def _read_fields(source: Source, key: str) -> list[Any]:
    fields = await source.run("HRANDFIELD", key, MEMBERS)
    sizes = await source.run_all([("HSTRLEN", key, field) for field in fields])
    small = [f for f, size in zip(fields, sizes, strict=True) if size <= MEMBER_BYTES]
    values = await source.run("HMGET", key, *small) if small else []
    found = dict(zip(small, values, strict=True))
    return [
        (field, found.get(field, f"<{size} bytes, not read>".encode()))
        for field, size in zip(fields, sizes, strict=True)
    ]
