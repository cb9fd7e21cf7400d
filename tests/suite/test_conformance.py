"""The official conformance suite against each server, over streamable HTTP, for both revisions."""

import asyncio
import json
import re
import sys
import tomllib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support import stdio
from tests.support.clients import Clients, run
from tests.support.stdio import ROOT, SERVERS, command

LEFT_OUT = Path(__file__).parent / "conformance.toml"
REVISIONS = {"2025-11-25": 11, "2026-07-28": 15}  # with how many scenarios have to apply
INITIALIZE: dict[str, Any] = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": stdio.INITIALIZE,
}
LISTEN: dict[str, Any] = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "subscriptions/listen",
    "params": {"_meta": stdio.MODERN_META, "notifications": {"toolsListChanged": True}},
}
PASSED = {"SUCCESS", "INFO", "SKIPPED", "WARNING"}


def left_out() -> dict[str, str]:
    """Return what does not apply, by scenario or by scenario and check, with the reason."""
    groups = tomllib.loads(LEFT_OUT.read_text())
    return {name: group["reason"] for group in groups.values() for name in group["left_out"]}


@asynccontextmanager
async def http_server(server: str, *arguments: str) -> AsyncIterator[str]:
    """Start a server on a free port and return its address."""
    process = await asyncio.create_subprocess_exec(
        *command(server),
        *arguments,
        "--http=0",
        cwd=ROOT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        while "listens on" not in (line := (await process.stderr.readline()).decode()):
            assert line, "the server has ended"
        yield line.split()[-1]
    finally:
        process.terminate()
        out, log = await process.communicate()
    assert (process.returncode, out) == (0, b"")
    assert b"Traceback" not in log


def failures(results: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield every scenario that was run and the checks of it that failed."""
    for file in sorted(results.glob("*/checks.json")):
        named = re.fullmatch(r"server-(.+)-\d{4}-\d\d-\d\dT[\d-]+Z", file.parent.name)
        assert named, file.parent.name
        checks = json.loads(file.read_text())
        yield named[1], [check["id"] for check in checks if check["status"] not in PASSED]


@pytest.mark.parametrize("server", SERVERS)
async def test_every_scenario_that_applies_passes(
    server: str, clients: Clients, tmp_path: Path
) -> None:
    unused = left_out()
    async with http_server(server) as address:
        for revision, least in REVISIONS.items():
            arguments = ["server", "--url", address, "--requirements", revision]
            results = tmp_path / revision
            _, out, err = await run([*clients.conformance, *arguments, "-o", str(results)], ROOT)
            passed, unexpected = 0, []
            for scenario, failed in failures(results):
                passed += not failed
                for check in failed:
                    names = (scenario, f"{scenario}/{check}")
                    if not any(name in left_out() for name in names):
                        unexpected.append(names[1])
                    for name in names:
                        unused.pop(name, None)
            assert not unexpected, out.partition("=== SUMMARY ===")[2]
            assert passed >= least, out + err
    assert not unused, f"passes, and need not be left out any more: {sorted(unused)}"


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("Host", "evil.example", b"421"),
        ("Origin", "http://evil.example", b"403"),
        ("Origin", "http://localhost:5173", b"200"),
    ],
)
async def test_a_page_from_elsewhere_is_refused(header: str, value: str, status: bytes) -> None:
    async with http_server("tests.core.toy") as address:
        reader, writer = await post(address, INITIALIZE, {header: value})
        answer = await reader.readline()
        writer.close()
    assert answer.split()[1] == status


async def test_no_other_address_of_this_machine_leads_to_it() -> None:
    async with http_server("tests.core.toy") as address:
        port = int(re.findall(r":(\d+)/", address)[0])
        with pytest.raises(OSError, match="Connect"):
            await asyncio.open_connection("127.0.0.2", port)


async def test_an_open_stream_ends_with_the_server() -> None:
    async with http_server("tests.core.toy") as address:
        version = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": LISTEN["method"]}
        reader, writer = await post(address, LISTEN, version)
        await reader.readuntil(b"notifications/subscriptions/acknowledged")
    await reader.read()
    writer.close()


async def post(
    address: str, message: dict[str, Any], headers: dict[str, str]
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Send a message with these headers and return the connection."""
    host, port = re.findall(r"//(.+):(\d+)/mcp$", address)[0]
    assert host == "127.0.0.1"
    body = json.dumps(message)
    given = {
        "Host": f"{host}:{port}",
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "Content-Length": str(len(body)),
        **headers,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"POST /mcp HTTP/1.1\r\n{head}\r\n{body}".encode())
    return reader, writer


async def test_a_port_in_use_is_explained() -> None:
    async with http_server("tests.core.toy") as address:
        port = re.findall(r":(\d+)/", address)[0]
        program = [sys.executable, "-m", "tests.core.toy", "--http", port]
        code, out, err = await run(program, ROOT)
    assert (code, out) == (1, "")
    assert f"cannot listen on 127.0.0.1:{port}" in err
