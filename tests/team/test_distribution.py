"""What registries and desktop clients read: server.json, and bundles that work where they land."""

import json
import os
import re
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters
from pydantic import BaseModel, ConfigDict, Field, HttpUrl
from pydantic.alias_generators import to_camel

from stacksight_team.inventory import Inventory
from tests.support.clients import run
from tests.support.stdio import BIN, ROOT, SERVERS

UV = ROOT / "scripts" / "uv"
DOLLAR_DIRNAME = "${__dirname}"


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel)


class Variable(Strict):
    name: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]
    description: str
    is_required: bool = False
    is_secret: bool = False
    default: str | None = None
    choices: list[str] | None = None


class Transport(Strict):
    type: Literal["stdio"]


class Package(Strict):
    registry_type: Literal["pypi"]
    identifier: str
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    runtime_hint: Literal["uvx"]
    transport: Transport
    environment_variables: list[Variable]


class Entry(Strict):
    """A server's entry in the MCP registry, revision 2025-12-11, as far as it is used here."""

    schema_: Annotated[HttpUrl, Field(alias="$schema")]
    name: Annotated[str, Field(pattern=r"^[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+$", max_length=200)]
    title: Annotated[str, Field(min_length=1, max_length=100)]
    description: Annotated[str, Field(min_length=1, max_length=100)]
    version: str
    packages: list[Package]


def project(server: str) -> dict[str, Any]:
    text = (ROOT / "servers" / server / "pyproject.toml").read_text()
    read: dict[str, Any] = tomllib.loads(text)["project"]
    return read


@pytest.mark.parametrize("server", SERVERS)
def test_the_registry_entry_fits_the_package(server: str) -> None:
    entry = Entry.model_validate_json((ROOT / "servers" / server / "server.json").read_text())
    [package] = entry.packages
    assert package.identifier == project(server)["name"]
    assert entry.version == package.version == project(server)["version"]


@pytest.mark.parametrize("server", SERVERS)
async def test_its_variables_are_those_of_the_server(server: str) -> None:
    entry = Entry.model_validate_json((ROOT / "servers" / server / "server.json").read_text())
    program = BIN / f"stacksight-{server}"
    _, text, _ = await run([str(program), "--help"], ROOT)
    known = set(re.findall(r"Environment: ([A-Z_]+)", " ".join(text.split())))
    assert {v.name for v in entry.packages[0].environment_variables} <= known
    manifest = json.loads((ROOT / "servers" / server / "manifest.json").read_text())
    assert manifest["server"]["mcp_config"]["env"].keys() <= known
    assert manifest["version"] == entry.version


async def test_a_bundle_serves_where_it_is_unpacked(tmp_path: Path, inventory: Inventory) -> None:
    script = str(ROOT / "scripts" / "bundle.py")
    code, out, err = await run([sys.executable, script, "--to", str(tmp_path)], ROOT)
    assert code == 0, out + err
    for server in SERVERS:
        with zipfile.ZipFile(tmp_path / f"stacksight-{server}.mcpb") as bundle:
            names = bundle.namelist()
            manifest = json.loads(bundle.read("manifest.json"))
            assert manifest["server"]["entry_point"] in names
            others = {other for other in SERVERS if other != server}
            assert not any(f"servers/{other}/" in name for other in others for name in names)
    with zipfile.ZipFile(tmp_path / "stacksight-docker.mcpb") as bundle:
        bundle.extractall(tmp_path / "docker")
        config = json.loads(bundle.read("manifest.json"))["server"]["mcp_config"]
    here = str(tmp_path / "docker")
    arguments = [argument.replace(DOLLAR_DIRNAME, here) for argument in config["args"]]
    parameters = StdioServerParameters(
        command=str(UV), args=arguments, env=dict(os.environ), cwd=tmp_path
    )
    async with Client(parameters) as client:
        names = [tool.name for tool in (await client.list_tools()).tools]
    assert set(names) == inventory.tools["docker"].keys()
