"""The server over stdio, with a real Chrome."""

import asyncio
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stacksight_lighthouse.engine.install import Engine
from stacksight_lighthouse.engine.process import FOLDER_PREFIX
from tests.lighthouse.site import Site
from tests.support.progress import call_with_progress, each_era
from tests.support.stdio import ServerClient, open_client, raw_server

ACCESSIBILITY = ["accessibility"]
POLL_SECONDS = 0.05


def audit_id_of(text: str) -> str:
    found = re.search(r"audit-[0-9a-f]{8}", text)
    assert found
    return found[0]


async def test_the_demo_page_is_audited_and_each_fault_named_with_its_element(
    client: ServerClient, site: Site
) -> None:
    answer = await client.call("run_audit", url=f"{site.url}/")

    assert not answer.is_error
    assert "mobile 412x823" in answer.text
    for named in (
        "40 x `ol.queue > li > div > input`",
        "40 x `ol.queue > li > div > span.title`",
        "40 x `form > ol.queue > li > img`",
        "because of `body > main > img.hero`",
    ):
        assert named in answer.text
    assert len(answer.text) < 8000

    audit_id = audit_id_of(answer.text)
    labels = await client.call("inspect_audit", audit_id=audit_id, topic="label")
    assert labels.text.count("<input") == 40
    everything = await client.call("inspect_audit", audit_id=audit_id)
    assert "color-contrast" in everything.text


async def test_the_handshake_era_gets_the_same(
    engine: Engine, environment: dict[str, str], site: Site
) -> None:
    async with open_client("lighthouse", env=environment, mode="legacy") as legacy:
        answer = await legacy.call(
            "run_audit", url=f"{site.url}/fault/missing-label", categories=ACCESSIBILITY
        )

    assert not answer.is_error
    assert "input#email" in answer.text


async def test_structured_mode_sends_the_model_as_well(
    engine: Engine, environment: dict[str, str], site: Site
) -> None:
    async with open_client(
        "lighthouse", env=environment, args=["--output", "structured"]
    ) as structured:
        answer = await structured.call(
            "run_audit",
            url=f"{site.url}/fault/missing-alt",
            categories=ACCESSIBILITY,
            device="desktop",
        )

    [finding] = answer.structured["findings"]
    assert finding["check"] == "image-alt"
    assert finding["patterns"][0]["where"] == "body > main > img#logo"
    assert answer.structured["device"] == "desktop"
    assert "1350x940" in answer.structured["conditions"]


async def test_several_runs_tell_their_spread(client: ServerClient, site: Site) -> None:
    answer = await client.call(
        "run_audit", url=f"{site.url}/good.html", categories=["performance"], runs=2
    )

    assert "(runs: " in answer.text
    assert "2 runs" in answer.text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "argument `url` is required"),
        ({"url": "http://localhost:1/", "devise": "mobile"}, "Did you mean `device`"),
        ({"url": "http://localhost:1/", "device": "tablet"}, "'mobile' or 'desktop'"),
        ({"url": "http://localhost:1/", "categories": []}, "at least 1"),
        ({"url": "http://localhost:1/", "runs": 100}, "less than or equal to 9"),
        ({"url": "http://localhost:2/"}, "nothing accepts connections"),
        ({"url": "file:///etc/passwd"}, "http:// or https://"),
        ({"url": "http://169.254.169.254/"}, "metadata"),
        ({"url": "--renderer-cmd-prefix=x"}, "http:// or https://"),
    ],
)
async def test_bad_arguments_and_bad_addresses_are_explained(
    client: ServerClient, arguments: dict[str, Any], said: str
) -> None:
    answer = await client.call("run_audit", **arguments)

    assert answer.is_error
    assert said in answer.text


async def test_a_page_that_leads_to_a_metadata_address_does_not_get_there(
    client: ServerClient, site: Site
) -> None:
    answer = await client.call(
        "run_audit", url=f"{site.url}/elsewhere.html", categories=ACCESSIBILITY
    )

    assert answer.is_error
    assert "could not be reached or is refused" in answer.text


@pytest.mark.parametrize("handle", ["audit-00000000", "../../etc/passwd", "x" * 40])
async def test_an_unknown_audit_is_explained(client: ServerClient, handle: str) -> None:
    answer = await client.call("inspect_audit", audit_id=handle)

    assert answer.is_error
    assert "There is no audit" in answer.text


