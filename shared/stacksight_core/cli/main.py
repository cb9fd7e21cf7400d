"""``stacksight doctor``, ``stacksight tools``, ``stacksight call SERVER TOOL --arg value``.

A package adds commands of its own by an entry point in the group ``stacksight.commands``.
"""

import json
import sys
import tempfile
from collections.abc import Coroutine, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import anyio
import typer
from mcp.client.session import ClientRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult, ElicitRequestParams, ElicitResult, Tool
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from stacksight_core.cli.arguments import ArgumentError, parse_arguments
from stacksight_core.cli.config import ConfigError, load_servers, pick
from stacksight_core.cli.connection import (
    Connection,
    ConnectionFailed,
    call,
    connect,
    definition_chars,
    pictures_of,
    text_of,
)
from stacksight_core.cli.doctor import Checkup, check
from stacksight_core.cli.questions import answer_on_terminal
from stacksight_core.names import did_you_mean

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A plain MCP client of the servers that the nearest .mcp.json names.",
)
out = Console(soft_wrap=True, highlight=False)
err = Console(stderr=True, soft_wrap=True, highlight=False)

COMMANDS = "stacksight.commands"
EXIT_FAILED = 1
EXIT_USAGE = 2
ERROR_NO_TOOL = "{server} has no tool `{tool}`.{near} It has: {known}."

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
ResultT = TypeVar("ResultT")


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Check every server: does it start, what does it offer, does its system answer?"""
    checkups = _run(_check_all())
    if as_json:
        out.print_json(json.dumps([checkup.as_dict() for checkup in checkups]))
    else:
        _print_checkups(checkups)
    if not all(checkup.healthy for checkup in checkups):
        raise typer.Exit(EXIT_FAILED)


@app.command()
def tools(
    server: Annotated[str | None, typer.Argument(help="Only this server.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the tools of every server, with the size of their definitions."""
    inventory = _run(_list_tools(server))
    if as_json:
        out.print_json(json.dumps(inventory))
        return
    rows = [
        (escape(name), tool["name"], escape(tool["title"] or "-"), str(tool["chars"]))
        for name, listed in inventory.items()
        for tool in listed
    ]
    _print_table(("server", "tool", "title", "chars"), rows)
    for name, listed in inventory.items():
        out.print(
            f"{name}: {len(listed)} tools, {sum(tool['chars'] for tool in listed)} characters"
        )


@app.command(
    name="call",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def call_tool(
    context: typer.Context,
    server: Annotated[str, typer.Argument(help="A server of .mcp.json.")],
    tool: Annotated[str, typer.Argument(help="One of its tools.")],
    as_json: AsJson = False,
) -> None:
    """Call a tool; its arguments follow as --name value."""
    result = _run(_call(server, tool, context.args))
    if as_json:
        sent = result.model_dump(mode="json", by_alias=True, exclude_none=True)
        out.print_json(json.dumps(sent))
    else:
        typer.echo(text_of(result), err=result.is_error)
        for picture in pictures_of(result):
            typer.echo(f"Picture: {_save(picture)}")
    if result.is_error:
        raise typer.Exit(EXIT_FAILED)


async def _check_all() -> list[Checkup]:
    servers = load_servers(Path.cwd())
    checkups: dict[str, Checkup] = {}

    async def one(name: str) -> None:
        checkups[name] = await check(servers[name])

    async with anyio.create_task_group() as tasks:
        for name in servers:
            tasks.start_soon(one, name)
    return [checkups[name] for name in servers]


async def _list_tools(only: str | None) -> dict[str, list[dict[str, Any]]]:
    servers = load_servers(Path.cwd())
    inventory: dict[str, list[dict[str, Any]]] = {}
    for name in [pick(servers, only).name] if only else servers:
        async with connect(servers[name]) as connection:
            inventory[name] = [
                {"name": tool.name, "title": tool.title, "chars": definition_chars(tool)}
                for tool in connection.tools
            ]
    return inventory


async def _call(server: str, tool: str, words: list[str]) -> CallToolResult:
    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task(tool, total=None)

        async def answer(
            context: ClientRequestContext,  # noqa: ARG001
            params: ElicitRequestParams,
        ) -> ElicitResult:
            bar.stop()
            answered = await answer_on_terminal(params)
            bar.start()
            return answered

        async def show(progress: float, total: float | None, message: str | None) -> None:
            bar.update(task, completed=progress, total=total, description=escape(message or tool))

        entry = pick(load_servers(Path.cwd()), server)
        async with connect(entry, answer if sys.stdin.isatty() else None) as connection:
            arguments = parse_arguments(_definition(connection, server, tool), words)
            return await call(connection, tool, arguments, show)


def _definition(connection: Connection, server: str, tool: str) -> Tool:
    definition = connection.tool(tool)
    if definition is None:
        known = [known.name for known in connection.tools]
        near = did_you_mean(tool, known)
        text = ERROR_NO_TOOL.format(server=server, tool=tool, near=near, known=", ".join(known))
        raise ArgumentError(text)
    return definition


def _save(picture: bytes) -> str:
    with tempfile.NamedTemporaryFile(prefix="stacksight-", suffix=".png", delete=False) as file:
        file.write(picture)
    return file.name


def _run(work: Coroutine[Any, Any, ResultT]) -> ResultT:
    async def main() -> ResultT:
        return await work

    try:
        return anyio.run(main)
    except (ConfigError, ArgumentError) as error:
        _fail(error, EXIT_USAGE)
    except (ConnectionFailed, MCPError) as error:
        _fail(error, EXIT_FAILED)


def _fail(error: Exception, code: int) -> NoReturn:
    err.print(escape(str(error)))
    raise typer.Exit(code)


def _print_checkups(checkups: list[Checkup]) -> None:
    rows = []
    for checkup in checkups:
        started = "does not start" if checkup.started_s is None else f"{checkup.started_s:.2f} s"
        mark = "[green]ok[/green]" if checkup.healthy else "[red]not ok[/red]"
        size = f"{checkup.tools} ({checkup.chars} chars)" if checkup.tools else "-"
        rows.append((checkup.server, mark, started, checkup.protocol or "-", size))
    _print_table(("server", "state", "first answer", "protocol", "tools"), rows)
    for checkup in checkups:
        out.print(f"{checkup.server}: {escape(checkup.system)}")


def _print_table(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Print a table on a terminal, tab-separated lines elsewhere."""
    if out.is_terminal:
        table = Table(*columns, box=None)
        for row in rows:
            table.add_row(*row)
        out.print(table)
        return
    for row in (columns, *rows):
        typer.echo("\t".join(Text.from_markup(cell).plain for cell in row))


def main() -> None:
    """Run the command."""
    for added in entry_points(group=COMMANDS):
        app.add_typer(added.load(), name=added.name)
    app()
