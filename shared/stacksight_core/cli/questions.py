"""Puts a server's question to the person at the terminal."""

from typing import Any, TypeAlias

import anyio.to_thread
import typer
from mcp_types import ElicitRequestFormParams, ElicitRequestParams, ElicitResult

ElicitedValue: TypeAlias = str | int | float | bool | list[str] | None

ERROR_CANNOT_ASK = "The server asks for something that cannot be answered here: {message}"


async def answer_on_terminal(params: ElicitRequestParams) -> ElicitResult:
    """Show the question, read one answer per field of its form, and return them.

    Yes-or-no fields are confirmed with y or n, everything else is typed as text. What is not a
    form (a page to open elsewhere) is declined.
    """
    if not isinstance(params, ElicitRequestFormParams):
        typer.echo(ERROR_CANNOT_ASK.format(message=params.message), err=True)
        return ElicitResult(action="decline")
    typer.echo(params.message, err=True)
    fields = params.requested_schema.get("properties", {})
    try:
        content: dict[str, ElicitedValue] = {
            name: await anyio.to_thread.run_sync(_ask, name, field)
            for name, field in fields.items()
        }
    except typer.Abort:
        return ElicitResult(action="cancel")
    return ElicitResult(action="accept", content=content)


def _ask(name: str, field: dict[str, Any]) -> bool | str:
    text = str(field.get("description", name))
    if field.get("type") == "boolean":
        return typer.confirm(text, default=False, err=True)
    return str(typer.prompt(text, err=True))
