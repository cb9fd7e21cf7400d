"""What containers use, against what the engine itself says."""

from pathlib import Path

import pytest

from devstack.engine import Engine
from stacksight_docker.analysis.usage import measure, summarise_usage
from stacksight_docker.facts import Listed, Sample
from stacksight_docker.source.cgroups import sample_local
from stacksight_docker.source.stats import parse_stats
from tests.docker.conftest import Laboratory, until
from tests.docker.fake_engine import Gate, listening_on_tcp
from tests.support.progress import call_with_progress, each_era
from tests.support.stdio import ServerClient, open_client, raw_server

HOLD_20_MB = "head -c 20971520 /dev/zero | tail -c 20971520 | { sleep 1000; cat; }"


async def test_the_figures_agree_with_the_engines(docker_engine: Engine, lab: Laboratory) -> None:
    burner = lab.start("burner", "while :; do :; done", nano_cpus=50_000_000)
    holder = lab.start("holder", HOLD_20_MB, mem_limit="64m")
    until(lambda: lab.stats(holder)["memory_stats"]["usage"] > 15_000_000)
    env = {"DOCKER_HOST": docker_engine.host}
    async with open_client("docker", env=env, args=["--output", "structured"]) as client:
        answer = await client.call("measure_usage", containers=[lab.project], seconds=1)
    rows = {row["service"].split("/")[-1]: row for row in answer.structured["rows"]}
    assert 1 <= rows["burner"]["cpu_percent"] <= 15
    assert rows["burner"]["throttled_percent"] > 25
    assert "its CPU limit is too low" in answer.text
    stats = lab.stats(holder)
    theirs = parse_stats(stats, 1 << 60)
    assert theirs is not None
    assert rows["holder"]["memory_bytes"] == pytest.approx(theirs[1].memory, rel=0.1)
    assert rows["holder"]["memory_limit_bytes"] == 64 * 1024 * 1024
    assert rows["holder"]["processes"] == stats["pids_stats"]["current"]
    assert rows["holder"]["received_bytes"] == pytest.approx(theirs[1].received, abs=2_000)
    assert burner


async def test_a_remote_engine_is_measured_through_its_api(
    docker_engine: Engine, lab: Laboratory
) -> None:
    lab.start("burner", "while :; do :; done", nano_cpus=50_000_000)
    gate = Gate(docker_engine.host.removeprefix("unix://"))
    async with (
        listening_on_tcp(gate.handle) as host,
        open_client("docker", env={"DOCKER_HOST": host}, args=["--output", "structured"]) as client,
    ):
        answer = await client.call("measure_usage", containers=[lab.project])
    assert "by the engine's API" in answer.text
    assert 1 <= answer.structured["rows"][0]["cpu_percent"] <= 15


async def test_what_does_not_run_is_said(server: ServerClient, lab: Laboratory) -> None:
    lab.end("done", "true")
    alone = await server.call("measure_usage", containers=[f"{lab.project}-done"])
    assert alone.is_error
    assert "None of them runs" in alone.text
    lab.start("web", "sleep 1000")
    both = await server.call("measure_usage", containers=[lab.project])
    assert f"Not measured: {lab.project}-done (exited)" in both.text


CONTAINER = "c" * 64


def _version_2(root: Path) -> None:
    """Lay out the files of a control group version 2 host with systemd, as one had them."""
    (root / "cgroup.controllers").write_text("cpuset cpu io memory hugetlb pids rdma misc\n")
    folder = root / f"system.slice/docker-{CONTAINER}.scope"
    folder.mkdir(parents=True)
    for name, text in {
        "cpu.stat": "usage_usec 5369658\nuser_usec 3940000\nsystem_usec 1420000\n"
        "nr_periods 40\nnr_throttled 10\nthrottled_usec 99\n",
        "memory.current": "104857600\n",
        "memory.max": "max\n",
        "memory.stat": "anon 90000000\nfile 14857600\ninactive_file 4857600\n",
        "pids.current": "7\n",
        "io.stat": "253:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n"
        "253:16 rbytes=1000 wbytes=0 rios=1 wios=0\n",
        "cgroup.procs": "4242\n4243\n",
    }.items():
        (folder / name).write_text(text)


def test_control_groups_version_2_are_read(tmp_path: Path) -> None:
    root, proc = tmp_path / "cgroup", tmp_path / "proc"
    root.mkdir()
    _version_2(root)
    for process, network in (("4242", "net:[1]"), ("self", "net:[2]")):
        (proc / process / "ns").mkdir(parents=True)
        (proc / process / "ns/net").symlink_to(network)
    (proc / "4242/net").mkdir()
    (proc / "4242/net/dev").write_text(
        "Inter-|   Receive  |  Transmit\n face |bytes    packets|bytes\n"
        "    lo:     500       5    0    0    0     0          0         0      500       5\n"
        "  eth0:    1226      15    0    0    0     0          0         0       42       1\n"
    )
    sample = sample_local(CONTAINER, root, proc)
    assert sample is not None
    assert (sample.cpu_seconds, sample.memory, sample.memory_limit) == (5.369658, 100_000_000, None)
    assert (sample.processes, sample.received, sample.sent) == (7, 1226, 42)
    assert (sample.read, sample.written) == (5096, 8192)
    assert (sample.periods, sample.throttled) == (40, 10)
    assert sample_local("d" * 64, root, proc) is None


def _sample(at: float, **changes: float) -> Sample:
    values = {
        "cpu_seconds": 0.0, "memory": 0, "memory_limit": None, "processes": 1, "received": None,
        "sent": None, "read": 0, "written": 0, "periods": 0, "throttled": 0,
    }  # fmt: skip
    return Sample(at=at, **(values | changes))  # type: ignore[arg-type]


def test_a_container_near_its_limit_is_a_finding() -> None:
    listed = Listed("a" * 64, "api", "api:1", "sha256:1", 0.0, "running", "Up 2 hours")
    limit = 64 * 1024 * 1024
    before = _sample(10.0, memory_limit=limit)
    after = _sample(12.0, cpu_seconds=1.0, memory=int(limit * 0.95), memory_limit=limit)
    usage = measure(listed, before, after, 8 * limit)
    assert usage.cpu_percent == 50.0
    answer = summarise_usage([usage], sort="cpu", measured="", cpus=2, host_memory=8 * limit)
    assert answer.findings == [
        "api is at 95 % of its memory limit of 64.0 MB: it will be killed when it needs more"
    ]


@each_era
async def test_measuring_for_long_reports_progress(
    docker_engine: Engine, lab: Laboratory, era: str
) -> None:
    lab.start("web", "sleep 1000")
    async with raw_server("docker", env={"DOCKER_HOST": docker_engine.host}) as server:
        told, text = await call_with_progress(
            server, era, "measure_usage", containers=[lab.project], seconds=4
        )
    assert len(told) >= 2
    assert f"{lab.project}-web" in text
