"""Packs each server into one file for desktop clients: ``make bundles`` writes ``dist/*.mcpb``.

A bundle holds the sources of one server and of the core, with the pinned versions of the workspace;
the client's uv installs the rest at the first start.
"""

import argparse
import asyncio
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from stacksight_core.settings import load_settings
from stacksight_lighthouse.about import ABOUT
from stacksight_lighthouse.engine.install import ensure_node, install_packages
from stacksight_lighthouse.settings import Settings

ROOT = Path(__file__).parents[1]
SERVERS = ("postgres", "redis", "docker", "lighthouse")
MANIFESTS = Path(__file__).parent / "mcpb"
TOOL = "node_modules/@anthropic-ai/mcpb/dist/cli/cli.js"
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.egg-info", "node_modules")

PROJECT = """\
[project]
name = "stacksight-{server}-bundle"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["stacksight-{server}"]

[tool.uv]
package = false
constraint-dependencies = {constraints}

[tool.uv.workspace]
members = ["shared", "servers/{server}"]

[tool.uv.sources]
stacksight-core = {{ workspace = true }}
stacksight-{server} = {{ workspace = true }}
"""


def gather(server: str, folder: Path) -> None:
    """Put all that belongs into a server's bundle into a folder."""
    for part in ("shared", f"servers/{server}"):
        shutil.copytree(ROOT / part, folder / part, ignore=LEFT_OUT)
    shutil.move(folder / "servers" / server / "manifest.json", folder / "manifest.json")
    shutil.copy(ROOT / "LICENSE", folder)
    workspace = tomllib.loads((ROOT / "pyproject.toml").read_text())
    constraints = workspace["tool"]["uv"]["constraint-dependencies"]
    lines = "[\n" + "".join(f'    "{constraint}",\n' for constraint in constraints) + "]"
    (folder / "pyproject.toml").write_text(PROJECT.format(server=server, constraints=lines))


async def packer() -> list[str]:
    """Return the command that packs a folder, after installing it where it is missing."""
    settings = load_settings(Settings, ABOUT, [])
    node = await ensure_node(settings, _say)
    cache, what = settings.cache_dir, "the bundling tool, 30 MB"
    packages = await install_packages(MANIFESTS, "mcpb", what, node, cache, _say)
    return [str(node.path), str(packages / TOOL), "pack"]


async def _say(text: str) -> None:
    print(text)


def main() -> None:
    """Write the bundles."""
    parser = argparse.ArgumentParser(description="Pack each server into one file.")
    parser.add_argument("--to", type=Path, default=ROOT / "dist", help="the folder")
    target = parser.parse_args().to
    target.mkdir(parents=True, exist_ok=True)
    command = asyncio.run(packer())
    for server in SERVERS:
        with tempfile.TemporaryDirectory(prefix="stacksight-bundle-") as folder:
            gather(server, Path(folder))
            bundle = target / f"stacksight-{server}.mcpb"
            done = subprocess.run(
                [*command, folder, bundle], check=False, capture_output=True, text=True
            )
            if done.returncode:
                sys.exit(done.stdout + done.stderr)
        print(f"{bundle}: {bundle.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
