"""Compose files: read, with variables put in, as far as comparing needs it. Pure functions."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml  # type: ignore[import-untyped]

from stacksight_core.errors import ToolFailure

ERROR_YAML = "{file} is not valid YAML{where}."
ERROR_NO_SERVICES = "{file} is no compose file: it has no `services`."
MAX_DEPTH = 40
MAX_VALUES = 20_000

# https://docs.docker.com/reference/compose-file/interpolation/
_VARIABLE = re.compile(
    r"\$(?:(?P<escaped>\$)|(?P<plain>[A-Za-z_]\w*)"
    r"|\{(?P<name>[A-Za-z_]\w*)(?:(?P<operator>:?[-?+])(?P<rest>[^}]*))?\})"
)
_NOT_NAME = re.compile(r"[^a-z0-9_-]")


@dataclass(frozen=True)
class Service:
    """What a compose file says of a service."""

    name: str
    image: str
    builds: bool
    ports: tuple[int, ...]
    environment: frozenset[str]
    depends_on: Mapping[str, str]
    restart: str
    targets: frozenset[str]
    replicas: int
    profiles: tuple[str, ...]
    command: tuple[str, ...] | None


@dataclass
class ComposeFile:
    """A compose file.

    Attributes:
        name: the project's, when the file states one.
        services: by name.
        unset: variables without a value or default, with the services that use them.
        required: those that compose refuses to go on without.
    """

    name: str | None
    services: dict[str, Service]
    unset: dict[str, list[str]] = field(default_factory=dict)
    required: dict[str, list[str]] = field(default_factory=dict)


def parse_compose_file(text: str, file: str, variables: Mapping[str, str]) -> ComposeFile:
    """Parse a compose file with its variables put in.

    Args:
        text: of the file.
        file: its path, for messages.
        variables: the environment and the ``.env`` file.

    Raises:
        ToolFailure: it is no YAML, or no compose file; without its contents, which may be secret.
    """
    try:
        raw = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f": line {mark.line + 1}" if mark is not None else ""
        raise ToolFailure(ERROR_YAML.format(file=file, where=where)) from error
    services = raw.get("services") if isinstance(raw, dict) else None
    if not isinstance(services, dict):
        raise ToolFailure(ERROR_NO_SERVICES.format(file=file))
    parsed = ComposeFile(name=_text(raw.get("name")) or None, services={})
    for name, definition in services.items():
        values = _Interpolation(variables)
        resolved = values.resolve(definition if isinstance(definition, dict) else {})
        parsed.services[str(name)] = _service(str(name), resolved)
        for variable in values.unset:
            parsed.unset.setdefault(variable, []).append(str(name))
        for variable in values.required:
            parsed.required.setdefault(variable, []).append(str(name))
    return parsed


def parse_env_file(text: str) -> dict[str, str]:
    """Parse a ``.env`` file: ``NAME=value`` lines, with comments and quotes."""
    variables = {}
    for line in text.splitlines():
        name, separator, value = line.strip().removeprefix("export ").partition("=")
        if separator and not name.startswith("#"):
            variables[name.strip()] = value.strip().strip("'\"")
    return variables


def project_name(folder: str) -> str:
    """Return the project that compose makes of a folder's name."""
    return _NOT_NAME.sub("", folder.lower()).lstrip("_-")


class _Interpolation:
    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self._values = 0
        self.unset: dict[str, None] = {}
        self.required: dict[str, None] = {}

    def resolve(self, value: Any, depth: int = 0) -> Any:
        self._values += 1
        if depth > MAX_DEPTH or self._values > MAX_VALUES:
            return None  # aliases can make a small file endless
        if isinstance(value, dict):
            return {key: self.resolve(item, depth + 1) for key, item in value.items()}
        if isinstance(value, list):
            return [self.resolve(item, depth + 1) for item in value]
        return _VARIABLE.sub(self._replace, value) if isinstance(value, str) else value

    def _replace(self, match: re.Match[str]) -> str:
        if match["escaped"]:
            return "$"
        name = match["plain"] or match["name"]
        operator, rest = match["operator"] or "", match["rest"] or ""
        value = self._variables.get(name)
        given = bool(value) if operator.startswith(":") else value is not None
        if operator.endswith("+"):
            return rest if given else ""
        if given:
            return value or ""
        if operator.endswith("-"):
            return rest
        (self.required if operator.endswith("?") else self.unset)[name] = None
        return ""


def _service(name: str, raw: Mapping[str, Any]) -> Service:
    deploy = raw.get("deploy") if isinstance(raw.get("deploy"), dict) else {}
    replicas = raw.get("scale", (deploy or {}).get("replicas", 1))
    command = raw.get("command")
    return Service(
        name=name,
        image=_text(raw.get("image")),
        builds="build" in raw,
        ports=tuple(_ports(raw.get("ports"))),
        environment=frozenset(_names(raw.get("environment"))),
        depends_on=dict(_dependencies(raw.get("depends_on"))),
        restart=_text(raw.get("restart")) or "no",
        targets=frozenset(_targets(raw.get("volumes"))),
        replicas=replicas if isinstance(replicas, int) else 1,
        profiles=tuple(str(p) for p in raw.get("profiles") or ()),
        command=tuple(str(word) for word in command) if isinstance(command, list) else None,
    )


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _names(environment: Any) -> Iterator[str]:
    entries = environment or ()
    for entry in entries:
        yield str(entry).partition("=")[0]


def _ports(ports: Any) -> Iterator[int]:
    """Yield the ports of the host that are published; ranges by their first and last."""
    for entry in ports or ():
        if isinstance(entry, dict):
            published = str(entry.get("published") or "")
        else:
            parts = str(entry).partition("/")[0].split(":")
            published = parts[-2] if len(parts) > 1 else ""
        for number in published.split("-")[:2]:
            if number.isdigit():
                yield int(number)


def _dependencies(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, how in value.items():
            condition = how.get("condition") if isinstance(how, dict) else None
            yield str(name), str(condition or "service_started")
    else:
        for name in value or ():
            yield str(name), "service_started"


def _targets(volumes: Any) -> Iterator[str]:
    for entry in volumes or ():
        if isinstance(entry, dict):
            yield _text(entry.get("target"))
            continue
        parts = str(entry).split(":")
        yield parts[1] if len(parts) > 1 else parts[0]
