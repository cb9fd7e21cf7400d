"""Images, volumes, networks and disk use, and what nothing uses."""

import asyncio

from docker.types import Mount
from syrupy.assertion import SnapshotAssertion

from stacksight_docker.analysis.resources import describe_disk, list_images
from stacksight_docker.facts import DiskUse, Image, Listed, Volume
from stacksight_docker.render.resources import render_resources
from tests.docker.conftest import Laboratory
from tests.support.stdio import ServerClient

GB = 1024**3


async def test_used_and_unused_volumes_and_networks(server: ServerClient, lab: Laboratory) -> None:
    used, idle = lab.volume("used"), lab.volume("idle")
    network, lonely = lab.network("busy"), lab.network("lonely")
    lab.start(
        "db",
        "echo 12345 > /data/file; sleep 1000",
        mounts=[Mount("/data", used, type="volume")],
        network=network,
    )
    volumes = await server.call("list_resources", kind="volumes")
    rows = {line.split(" | ")[0]: line for line in volumes.text.splitlines()}
    assert f"| {lab.project}-db |" in rows[used]
    assert "| nothing |" in rows[idle]
    networks = await server.call("list_resources", kind="networks")
    rows = {line.split(" | ")[0]: line for line in networks.text.splitlines()}
    assert f"| {lab.project}-db |" in rows[network]
    assert "| nothing |" in rows[lonely]
    assert "built in" in rows["bridge"]


async def test_images_and_disk_use(server: ServerClient, lab: Laboratory) -> None:
    lab.start("web", "sleep 1000")
    images = await server.call("list_resources", kind="images")
    assert lab.image in images.text
    disk = await server.call("list_resources")
    assert disk.text.startswith("The engine's data take ")
    assert {"images", "volumes", "build cache"} <= {
        line.split(" | ")[0] for line in disk.text.splitlines()
    }


async def test_several_may_ask_for_disk_use_at_once(server: ServerClient) -> None:
    answers = await asyncio.gather(*(server.call("list_resources") for _ in range(6)))
    assert [answer.text for answer in answers if answer.is_error] == []


async def test_an_unknown_kind_is_refused(server: ServerClient) -> None:
    answer = await server.call("list_resources", kind="pods")
    assert answer.is_error
    assert "'disk', 'images', 'volumes' or 'networks'" in answer.text


def _listed(name: str, image_id: str, state: str = "running") -> Listed:
    return Listed(name * 32, name, "app:1", image_id, 0.0, state, "", volumes=("data",))


def test_what_fills_the_disk_is_said(snapshot: SnapshotAssertion) -> None:
    use = DiskUse(
        layers=5 * GB,
        images=(
            Image("sha256:aa", ("app:1",), 2 * GB, 1.0, shared=GB),
            Image("sha256:bb", (), 4 * GB, 1.0, shared=GB),
        ),
        volumes=(
            Volume("data", "local", "shop", anonymous=False, size=GB),
            Volume("old", "local", "", anonymous=False, size=7 * GB),
        ),
        writable={"ab" * 32: 100, "cd" * 32: 3 * GB},
        build_cache=2 * GB,
        build_cache_unused=GB,
    )
    listed = [_listed("ab", "sha256:aa"), _listed("cd", "sha256:aa", "exited")]
    answer = describe_disk(use, listed, {"ab" * 32: 32 * GB}, GB)
    assert render_resources(answer) == snapshot


def test_images_are_ranked_unused_first() -> None:
    images = [
        Image("sha256:aa", ("app:1",), 5, 1.0, shared=2),
        Image("sha256:bb", ("old:1",), 9, 1.0, shared=2),
    ]
    answer = list_images(images, [_listed("ab", "sha256:aa")])
    assert [(row.name, row.reclaimable_bytes) for row in answer.rows] == [
        ("old:1", 7),
        ("app:1", None),
    ]
    assert answer.unused == 1
