"""Reads and writes the team's files in a project."""

import json
from pathlib import Path
from typing import Any

from stacksight_core.cli.config import FILE_NAME as SERVERS_FILE
from stacksight_team import generate
from stacksight_team.documents import (
    DISPATCH,
    PROTOCOL,
    MarkersMissing,
    agent_path,
    team_documents,
)
from stacksight_team.model import Team, TeamError
from stacksight_team.review import Files

MANIFEST = Path(".claude-plugin") / "plugin.json"
PLUGIN_SERVERS = Path(".claude-plugin") / "mcp.json"

ERROR_UNREADABLE = "{path} cannot be read: {reason}"


def read_files(root: Path) -> Files:
    """Read prompts, rules, skills and docs."""
    return Files({path: (root / path).read_text() for path in team_documents(root)})


def written(root: Path, team: Team) -> dict[Path, str]:
    """Return every file that has parts written from the team, as it should be.

    Raises:
        TeamError: a file is missing or has no place for its part.
    """
    texts = {PROTOCOL: generate.protocol_file, DISPATCH: generate.dispatch_file}
    try:
        found = {path: render(team, _text(root / path)) for path, render in texts.items()}
        for name in team.agents:
            path = agent_path(name)
            found[path] = generate.agent_file(team, name, _text(root / path))
    except MarkersMissing as error:
        raise TeamError(str(error)) from error
    if (root / MANIFEST).is_file():
        found[MANIFEST] = generate.plugin_manifest(team, _json(root / MANIFEST))
        found[PLUGIN_SERVERS] = generate.plugin_servers(_json(root / SERVERS_FILE))
    return found


def stale(root: Path, team: Team) -> list[Path]:
    """Return the files that differ from what the team's file says.

    Raises:
        TeamError: a file is missing or has no place for its part.
    """
    return [
        path
        for path, text in written(root, team).items()
        if not (root / path).is_file() or (root / path).read_text() != text
    ]


def write(root: Path, team: Team) -> list[Path]:
    """Bring every file up to date and return those that changed.

    Raises:
        TeamError: a file is missing or has no place for its part.
    """
    texts, changed = written(root, team), stale(root, team)
    for path in changed:
        (root / path).write_text(texts[path])
    return changed


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError as error:
        raise TeamError(ERROR_UNREADABLE.format(path=path, reason=error.strerror)) from error


def _json(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(_text(path))
    except ValueError as error:
        raise TeamError(ERROR_UNREADABLE.format(path=path, reason=error)) from error
    return content
