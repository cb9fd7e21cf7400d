"""The layout of docs/design.md, held by the imports themselves."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.stdio import ROOT, SERVERS

# The rooms of each server that conclude, and the ones that talk to the real system.
ANALYSIS = {
    "postgres": ("plans", "guard", "advice", "statements", "activity", "health", "migration"),
    "redis": ("analysis",),
    "docker": ("analysis", "diagnosis", "logs"),
    "lighthouse": ("analysis",),
}
SOURCE = {
    "postgres": ("source",),
    "redis": ("source", "recording.recorder", "recording.wire"),
    "docker": ("source",),
    "lighthouse": ("source", "engine"),
}
DRIVERS = {
    "postgres": {"asyncpg"},
    "redis": {"redis"},
    "docker": {"docker", "requests"},
    "lighthouse": {"httpx2"},
}


def imports(path: Path) -> Iterator[str]:
    """Yield the modules that a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def modules(server: str, rooms: tuple[str, ...] = ()) -> list[Path]:
    """Return a server's files, or those of some of its rooms."""
    package = ROOT / "servers" / server / f"stacksight_{server}"
    files = sorted(package.rglob("*.py"))
    if not rooms:
        return files
    found = [f for f in files if f.relative_to(package).parts[0].removesuffix(".py") in rooms]
    assert found
    return found


def violations(files: list[Path], forbidden: set[str]) -> list[str]:
    """Return what imports something that it must not."""
    return [
        f"{file.relative_to(ROOT)} imports {module}"
        for file in files
        for module in imports(file)
        if any(module == name or module.startswith(f"{name}.") for name in forbidden)
    ]


@pytest.mark.parametrize("server", SERVERS)
def test_analysis_knows_no_source_and_no_driver(server: str) -> None:
    forbidden = {f"stacksight_{server}.{room}" for room in SOURCE[server]} | DRIVERS[server]
    assert violations(modules(server, ANALYSIS[server]), forbidden) == []


@pytest.mark.parametrize("server", SERVERS)
def test_servers_do_not_know_each_other(server: str) -> None:
    others = {f"stacksight_{other}" for other in SERVERS if other != server}
    assert violations(modules(server), others) == []


@pytest.mark.parametrize("server", SERVERS)
def test_nothing_imports_the_tools(server: str) -> None:
    assert violations(modules(server), {f"stacksight_{server}.server"}) == []


def test_the_core_knows_no_server() -> None:
    core = sorted((ROOT / "shared").rglob("*.py"))
    assert violations(core, {f"stacksight_{server}" for server in SERVERS}) == []
