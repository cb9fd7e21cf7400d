"""What the last log records give away about the cause."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from stacksight_core.redact import redact_assignments
from stacksight_core.units import format_bytes
from stacksight_core.untrusted import inline
from stacksight_docker.diagnosis.model import Case, Confidence, Finding
from stacksight_docker.logs.records import Record
from stacksight_docker.logs.shapes import exception_of

LAST_RECORDS = 40
QUOTE_CHARS = 220
TEXT_CHARS = 8_000
LOW_DISK_BYTES = 512 * 1024 * 1024

_NAME = r"(?P<name>[A-Z][A-Z0-9_]{2,})"
_VARIABLE = tuple(
    re.compile(pattern)
    for pattern in (
        rf"KeyError: ['\"]{_NAME}['\"]",
        rf"\b{_NAME}: (?:environment variable|parameter|unbound variable)",
        rf"(?i:environment variable|env(?:ironment)? var|variable|env)[\s:\"'`$]+{_NAME}[\"'`]?\s"
        r"(?i:.{0,30}(?:not set|required|missing|not found|undefined|unset|empty|must be))",
        rf"\b{_NAME}[\"'`]?\s+(?i:(?:environment variable |env var )?"
        r"(?:is |was |must be |has to be )?"
        r"(?:not set|required|missing|undefined|not defined|unset|empty|set\b))",
        rf"(?i:missing|required|undefined|unset|set|specify|provide)\b[^\n]{{0,40}}"
        rf"(?i:environment|env)\b[^\n]{{0,25}}?[\s:\"'`]{_NAME}\b",
    )
)
_PYDANTIC = re.compile(
    r"validation errors? for \w*[Ss]ettings\s+(?P<name>\w+)\s+(?:Field required|field required)"
)


@dataclass(frozen=True)
class _Clue:
    kind: str
    pattern: re.Pattern[str]
    problem: str
    next: str
    confidence: Confidence = "likely"


def _clue(kind: str, pattern: str, problem: str, step: str) -> _Clue:
    return _Clue(kind, re.compile(pattern, re.I), problem, step)


# From the specific to the general: the first that matches decides.
_CLUES = (
    _clue(
        "wrong-architecture",
        r"exec format error|cannot execute binary file",
        "its program is for another processor architecture, or its script has no #! line",
        "Build or pull the image for the engine's platform (`--platform`), or add the #! line.",
    ),
    _clue(
        "disk-full",
        r"no space left on device|ENOSPC|disk quota exceeded|could not extend file",
        "it cannot write: no space is left",
        "Free space where it writes: `docker system df`, then prune what is unused; check its "
        "volumes and tmpfs sizes.",
    ),
    _clue(
        "read-only",
        r"read-only file ?system|EROFS",
        "it writes where it may only read",
        "Mount a volume or tmpfs at that path, or drop read_only.",
    ),
    _clue(
        "wrong-credentials",
        r"password authentication failed for user \W?(?P<what>\w+)"
        r"|access denied for user \W?(?P<who>\w+)|WRONGPASS|NOAUTH|no password supplied"
        r"|invalid username-password|authentication failed|SASL authentication|401 unauthorized",
        "the service it talks to refuses its credentials",
        "Compare the user and password it is given with those the other service was set up with; a "
        "database keeps those of its first start in its volume.",
    ),
    _clue(
        "database-missing",
        r"database \"(?P<what>[^\"]+)\" does not exist|unknown database '(?P<who>[^']+)'",
        "the database it wants does not exist",
        "Create the database or correct its name.",
    ),
    _clue(
        "schema-missing",
        r"relation \"(?P<what>[^\"]+)\" does not exist|no such table: (?P<who>\w+)"
        r"|table '(?P<third>[^']+)' doesn't exist",
        "a table it needs does not exist",
        "Run the migrations against the database it uses.",
    ),
    _clue(
        "port-in-use-inside",
        r"address already in use|EADDRINUSE",
        "the port it listens on is already in use where it listens",
        "Look for a second process in the container, or another container in the same network "
        "namespace (host network).",
    ),
    _clue(
        "module-missing",
        r"ModuleNotFoundError: No module named '(?P<what>[^']+)'"
        r"|cannot find module '(?P<who>[^']+)'"
        r"|ImportError: cannot import name|ClassNotFoundException: (?P<third>\S+)",
        "a module it needs is not in the image",
        "Add the dependency and rebuild the image; check that no mount hides the installed ones.",
    ),
    _clue(
        "library-missing",
        r"error while loading shared libraries: (?P<what>[^:]+)|(?P<who>GLIBC_[\d.]+)' not found",
        "a system library it needs is not in the image",
        "Install the library in the image, or build on the image's own base.",
    ),
    _clue(
        "out-of-memory-inside",
        r"JavaScript heap out of memory|java\.lang\.OutOfMemoryError|cannot allocate memory"
        r"|\bMemoryError\b",
        "it ran out of memory by its own limit",
        "Raise the program's own limit (heap size) with the container's, or make it use less.",
    ),
    _clue(
        "native-crash",
        r"segmentation fault|core dumped|SIGSEGV|fatal signal",
        "a program in it crashed with a memory access error",
        "Look for a native library that does not fit the image's architecture or C library.",
    ),
    _clue(
        "too-many-connections",
        r"too many clients already|too many connections|remaining connection slots",
        "the database has no connection left for it",
        "Lower the pool sizes of its clients or raise the database's limit.",
    ),
    _clue(
        "too-many-files",
        r"too many open files|EMFILE",
        "it has too many files or sockets open",
        "Raise its nofile ulimit, or look for the leak.",
    ),
    _clue(
        "certificate",
        r"certificate (?:has expired|verify failed)|x509: certificate|self.signed certificate",
        "a TLS certificate is not accepted",
        "Check the certificate's dates and names, and the CA certificates of the image.",
    ),
    _clue(
        "permission-denied",
        r"permission denied|EACCES|operation not permitted|EPERM",
        "it is not permitted to do something it needs",
        "Compare the user it runs as with the owner of the path (mounted folders keep the host's "
        "owner).",
    ),
    _clue(
        "file-missing",
        r"no such file or directory|can't open file '(?P<what>[^']+)'|ENOENT"
        r"|cannot open .*: not found|: not found$",
        "a file it needs is not there",
        "Check the path in the image and whether a mount hides it.",
    ),
)


def last_records(case: Case) -> list[Record]:
    """Return the last records of the last run, newest first."""
    return list(reversed(case.records[-LAST_RECORDS:]))


def quote(record: Record, limit: int = QUOTE_CHARS) -> str:
    """Write a record as evidence: when, in which stream, and its telling line."""
    line = record.lines[0] if len(record.lines) == 1 else record.lines[-1]
    return f"log {record.time[11:19]} {record.stream}: {inline(redact_assignments(line), limit)}"


def find_missing_variable(case: Case) -> Finding | None:
    """Name the environment variable that the program says it lacks."""
    for record in last_records(case):
        text = record.text[:TEXT_CHARS]
        match = next((m for p in _VARIABLE if (m := p.search(text))), None)
        lowercase = _PYDANTIC.search(text) if match is None else None
        if match is None and lowercase is None:
            continue
        name = match["name"] if match else (lowercase or [""])["name"].upper()  # type: ignore[call-overload]
        if match and name in _NOT_VARIABLES:
            continue
        return _missing_variable(case, record, str(name))
    return None


_NOT_VARIABLES = frozenset(
    "ERROR FATAL WARNING INFO DEBUG CRITICAL HTTP TLS SSL API URL JSON".split()
)


def _missing_variable(case: Case, record: Record, name: str) -> Finding:
    env = case.container.env
    state = "empty" if name in env else "not in Config.Env"
    if env.get(name):
        return Finding(
            kind="bad-variable",
            problem=f"it complains about the environment variable {name}, which is set",
            confidence="likely",
            evidence=[quote(record), f"Config.Env: {name} is set (value not shown)"],
            next=f"Check the value of {name} where the container is defined.",
        )
    return Finding(
        kind="missing-variable",
        problem=f"the environment variable {name} is missing",
        confidence="proved",
        evidence=[quote(record), f"Config.Env: {name} is {state} ({len(env)} variables there)"],
        next=f"Set {name} where the container is defined (compose: environment or env_file), then "
        "recreate it.",
        ruled_out=["a fault of the network or of another service"],
    )


def find_clue(case: Case) -> Finding | None:
    """Find the cause that the last records name."""
    records = last_records(case)
    for clue in _CLUES:
        for record in records:
            match = clue.pattern.search(record.text[:TEXT_CHARS])
            if match is not None:
                return _from_clue(case, clue, record, match)
    return None


def _from_clue(case: Case, clue: _Clue, record: Record, match: re.Match[str]) -> Finding:
    named = next((value for value in match.groupdict().values() if value), None)
    evidence = [_quote_match(record, match), *_supporting(case, clue.kind)]
    proved = clue.kind == "wrong-architecture" and len(evidence) > 1
    return Finding(
        kind=clue.kind,
        problem=f"{clue.problem}{f': {inline(named, 80)}' if named else ''}",
        confidence="proved" if proved else clue.confidence,
        evidence=evidence,
        next=clue.next,
    )


def _quote_match(record: Record, match: re.Match[str]) -> str:
    """Quote the line of a record that the match is in."""
    start = record.text.rfind("\n", 0, match.start()) + 1
    line = record.text[start:].partition("\n")[0]
    shown = inline(redact_assignments(line), QUOTE_CHARS)
    return f"log {record.time[11:19]} {record.stream}: {shown}"


def _supporting(case: Case, kind: str) -> list[str]:
    """Add what the engine knows about the cause that the log names."""
    container, scene = case.container, case.scene
    if kind == "wrong-architecture":
        image = scene.architectures.get(container.image_id, "")
        if image and _machine(image) != _machine(scene.info.architecture):
            return [f"image Architecture={image}, engine Architecture={scene.info.architecture}"]
    if kind == "disk-full" and scene.disk_free is not None:
        free = format_bytes(scene.disk_free)
        note = "" if scene.disk_free < LOW_DISK_BYTES else " (so a volume or tmpfs is full instead)"
        return [f"free under {scene.info.root_dir}: {free}{note}"]
    if kind == "read-only":
        protected = [m.target for m in container.mounts if not m.writable]
        root = [f"HostConfig.ReadonlyRootfs={str(container.read_only).lower()}"]
        return root + ([f"Mounts read-only: {', '.join(protected[:4])}"] if protected else [])
    if kind == "permission-denied":
        mounts = ", ".join(m.target for m in container.mounts[:4]) or "none"
        return [f"Config.User={container.user or 'root'}; Mounts: {mounts}"]
    if kind == "file-missing" and container.mounts:
        return [f"Mounts: {', '.join(m.target for m in container.mounts[:4])}"]
    return []


def _machine(name: str) -> str:
    return {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386"}.get(name, name)


def find_exception(case: Case) -> Finding | None:
    """Name the exception that ended the last run."""
    for record in last_records(case):
        where = exception_of(record)
        if where is None:
            continue
        return Finding(
            kind="exception",
            problem=f"it ended with an exception: {inline(redact_assignments(where), 160)}",
            confidence="likely",
            evidence=[quote(record)],
            next=f'Read it whole: read_logs(["{case.container.name}"], level="error").',
        )
    return None


def find_last_words(case: Case) -> Sequence[str]:
    """Return the last records as evidence, errors first, when no cause is known."""
    records = last_records(case)
    errors = [record for record in records if record.level == "error"]
    chosen = (errors or records)[:3]
    return [quote(record) for record in reversed(chosen)]
