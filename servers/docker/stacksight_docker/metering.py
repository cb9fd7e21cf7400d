"""Measures containers: by control group files where the engine is here, else through the API."""

from collections.abc import Sequence

import anyio
from docker.errors import APIError

from stacksight_core.errors import ToolFailure
from stacksight_core.threads import in_thread
from stacksight_core.units import format_duration
from stacksight_docker.analysis.usage import (
    SortKey,
    Usage,
    UsageAnswer,
    measure,
    pair,
    summarise_usage,
)
from stacksight_docker.facts import EngineInfo, Listed, Sample
from stacksight_docker.source import host
from stacksight_docker.source.cgroups import sample_local
from stacksight_docker.source.source import Source

MEASURED_STATES = frozenset({"running", "paused"})
MAX_NAMED = 10

ERROR_NONE_RUNS = "None of them runs, so nothing is used: {names}. list_containers says why."
ERROR_NO_CONTAINERS = "No container runs on this engine."


async def measure_containers(
    source: Source, chosen: Sequence[Listed], seconds: float, sort: SortKey
) -> UsageAnswer:
    """Measure containers over some seconds.

    Raises:
        ToolFailure: none of them runs.
    """
    running = [c for c in chosen if c.state in MEASURED_STATES]
    if not running:
        names = ", ".join(c.name for c in chosen[:MAX_NAMED])
        raise ToolFailure(ERROR_NONE_RUNS.format(names=names) if names else ERROR_NO_CONTAINERS)
    info = await source.info()
    samples, measured = await take_samples(source, info, running, seconds)
    rows: list[Usage] = [
        measure(c, *samples[c.id], info.memory) for c in running if c.id in samples
    ]
    answer = summarise_usage(
        rows, sort=sort, measured=measured, cpus=info.cpus, host_memory=info.memory
    )
    missing = [f"{c.name} ({c.state})" for c in chosen if c.id not in samples]
    more = [f"{len(missing) - MAX_NAMED} more"] if len(missing) > MAX_NAMED else []
    answer.not_measured = missing[:MAX_NAMED] + more
    return answer


async def take_samples(
    source: Source, info: EngineInfo, running: Sequence[Listed], seconds: float
) -> tuple[dict[str, tuple[Sample, Sample]], str]:
    """Sample containers twice, and say how."""
    ids = [c.id for c in running]
    if not host.is_here(info):
        return await _from_engine(source, ids, info), "by the engine's API over its own second"
    before = await sample_here(ids)
    await anyio.sleep(seconds)
    after = await sample_here(list(before))
    samples = pair(before, after)
    rest = [cid for cid in ids if cid not in samples]
    if not rest:
        return samples, f"from control group files over {format_duration(seconds)}"
    samples |= await _from_engine(source, rest, info)
    return samples, f"from control group files over {format_duration(seconds)}, {len(rest)} by API"


async def sample_here(container_ids: Sequence[str]) -> dict[str, Sample]:
    """Read the counters of containers from this machine's files."""

    def read() -> dict[str, Sample]:
        read_all = {cid: sample_local(cid) for cid in container_ids}
        return {cid: sample for cid, sample in read_all.items() if sample is not None}

    return await in_thread(read)


async def _from_engine(
    source: Source, container_ids: Sequence[str], info: EngineInfo
) -> dict[str, tuple[Sample, Sample]]:
    found: dict[str, tuple[Sample, Sample]] = {}

    async def read(container_id: str) -> None:
        try:
            samples = await source.stats(container_id, info.memory)
        except APIError:
            return  # it ended meanwhile
        if samples is not None:
            found[container_id] = samples

    async with anyio.create_task_group() as tasks:
        for container_id in container_ids:
            tasks.start_soon(read, container_id)
    return found
