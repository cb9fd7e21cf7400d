"""Markdown files with front matter, and with parts between markers that a command writes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CLAUDE = Path(".claude")
AGENTS = CLAUDE / "agents"
PROTOCOL = CLAUDE / "agents-shared" / "team-protocol.md"
DISPATCH = CLAUDE / "rules" / "orchestrator-dispatch.md"

ERROR_NO_MARKERS = "{path} has no line `{begin}` followed by `{end}`; {part} goes between them"

_FRONT_MATTER = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)


@dataclass(frozen=True)
class Reference:
    """A place in a file.

    Attributes:
        path: relative to the project.
        line: counted from 1.
    """

    path: Path
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


class MarkersMissing(Exception):
    """A file has no place for what is to be written into it."""


def agent_path(name: str) -> Path:
    """Return where an agent's prompt is, relative to the project."""
    return AGENTS / f"{name}.md"


def team_documents(root: Path) -> Iterator[Path]:
    """Return every file of the team, relative to the project: prompts, rules, skills, docs."""
    found = [*(root / CLAUDE).rglob("*.md"), root / "docs" / "team.md"]
    yield from sorted(path.relative_to(root) for path in found if path.is_file())


def front_matter(text: str) -> dict[str, str]:
    """Return the one-line fields at the head of a Markdown file."""
    head = _FRONT_MATTER.match(text)
    lines = head[1].splitlines() if head else []
    pairs = (line.partition(":") for line in lines if ":" in line)
    return {name.strip(): value.strip() for name, _, value in pairs}


def with_front_matter(text: str, head: str) -> str:
    """Return a Markdown file with another head."""
    return f"---\n{head}\n---\n{_FRONT_MATTER.sub('', text)}"


def with_part(path: Path, text: str, part: str, content: str) -> str:
    """Return a file's text with what is between the markers of a part replaced.

    Raises:
        MarkersMissing: the file does not have the markers.
    """
    begin, end = f"<!-- team: {part} -->", "<!-- /team -->"
    before, found, rest = text.partition(begin + "\n")
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise MarkersMissing(ERROR_NO_MARKERS.format(path=path, begin=begin, end=end, part=part))
    return f"{before}{begin}\n{content}\n{end}{after}"
