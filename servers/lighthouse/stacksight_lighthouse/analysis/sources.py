"""From findings to the lines of source that make them: a fix list by file.

An element is looked for by what of it is likely to stand in the source as it stands in the page:
its id, name, classes, label, and the files that it refers to. A list of forty rows is usually one
line of a template, so only the first element of a pattern is looked for.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from stacksight_core.untrusted import inline
from stacksight_lighthouse.analysis.findings import findings_of
from stacksight_lighthouse.analysis.states import UNATTRIBUTABLE
from stacksight_lighthouse.models.audits import Element, Finding, Item, Pattern, Section, Topic

Json = Mapping[str, Any]

TOPIC = "sources"
LEAST_SCORE = 5
MAX_LINE = 2000  # longer ones are of minified files
MAX_ATTRIBUTE = 60
MAX_WANTED = 80
MAX_SHOWN = 60

_ATTRIBUTE = re.compile(r"""([\w:-]+)\s*=\s*"([^"]*)\"""")
_TAG = re.compile(r"<([a-zA-Z][\w-]*)")
_DIGITS = re.compile(r"\d+")
_POSITION = re.compile(r":(\d+):\d+$")
# What an attribute's value says about where it was written: more for what is rarer.
_WORTH = {"id": 6, "name": 5, "for": 4, "data-testid": 6, "aria-label": 5, "alt": 4, "title": 4}
_LABEL_WORTH = 4
_LABEL_CHARS = (4, 40)
_CLASS_WORTH = 3
_FILE_WORTH = 5
_TAG_WORTH = 2
_ATTRIBUTE_WORTH = 2
_QUOTED_WORTH = 2
_TEST_PENALTY = 6
_PATH_OF_TESTS = re.compile(
    r"(?:^|[/._-])(?:tests?|specs?|__tests__|fixtures?|docs?|stories)(?:[/._-]|$)"
)
# These are up to the server's configuration.
_NOT_IN_SOURCE = ("cache-insight", "document-latency-insight", "text-compression")
_REFERRING = ("src", "href", "srcset", "poster", "data")


@dataclass(frozen=True)
class Clue:
    """A text that may stand in the source, and how much finding it says."""

    text: str
    worth: int


@dataclass(frozen=True)
class Wanted:
    """What is looked for in the project.

    Attributes:
        finding: why.
        pattern: the offenders.
        where: the selector or address of what is to be changed.
        clues: for an element, what of it may stand in a line.
        tag: for an element, its tag.
        file: for an address, its path; the project may have a file that ends like it.
        line: for a place in a script, its line there.
    """

    finding: Finding
    pattern: Pattern
    where: str
    clues: tuple[Clue, ...] = ()
    tag: str = ""
    file: str = ""
    line: int | None = None


@dataclass(frozen=True)
class Place:
    """A line of a file of the project; ``line`` is None for the file as a whole."""

    path: str
    line: int | None


@dataclass
class Hunt:
    """Looks for many things in many files, one file at a time.

    Attributes:
        wanted: what is looked for.
        best: by the index of what is wanted, the best place so far with its score.
    """

    wanted: Sequence[Wanted]
    best: dict[int, tuple[int, Place]] = field(default_factory=dict)

    def look_at(self, path: str, text: str) -> None:
        """Look through a file.

        Args:
            path: relative to the project, with slashes.
            text: what it holds.
        """
        known = {clue.text: clue.text in text for want in self.wanted for clue in want.clues}
        lines: list[str] | None = None
        for index, want in enumerate(self.wanted):
            if want.file:
                self._offer(index, _common_ending(path, want.file), Place(path, want.line))
            present = [clue for clue in want.clues if known[clue.text]]
            if sum(clue.worth for clue in present) + _QUOTED_WORTH < LEAST_SCORE:
                continue
            lines = lines if lines is not None else text.splitlines()
            score, line = _best_line(lines, present, want.tag)
            if score >= LEAST_SCORE:
                self._offer(index, score, Place(path, line))

    def _offer(self, index: int, score: int, place: Place) -> None:
        if _PATH_OF_TESTS.search(place.path):
            score -= _TEST_PENALTY  # rather the page's own source
        if score > self.best.get(index, (0, place))[0]:
            self.best[index] = (score, place)


def wanted_of(lhr: Json) -> list[Wanted]:
    """Return what to look for: each pattern of each finding, worst first."""
    found = []
    for finding in findings_of(lhr):
        if finding.check in _NOT_IN_SOURCE:
            continue
        for pattern in finding.patterns:
            for item in (pattern.example, *pattern.example.causes):
                want = _wanted(finding, pattern, item)
                if want:
                    found.append(want)
    return found[:MAX_WANTED]


def fix_list(audit_id: str, url: str, hunt: Hunt, searched: int) -> Topic:
    """Return the findings by file.

    Args:
        audit_id: the audit's handle.
        url: the page's address.
        hunt: after all files were looked at.
        searched: how many those were.
    """
    files: dict[str, list[tuple[int, Item]]] = {}
    lost: list[Item] = []
    for index, want in enumerate(hunt.wanted):
        found = hunt.best.get(index)
        if found is None:
            item = Item(facts={"": _words(want)})
            lost += [item] if item not in lost else []
            continue
        place = found[1]
        head = f"line {place.line}: " if place.line else ""
        item = Item(facts={"": head + _words(want)})
        listed = files.setdefault(place.path, [])
        if (place.line or 0, item) not in listed:
            listed.append((place.line or 0, item))
    sections = [
        Section(
            check=path,
            title=f"{len(items)} to fix",
            state="a file of the project",
            total=len(items),
            items=[item for _, item in sorted(items, key=lambda pair: pair[0])][:MAX_SHOWN],
        )
        for path, items in files.items()  # the file with the worst finding first
    ]
    if lost:
        sections.append(
            Section(
                check="elsewhere",
                title=f"not found in the {searched} files of the project that were searched",
                state="made by other code, or too common to tell",
                total=len(lost),
                items=lost[:MAX_SHOWN],
            )
        )
    return Topic(audit_id=audit_id, url=url, topic=TOPIC, sections=sections)


def _words(want: Wanted) -> str:
    count = f"{want.pattern.count} x " if want.pattern.count > 1 else ""
    fix = f": {want.finding.fix}" if want.finding.fix else ""
    return inline(f"{want.finding.check}, {count}`{want.where}`{fix}", 400)


def _wanted(finding: Finding, pattern: Pattern, item: Item) -> Wanted | None:
    if item.element:
        clues = tuple(_clues(item.element))
        tag = _TAG.match(item.element.snippet)
        where = pattern.where if item is pattern.example else item.element.selector
        name = tag[1].lower() if tag else ""
        return Wanted(finding, pattern, where or name, clues, name) if clues else None
    if not item.url or item.url == UNATTRIBUTABLE:
        return None
    position = _POSITION.search(item.url)
    address = _POSITION.sub("", item.url)
    file = unquote(urlsplit(address).path).strip("/")
    line = int(position[1]) if position else None
    return Wanted(finding, pattern, item.url, file=file or "index.html", line=line)


def _clues(element: Element) -> Iterable[Clue]:
    for name, value in _ATTRIBUTE.findall(element.snippet):
        if value and len(value) < MAX_ATTRIBUTE:
            yield Clue(f'{name}="{value}"', _ATTRIBUTE_WORTH)
        if name == "class":
            for word in value.split():
                yield Clue(word, _CLASS_WORTH)
        elif name in _REFERRING:
            file = PurePosixPath(urlsplit(value.split(" ")[0].rstrip(",")).path).name
            if len(file) > 2:
                yield Clue(file, _FILE_WORTH)
                yield from _without_digits(file, _FILE_WORTH)
        elif name in _WORTH and len(value) > 1:
            yield Clue(value, _WORTH[name])
            yield from _without_digits(value, _WORTH[name])
    label = (element.label or "").partition("\\n")[0].strip()
    if _LABEL_CHARS[0] <= len(label):
        yield Clue(label[: _LABEL_CHARS[1]].removesuffix("…").strip(), _LABEL_WORTH)


def _without_digits(value: str, worth: int) -> Iterable[Clue]:
    """A numbered name is made in a loop: its longest part without digits stands in the source."""
    parts = _DIGITS.split(value)
    longest = max(parts, key=len)
    if len(parts) > 1 and len(longest) > 3:
        yield Clue(longest, worth - 2)


def _best_line(lines: Sequence[str], clues: Sequence[Clue], tag: str) -> tuple[int, int]:
    """Return the best score of a line, and the line, counted from 1."""
    best = (0, 0)
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_LINE:
            continue
        here = [clue for clue in clues if clue.text in line]
        if not here:
            continue
        score = sum(clue.worth for clue in here)
        if any(f"{quote}{clue.text}{quote}" in line for clue in here for quote in "\"'"):
            score += _QUOTED_WORTH  # also where a script makes the element
        if tag and re.search(rf"<{re.escape(tag)}\b", line, re.IGNORECASE):
            score += _TAG_WORTH
        best = max(best, (score, number), key=lambda pair: pair[0])
    return best


def _common_ending(path: str, wanted: str) -> int:
    """Score how far two paths end alike; a file's name alone is enough."""
    alike = 0
    for ours, theirs in zip(reversed(path.split("/")), reversed(wanted.split("/")), strict=False):
        if ours != theirs:
            break
        alike += 1
    return LEAST_SCORE + alike if alike else 0