async def test_a_page_that_loops_for_ever_is_stopped_and_the_next_is_audited(
    client: ServerClient, site: Site
) -> None:
    answer = await client.call("run_audit", url=f"{site.url}/endless.html", deadline_s=8)

    assert answer.is_error
    assert "stopped after 8.0 s" in answer.text
    after = await client.call("run_audit", url=f"{site.url}/good.html", categories=ACCESSIBILITY)
    assert not after.is_error


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder near the root: the path of a socket may have 107 characters."""
    with tempfile.TemporaryDirectory(prefix="lh-") as folder:
        yield Path(folder)


async def test_a_page_that_paints_nothing_is_explained(client: ServerClient, site: Site) -> None:
    answer = await client.call(
        "run_audit", url=f"{site.url}/blank.html", categories=ACCESSIBILITY, deadline_s=45
    )

    assert answer.is_error
    assert "The page painted nothing" in answer.text


async def test_a_page_with_a_request_that_never_ends_is_audited_with_a_warning(
    client: ServerClient, site: Site
) -> None:
    answer = await client.call(
        "run_audit", url=f"{site.url}/unfinished.html", categories=ACCESSIBILITY, deadline_s=45
    )

    assert not answer.is_error
    assert "loaded too slowly" in answer.text


async def test_audits_are_listed(client: ServerClient, site: Site) -> None:
    url = f"{site.url}/fault/no-zoom"
    await client.call("run_audit", url=url, categories=ACCESSIBILITY)

    answer = await client.call("list_audits", match="no-zoom")

    assert answer.text.startswith("1 audit, newest first:")
    assert url in answer.text


async def test_a_cancelled_audit_leaves_no_process_and_no_folder(
    engine: Engine, environment: dict[str, str], site: Site, short_path: Path
) -> None:
    async with raw_server("lighthouse", env=environment | {"TMPDIR": str(short_path)}) as server:
        await _initialize(server)
        await server.send(_call(2, f"{site.url}/endless.html?cancelled"))
        await asyncio.to_thread(site.wait_for_visits, "/endless.html?cancelled", 2)
        assert _processes_in(short_path)
        cancel = {"method": "notifications/cancelled", "params": {"requestId": 2}}
        await server.send({"jsonrpc": "2.0", **cancel})
        await server.request(3, "tools/list")

        await _until_gone(short_path)


async def test_a_killed_server_leaves_no_process_and_no_folder(
    engine: Engine, environment: dict[str, str], site: Site, short_path: Path
) -> None:
    async with raw_server("lighthouse", env=environment | {"TMPDIR": str(short_path)}) as server:
        await _initialize(server)
        await server.send(_call(2, f"{site.url}/endless.html?killed"))
        await asyncio.to_thread(site.wait_for_visits, "/endless.html?killed", 2)
        server.process.kill()
        await server.process.wait()

        await _until_gone(short_path)


async def _initialize(server: Any) -> None:
    client = {"name": "tests", "version": "1"}
    await server.request(
        1, "initialize", protocolVersion="2025-11-25", capabilities={}, clientInfo=client
    )
    await server.send({"jsonrpc": "2.0", "method": "notifications/initialized"})


def _call(request_id: int, url: str) -> dict[str, Any]:
    params = {
        "name": "run_audit",
        "arguments": {"url": url, "deadline_s": 60, "categories": ACCESSIBILITY},
        "_meta": {"progressToken": "p"},
    }
    return {"jsonrpc": "2.0", "id": request_id, "method": "tools/call", "params": params}


def _processes_in(folder: Path) -> list[str]:
    """The processes that were told of a folder, by their command lines."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                command = (entry / "cmdline").read_bytes().decode(errors="replace")
                environment = (entry / "environ").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if f"{folder}/{FOLDER_PREFIX}" in command + environment:
                found.append(command.replace("\0", " "))
    return found


def _left_in(folder: Path) -> list[str]:
    return _processes_in(folder) + [str(path) for path in folder.glob(f"{FOLDER_PREFIX}*")]


async def _until_gone(folder: Path) -> None:
    """Wait until nothing is left; the kernel tells nobody of the end of a stranger's child."""
    async with asyncio.timeout(10):
        while left := await asyncio.to_thread(_left_in, folder):  # noqa: ASYNC110
            await asyncio.sleep(POLL_SECONDS)
    assert not left


@each_era
async def test_an_audit_reports_its_steps(
    engine: Engine, environment: dict[str, str], site: Site, era: str
) -> None:
    async with raw_server("lighthouse", env=environment) as server:
        told, text = await call_with_progress(server, era, "run_audit", url=f"{site.url}/")
    assert len(told) >= 2
    assert len(set(told)) >= 2
    assert audit_id_of(text)
