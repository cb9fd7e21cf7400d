"""``stacksight team write`` and ``stacksight team check``."""

from pathlib import Path
from typing import NoReturn

import anyio
import typer

from stacksight_core.cli.config import ConfigError
from stacksight_team.inventory import Inventory, take_inventory
from stacksight_team.model import Team, TeamError, find_root, load_team
from stacksight_team.project import read_files, stale, write
from stacksight_team.review import review

EXIT_FAILED = 1
EXIT_USAGE = 2

ERROR_STALE = "{path} is not as team.toml says. Run: stacksight team write"

app = typer.Typer(
    no_args_is_help=True,
    help="The agents that use the servers: team.toml and what follows from it.",
)


@app.command(name="write")
def write_command() -> None:
    """Write tools, tables and manifests anew from team.toml."""
    root, team = _load()
    try:
        changed = write(root, team)
    except TeamError as error:
        _fail(error)
    for path in changed:
        typer.echo(f"wrote {path}")
    if not changed:
        typer.echo("nothing to write: every file is as team.toml says")


@app.command(name="check")
def check_command() -> None:
    """Start every MCP server and find what is stale in the team.

    Fails on tools that do not exist, on tools that a role does not list, on calls in prompts that
    a server would refuse, on groups that nobody uses, and on files that team.toml would write
    otherwise.
    """
    root, team = _load()
    try:
        problems = [ERROR_STALE.format(path=path) for path in stale(root, team)]
        inventory = anyio.run(take_inventory, root, team)
    except (TeamError, ConfigError) as error:
        _fail(error)
    problems += inventory.problems
    problems += review(team, read_files(root), inventory.tools)
    _report(team, inventory, problems)
    if problems:
        raise typer.Exit(EXIT_FAILED)


def _load() -> tuple[Path, Team]:
    try:
        root = find_root(Path.cwd())
        return root, load_team(root)
    except TeamError as error:
        _fail(error)


def _report(team: Team, inventory: Inventory, problems: list[str]) -> None:
    granted = team.granted()
    for name, server in team.servers.items():
        if name in inventory.tools:
            started, tools = inventory.started_s[name], inventory.tools[name]
            note = f"; needs the internet: {server.internet}" if server.internet else ""
            used = len(granted[name] & tools.keys())
            typer.echo(
                f"{name}: {len(tools)} tools, {used} in use, started in {started:.1f} s{note}"
            )
    for problem in problems:
        typer.echo(problem, err=True)
    counts = f"{len(team.agents)} agents, {len(team.groups)} capabilities"
    typer.echo(f"{counts}, {len(inventory.tools)} servers started: {_count(len(problems))}")


def _count(problems: int) -> str:
    return (
        f"{problems} {'problem' if problems == 1 else 'problems'}" if problems else "nothing stale"
    )


def _fail(error: Exception) -> NoReturn:
    typer.echo(str(error), err=True)
    raise typer.Exit(EXIT_USAGE)
