"""From INFO, slow log and latency events to a judgement of the server. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from stacksight_core.redact import redact_assignments
from stacksight_core.units import format_bytes, format_count, format_duration, plural
from stacksight_core.untrusted import inline
from stacksight_redis.analysis.health_facts import number
from stacksight_redis.models.health import SlowCommand

SLOW_MS = 50.0
ARGUMENT_SHOWN = 40
ARGUMENTS_SHOWN = 4
GROUPS_SHOWN = 8
LIMIT_RESPONSE_MS = 20.0

READ_ONLY_ACL = (
    "ACL SETUSER stacksight reset on >PASSWORD %R~* resetchannels &* -@all +@read +@connection "
    "-@dangerous -@blocking -@scripting -hgetall -hkeys -hvals -smembers -sinter -sunion -sdiff "
    "-dump +info +client|list +slowlog|get +slowlog|len +latency|latest +latency|histogram "
    "+memory|usage +memory|stats +memory|doctor +pubsub +subscribe +unsubscribe +psubscribe "
    "+punsubscribe +ssubscribe +sunsubscribe +acl|whoami +time"
)


def describe_server(info: Mapping[str, str], round_trip_ms: float) -> dict[str, str]:
    """The figures of INFO that matter, as people read them."""
    limit = number(info, "maxmemory")
    hits, misses = number(info, "keyspace_hits"), number(info, "keyspace_misses")
    product = "Valkey" if "valkey_version" in info else "Redis"
    version = info.get("valkey_version") or info.get("redis_version", "?")
    return {
        "server": f"{product} {version}, {info.get('redis_mode', 'standalone')}, up for "
        f"{format_duration(number(info, 'uptime_in_seconds'))}, role {info.get('role', '?')}",
        "memory": f"{format_bytes(number(info, 'used_memory'))} of "
        f"{format_bytes(limit) if limit else 'no limit'}, policy "
        f"{info.get('maxmemory_policy', '?')}, peak "
        f"{format_bytes(number(info, 'used_memory_peak'))}, fragmentation "
        f"{info.get('mem_fragmentation_ratio', '?')}, "
        f"{plural(int(number(info, 'evicted_keys')), 'key')} evicted",
        "clients": f"{format_count(number(info, 'connected_clients'))} of "
        f"{format_count(number(info, 'maxclients'))}, "
        f"{format_count(number(info, 'blocked_clients'))} blocked, "
        f"{format_count(number(info, 'rejected_connections'))} refused",
        "load": f"{format_count(number(info, 'instantaneous_ops_per_sec'))} commands/s, hit rate "
        f"{f'{hits / (hits + misses):.0%}' if hits + misses else '-'}, round trip "
        f"{round_trip_ms:.1f} ms",
        "persistence": _persistence(info),
        "replication": f"{info.get('connected_slaves', '0')} replicas",
        "keys": "; ".join(
            f"{name}: {value}"
            for name, value in info.items()
            if name.startswith("db") and name[2:].isdigit()
        )
        or "none",
    }


def _persistence(info: Mapping[str, str]) -> str:
    changes = format_count(number(info, "rdb_changes_since_last_save"))
    aof = "on" if number(info, "aof_enabled") else "off"
    return (
        f"append-only file {aof}, last snapshot {info.get('rdb_last_bgsave_status', '?')}, "
        f"{changes} changes since the last one"
    )


def find_delays(
    info: Mapping[str, str], slow: Sequence[SlowCommand], round_trip_ms: float
) -> list[str]:
    """What makes clients wait, worst first."""
    problems = []
    if slow and slow[0].worst_ms > SLOW_MS:
        worst = slow[0]
        problems.append(
            f"{worst.command} held up all clients for {worst.worst_ms:.0f} ms (slow log, "
            f"{format_duration(worst.newest_s)} ago)."
        )
    if blocked := number(info, "total_blocking_keys"):
        problems.append(f"clients block on {blocked:.0f} keys (BLPOP and the like).")
    if round_trip_ms > LIMIT_RESPONSE_MS:
        problems.append(f"a PING took {round_trip_ms:.0f} ms: Redis or the network is busy.")
    return problems


def group_slow(entries: Sequence[Any], now_s: float) -> list[SlowCommand]:
    """Group slow-log entries by command and key pattern, the longest first.

    Args:
        entries: as SLOWLOG GET returns them: id, Unix time, microseconds, arguments, …
        now_s: Redis's clock, Unix time in seconds.
    """
    groups: dict[str, list[tuple[float, float, str]]] = {}
    for entry in entries:
        words = [word.decode(errors="replace") for word in entry[3]]
        command = words[0].upper() if words else "?"
        shown = [inline(word, ARGUMENT_SHOWN) for word in words[1 : 1 + ARGUMENTS_SHOWN]]
        example = redact_assignments(" ".join([command, *shown]))
        if command == "EVALSHA" and len(words) > 4:  # Dramatiq: sha, 1, namespace, command
            command = f"EVALSHA {inline(words[4], 20)}"
        groups.setdefault(command, []).append((int(entry[2]) / 1000, float(entry[1]), example))
    grouped = [
        SlowCommand(
            command=command,
            count=len(found),
            worst_ms=max(found)[0],
            total_ms=sum(ms for ms, _, _ in found),
            newest_s=max(0.0, now_s - max(at for _, at, _ in found)),
            example=max(found)[2],
        )
        for command, found in groups.items()
    ]
    return sorted(grouped, key=lambda group: -group.worst_ms)[:GROUPS_SHOWN]


def describe_script(commandstats: Mapping[str, str]) -> str | None:
    """What Dramatiq's script costs, out of INFO commandstats."""
    fields = commandstats.get("cmdstat_evalsha")
    if fields is None:
        return None
    values = dict(part.split("=", 1) for part in fields.split(",") if "=" in part)
    calls, per_call = values.get("calls", "0"), values.get("usec_per_call", "?")
    return (
        f"{format_count(float(calls))} script calls (EVALSHA, as Dramatiq makes them) at "
        f"{per_call} µs each on average; a maintenance with dead processes runs KEYS inside"
    )
