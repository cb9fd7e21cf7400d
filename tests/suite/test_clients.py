"""The clients that people use, on the servers as .mcp.json starts them."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from devstack.engine import Engine
from devstack.postgres import PostgresServer
from devstack.redis import RedisServer
from tests.support.clients import Clients, run
from tests.support.model_api import model_api
from tests.support.stdio import MODERN_META, ROOT, SERVERS, open_client

MCP_JSON = ROOT / ".mcp.json"
CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "postgres": ("list_objects", {"kind": "table"}),
    "redis": ("list_queues", {}),
    "docker": ("list_containers", {"project": "no-such-project"}),
    "lighthouse": ("list_audits", {}),
}
FAILING = {"docker"}  # an error reaches the model as well
TOOL_IS_ERROR = 5  # Inspector's exit code
INSPECTOR = {"MCP_INSPECTOR_SECRET_STORE": "memory"}
QUIET = {"DISABLE_AUTOUPDATER": "1", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"}

each_server = pytest.mark.parametrize("server", SERVERS)


@pytest.fixture
def places(
    postgres_server: PostgresServer, redis_server: RedisServer, docker_engine: Engine
) -> dict[str, str]:
    """Where the real systems are, as the environment tells it."""
    return {
        "DATABASE_URL": postgres_server.url(),
        "REDIS_URL": redis_server.url(),
        "DOCKER_HOST": docker_engine.host,
    }


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """A person who has approved the four servers, with a PATH that has uv, and uv's cache."""
    (tmp_path / ".claude").mkdir()
    others = json.loads(MCP_JSON.read_text())["mcpServers"].keys() - set(SERVERS)
    approved = {"enabledMcpjsonServers": SERVERS, "disabledMcpjsonServers": sorted(others)}
    (tmp_path / ".claude" / "settings.json").write_text(json.dumps(approved))
    path = os.pathsep.join([str(ROOT / ".tools" / "uv" / "bin"), os.environ["PATH"]])
    cache = os.environ.get("UV_CACHE_DIR", str(Path.home() / ".cache" / "uv"))
    return {"HOME": str(tmp_path), "PATH": path, "UV_CACHE_DIR": cache, **QUIET}


@each_server
@pytest.mark.parametrize("era", ["legacy", "modern"])
async def test_inspector_lists_and_calls(
    server: str,
    era: str,
    clients: Clients,
    places: dict[str, str],
    home: dict[str, str],
    tmp_path: Path,
) -> None:
    # Inspector expands no variables; what Claude Code would put in is put in here.
    config = tmp_path / "mcp.json"
    text = MCP_JSON.read_text()
    for name, value in places.items():
        text = re.sub(rf"\$\{{{name}:-[^}}]*\}}", value, text)
    config.write_text(text)
    target = ["--cli", "--config", str(config), "--server", server, "--protocol-era", era]
    options = [*target, "--format", "json", "-q"]

    async def inspect(*arguments: str) -> tuple[int, Any]:
        code, out, err = await run(
            [*clients.inspector, *options, *arguments], ROOT, home | INSPECTOR
        )
        return code, json.loads(out or err)

    code, listed = await inspect("--method", "tools/list", "--strict")
    assert code == 0, listed
    tool, given = CALLS[server]
    assert tool in {found["name"] for found in listed["result"]["tools"]}
    flags = [f"--tool-arg={name}={value}" for name, value in given.items()]
    code, answered = await inspect("--method", "tools/call", "--tool-name", tool, *flags)
    assert code == (TOOL_IS_ERROR if server in FAILING else 0), answered
    code, prompts = await inspect("--method", "prompts/list")
    assert code == 0, prompts
    assert prompts["result"]["prompts"]


@each_server
def test_paths_of_the_project_at_hand_do_not_lead_elsewhere(server: str, tmp_path: Path) -> None:
    for module in ("mcp", "redis", "docker", "asyncpg", "pydantic"):
        (tmp_path / f"{module}.py").write_text("raise RuntimeError")
    (tmp_path / "scripts").mkdir()
    params = {"name": "nothing", "arguments": {}, "_meta": MODERN_META}
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    ended = subprocess.run(
        ["scripts/serve", server],
        env=os.environ | {"PYTHONPATH": str(tmp_path), "CDPATH": str(tmp_path)},
        cwd=ROOT,
        input=json.dumps(call).encode(),
        capture_output=True,
        check=True,
    )
    assert json.loads(ended.stdout)["id"] == 1


@pytest.mark.parametrize("load", [0, 4])
async def test_claude_code_connects_to_all_four(
    load: int, clients: Clients, home: dict[str, str]
) -> None:
    with busy(load):
        code, out, err = await run([*clients.claude, "mcp", "list"], ROOT, home)
    assert code == 0, err
    for server in SERVERS:
        assert re.search(rf"^{server}: .* - ✔ Connected$", out, re.M), out


async def test_claude_code_shows_the_model_the_text_that_is_meant(
    clients: Clients, places: dict[str, str], home: dict[str, str]
) -> None:
    calls = {f"mcp__{server}__{tool}": given for server, (tool, given) in CALLS.items()}
    command = [*clients.claude, "-p", "/mcp__redis__why_is_it_stuck mail"]
    with model_api(*calls.items()) as api:
        session = {
            "ANTHROPIC_BASE_URL": api.url,
            "ANTHROPIC_API_KEY": "none",
            "ENABLE_TOOL_SEARCH": "false",  # all tools at once, none to be searched for first
            "MCP_CONNECT_TIMEOUT_MS": "60000",  # the first turn waits for the servers
        }
        code, out, err = await run(
            [*command, "--allowedTools", ",".join(calls)], ROOT, home | places | session
        )
    assert (code, out.strip()) == (0, "done"), err
    assert api.prompts[-1].startswith("Find out why the queue or job `mail` is stuck")
    for server, (tool, given) in CALLS.items():
        async with open_client(server, env=home | places) as client:
            meant = await client.call(tool, **given)
            offered = {f"mcp__{server}__{listed.name}" for listed in await client.tools()}
        assert meant.is_error == (server in FAILING)
        (block,) = api.results[f"mcp__{server}__{tool}"]
        assert block == {"type": "text", "text": meant.text}
        assert offered <= set(api.tools)


@contextmanager
def busy(processes: int) -> Iterator[None]:
    """Keep the processors busy until the block ends."""
    spin = [sys.executable, "-S", "-c", "while True: pass"]
    spinning = [subprocess.Popen(spin) for _ in range(processes)]
    try:
        yield
    finally:
        for process in spinning:
            process.kill()
            process.wait()
