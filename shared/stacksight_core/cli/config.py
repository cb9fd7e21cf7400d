"""Reads ``.mcp.json`` as an MCP client does."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from stacksight_core.names import did_you_mean
from stacksight_core.variables import expand

FILE_NAME = ".mcp.json"

ERROR_NO_FILE = "There is no {name} in {folder} or above. Run this inside a project that has one."
ERROR_BAD_FILE = "{path} cannot be used: {reason}"
ERROR_NO_SERVER = "{path} names no server `{server}`.{near} It names: {known}."


class ConfigError(Exception):
    """The configuration cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class ServerEntry:
    """How one server is started.

    Attributes:
        command: the program.
        arguments: its arguments.
        environment: variables that are set for it besides the inherited ones.
        folder: where it is started.
    """

    name: str
    command: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path


def load_servers(start: Path) -> dict[str, ServerEntry]:
    """Return the servers of the nearest ``.mcp.json`` at or above a folder, by name.

    Raises:
        ConfigError: there is none, or it is not what a client expects.
    """
    path = find_file(start)
    try:
        content = json.loads(path.read_text())
        entries = content["mcpServers"]
        return {name: _entry(name, entry, path.parent) for name, entry in entries.items()}
    except (OSError, ValueError) as error:
        raise ConfigError(ERROR_BAD_FILE.format(path=path, reason=error)) from error
    except (KeyError, TypeError, AttributeError) as error:
        reason = 'it needs {"mcpServers": {"name": {"command": "…", "args": […], "env": {…}}}}.'
        raise ConfigError(ERROR_BAD_FILE.format(path=path, reason=reason)) from error


def find_file(start: Path) -> Path:
    """Return the nearest ``.mcp.json`` at or above a folder.

    Raises:
        ConfigError: there is none.
    """
    for folder in (start, *start.parents):
        if (folder / FILE_NAME).is_file():
            return folder / FILE_NAME
    raise ConfigError(ERROR_NO_FILE.format(name=FILE_NAME, folder=start))


def pick(servers: Mapping[str, ServerEntry], name: str) -> ServerEntry:
    """Return one server.

    Raises:
        ConfigError: the file does not name it.
    """
    if name not in servers:
        raise ConfigError(
            ERROR_NO_SERVER.format(
                path=FILE_NAME,
                server=name,
                near=did_you_mean(name, servers),
                known=", ".join(servers),
            )
        )
    return servers[name]


def _entry(name: str, entry: dict[str, object], folder: Path) -> ServerEntry:
    arguments, environment = entry.get("args", []), entry.get("env", {})
    if not isinstance(arguments, list) or not isinstance(environment, dict):
        raise TypeError(name)
    return ServerEntry(
        name=name,
        command=expand(str(entry["command"]), os.environ),
        arguments=tuple(expand(str(argument), os.environ) for argument in arguments),
        environment={key: expand(str(value), os.environ) for key, value in environment.items()},
        folder=folder,
    )
