"""Writes docs/tools.md from what the servers say of themselves: ``make docs``."""

from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import anyio
from mcp.client.client import Client
from mcp_types import Prompt, ResourceTemplate, Tool

from stacksight_core.cli.config import load_servers
from stacksight_core.cli.connection import connect

WRITES = {"STACKSIGHT_ALLOW_WRITES": "1"}
ROOT = Path(__file__).parents[1]
SERVERS = ("postgres", "redis", "docker", "lighthouse")
REFERENCE = ROOT / "docs" / "tools.md"
HEAD = """\
# Every tool

Written by `make docs` from the definitions that the servers send; an agent reads the same words.
Tools that change something exist only with `--allow-writes`, and ask the user before they do.
Prompts and resources are for people: [prompts.md](prompts.md) says how to use them.
"""


class Definitions(NamedTuple):
    """What a server offers."""

    tools: tuple[Tool, ...]
    prompts: tuple[Prompt, ...]
    templates: tuple[ResourceTemplate, ...]


async def ask(client: Client) -> Definitions:
    """Return what a running server offers."""
    return Definitions(
        tuple((await client.list_tools()).tools),
        tuple((await client.list_prompts()).prompts),
        tuple((await client.list_resource_templates()).resource_templates),
    )


async def read_definitions() -> dict[str, Definitions]:
    """Ask the four servers what they offer, also the tools that change something."""
    found, entries = {}, load_servers(ROOT)
    for name in SERVERS:
        entry = entries[name]
        writing = replace(entry, environment={**entry.environment, **WRITES})
        async with connect(writing) as connection:
            found[name] = await ask(connection.client)
    return found


def render(definitions: dict[str, Definitions]) -> str:
    """Return the reference as Markdown."""
    parts = [HEAD]
    for server, offered in definitions.items():
        parts.append(f"## {server}\n\nMore in [{server}.md]({server}.md).\n")
        parts += [_render_tool(tool) for tool in offered.tools]
        parts += [_render_prompts(server, offered.prompts), _render_templates(offered.templates)]
    return "\n".join(part for part in parts if part)


def _render_prompts(server: str, prompts: tuple[Prompt, ...]) -> str:
    lines = [f"### Prompts of {server}\n", "| prompt | argument | what it does |", "|---|---|---|"]
    for prompt in prompts:
        arguments = [
            f"`{argument.name}`{' (required)' if argument.required else ''}: {argument.description}"
            for argument in prompt.arguments or ()
        ]
        lines.append(f"| `{prompt.name}` | {' '.join(arguments)} | {prompt.description} |")
    return "\n".join([*lines, ""])


def _render_templates(templates: tuple[ResourceTemplate, ...]) -> str:
    if not templates:
        return ""
    lines = ["### Resources\n", "| address | type | what it holds |", "|---|---|---|"]
    lines += [f"| `{t.uri_template}` | {t.mime_type} | {t.description} |" for t in templates]
    return "\n".join([*lines, ""])


def _render_tool(tool: Tool) -> str:
    properties: dict[str, dict[str, Any]] = tool.input_schema["properties"]
    required = tool.input_schema.get("required", [])
    lines = [f"### {tool.name}\n", f"{tool.description}\n"]
    if tool.annotations and not tool.annotations.read_only_hint:
        lines.append("Only with `--allow-writes`.\n")
    if properties:
        lines += ["| argument | type | what it is |", "|---|---|---|"]
        lines += [
            f"| `{name}`{' (required)' if name in required else ''} | {_type(schema)} "
            f"| {_cell(schema)} |"
            for name, schema in properties.items()
        ]
        lines.append("")
    return "\n".join(lines)


def _type(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    alternatives = schema.get("anyOf")
    if alternatives:
        return " or ".join(_type(alternative) for alternative in alternatives)
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    bounds = [
        f"{word} {schema[key]}"
        for key, word in (("minimum", "from"), ("exclusiveMinimum", "over"), ("maximum", "to"))
        if key in schema
    ]
    return " ".join([str(schema.get("type", "anything")), *bounds])


def _cell(schema: dict[str, Any]) -> str:
    text = str(schema.get("description", "")).replace("|", "\\|").replace("\n", " ")
    return f"{text} Default: `{schema['default']}`." if "default" in schema else text


def main() -> None:
    """Write the reference."""
    REFERENCE.write_text(render(anyio.run(read_definitions)))


if __name__ == "__main__":
    main()
