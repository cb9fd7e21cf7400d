"""Reads what a container uses through the engine's API, which takes it a second or two."""

from collections.abc import Mapping
from typing import Any

from stacksight_docker.clock import parse_time
from stacksight_docker.facts import Sample

_NANO = 1_000_000_000


def parse_stats(raw: Mapping[str, Any], host_memory: int) -> tuple[Sample, Sample] | None:
    """Parse the answer of ``/containers/{id}/stats?stream=false``: two samples, older first.

    Only CPU time and its throttling differ between the two; the engine sends the rest once.

    Args:
        raw: the engine's answer.
        host_memory: what the engine gives as the limit of a container without one.

    Returns:
        None for a container that does not run.
    """
    cpu, before = raw.get("cpu_stats") or {}, raw.get("precpu_stats") or {}
    memory = raw.get("memory_stats") or {}
    if not cpu.get("system_cpu_usage") or "usage" not in memory:
        return None
    read, written = _io(raw.get("blkio_stats") or {})
    received, sent = _network(raw.get("networks"))
    limit = int(memory.get("limit") or 0)

    def sample(at: float, cpu_part: Mapping[str, Any]) -> Sample:
        throttling = cpu_part.get("throttling_data") or {}
        return Sample(
            at=at,
            cpu_seconds=int((cpu_part.get("cpu_usage") or {}).get("total_usage") or 0) / _NANO,
            memory=_used(memory),
            memory_limit=None if not limit or limit >= host_memory else limit,
            processes=int((raw.get("pids_stats") or {}).get("current") or 0),
            received=received,
            sent=sent,
            read=read,
            written=written,
            periods=int(throttling.get("periods") or 0),
            throttled=int(throttling.get("throttled_periods") or 0),
        )

    now, then = parse_time(raw.get("read")), parse_time(raw.get("preread"))
    if now is None or then is None:
        return None
    return sample(then, before), sample(now, cpu)


def _used(memory: Mapping[str, Any]) -> int:
    """Leave out the cache that can be dropped (docker/cli, stats_helpers.go)."""
    usage, stats = int(memory["usage"]), memory.get("stats") or {}
    inactive = int(stats.get("total_inactive_file") or stats.get("inactive_file") or 0)
    return usage - inactive if inactive < usage else usage


def _io(blkio: Mapping[str, Any]) -> tuple[int, int]:
    totals = {"read": 0, "write": 0}
    for entry in blkio.get("io_service_bytes_recursive") or []:
        kind = str(entry.get("op")).lower()
        if kind in totals:
            totals[kind] += int(entry.get("value") or 0)
    return totals["read"], totals["write"]


def _network(networks: Mapping[str, Any] | None) -> tuple[int | None, int | None]:
    if not networks:
        return None, None
    received = sum(int(n.get("rx_bytes") or 0) for n in networks.values())
    return received, sum(int(n.get("tx_bytes") or 0) for n in networks.values())
