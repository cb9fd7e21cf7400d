"""The proxy between Chrome and other machines, alone, with real connections."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest

from stacksight_lighthouse.addresses import refused_networks
from stacksight_lighthouse.engine.install import WORKER, Engine
from tests.lighthouse.site import Site

SCRIPT = """
import {{startProxy}} from '{module}';
console.log(await startProxy({networks}));
process.stdin.on('end', () => process.exit()).resume();
"""


@asynccontextmanager
async def proxied(engine: Engine, *networks: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A client that asks everything of a proxy that refuses these networks."""
    module = (WORKER / "proxy.mjs").as_uri()
    process = await asyncio.create_subprocess_exec(
        engine.node,
        "--input-type=module",
        "--eval",
        SCRIPT.format(module=module, networks=json.dumps(networks)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin
    assert process.stdout
    address = (await process.stdout.readline()).decode().strip()
    async with httpx2.AsyncClient(proxy=address, trust_env=False) as client:
        yield client
    process.stdin.close()
    await process.wait()


async def test_what_is_allowed_is_passed_on_whole(engine: Engine, site: Site) -> None:
    async with proxied(engine, *refused_networks(private_allowed=False)) as client:
        response = await client.get(f"{site.url}/status?code=404&body=Nothing")

    assert (response.status_code, response.text) == (404, "Nothing")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::ffff:127.0.0.1]"])
async def test_a_refused_network_is_not_reached_by_name_nor_number(
    engine: Engine, site: Site, host: str
) -> None:
    path = f"/good.html?refused-{host}"
    async with proxied(engine, "127.0.0.0/8", "::1/128") as client:
        with pytest.raises(httpx2.HTTPError):
            await client.get(f"http://{host}:{site.server_port}{path}")

    assert path not in [seen for seen, _ in site.seen]


async def test_a_tunnel_into_a_refused_network_is_not_made(engine: Engine, site: Site) -> None:
    async with proxied(engine, "127.0.0.0/8", "::1/128") as client:
        with pytest.raises(httpx2.ProxyError, match="403"):
            await client.get(f"https://localhost:{site.server_port}/")


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::a9fe:a9fe]", "2852039166"]
)
async def test_metadata_is_refused_however_it_is_written(engine: Engine, host: str) -> None:
    async with proxied(engine, *refused_networks(private_allowed=True)) as client:
        with pytest.raises(httpx2.ProxyError, match="403"):
            await client.get(f"https://{host}/latest/meta-data/")
