"""What makes Redis itself the cause, out of INFO. Pure."""

from collections.abc import Mapping, Sequence

from stacksight_core.units import format_bytes, plural

FRAGMENTATION = 1.5
FRAGMENTED_BYTES = 100 * 1024 * 1024
NEARLY_FULL = 0.9


def number(info: Mapping[str, str], name: str) -> float:
    """A numeric field of INFO, 0 where it is missing."""
    try:
        return float(info.get(name, 0))
    except ValueError:
        return 0.0


def find_causes(info: Mapping[str, str]) -> list[str]:
    """Say what in INFO loses queues, stops writes or slows all clients; worst first."""
    return [
        *_memory(info),
        *_persistence(info),
        *_clients(info),
        *_replication(info),
    ]


def causes_of(infos: Sequence[tuple[str, Mapping[str, str]]]) -> list[str]:
    """The same for several servers, each with its name where there are several."""
    return [
        f"{name}: {cause}" if len(infos) > 1 else cause
        for name, info in infos
        for cause in find_causes(info)
    ]


def _memory(info: Mapping[str, str]) -> list[str]:
    found = []
    policy, limit = info.get("maxmemory_policy", "noeviction"), number(info, "maxmemory")
    used, evicted = number(info, "used_memory"), number(info, "evicted_keys")
    if policy != "noeviction" and limit:
        deleted = "keys, whole queues among them"
        if policy.startswith("volatile-"):
            deleted = "keys with a TTL, results and groups' barriers among them, never queues"
        text = (
            f"maxmemory-policy is {policy}: when {format_bytes(limit)} are full (now "
            f"{format_bytes(used)}), Redis deletes {deleted}"
        )
        if evicted:
            keys = plural(int(evicted), "key has", "keys have")
            text += f"; {keys} been evicted since it started"
        found.append(f"{text}. Set it to noeviction (CONFIG SET maxmemory-policy noeviction).")
    elif limit and used > NEARLY_FULL * limit:
        found.append(
            f"memory is {used / limit:.0%} full ({format_bytes(used)} of {format_bytes(limit)}, "
            "noeviction): enqueueing fails with OOM when it is full."
        )
    ratio = number(info, "mem_fragmentation_ratio")
    if ratio > FRAGMENTATION and number(info, "mem_fragmentation_bytes") > FRAGMENTED_BYTES:
        wasted = format_bytes(number(info, "mem_fragmentation_bytes"))
        found.append(f"memory is fragmented {ratio:.1f} times ({wasted} wasted).")
    return found


def _persistence(info: Mapping[str, str]) -> list[str]:
    found = []
    if number(info, "loading"):
        found.append("Redis is loading its data from disk.")
    if info.get("rdb_last_bgsave_status", "ok") != "ok":
        found.append(
            "the last snapshot (BGSAVE) failed; with stop-writes-on-bgsave-error, the default, "
            "every write fails. Look into Redis's log: disk full, or no memory to fork."
        )
    if number(info, "aof_enabled") and info.get("aof_last_write_status", "ok") != "ok":
        found.append("the last write to the append-only file failed; writes may be refused.")
    return found


def _clients(info: Mapping[str, str]) -> list[str]:
    found = []
    limit, connected = number(info, "maxclients"), number(info, "connected_clients")
    if limit and connected > NEARLY_FULL * limit:
        found.append(f"{connected:.0f} of {limit:.0f} allowed clients are connected.")
    if rejected := number(info, "rejected_connections"):
        found.append(
            f"{plural(int(rejected), 'connection was', 'connections were')} refused at the limit "
            f"of {limit:.0f} clients since Redis started."
        )
    return found


def _replication(info: Mapping[str, str]) -> list[str]:
    if info.get("role") != "slave":
        return []
    state = info.get("master_link_status", "unknown")
    text = f"this is a replica (link to its primary: {state}): workers cannot write here"
    return [f"{text}; what it shows may be old."]
