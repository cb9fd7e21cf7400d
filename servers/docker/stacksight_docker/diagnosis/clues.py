"""What the last log records give away about the cause."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from stacksight_core.redact import redact_assignments
from stacksight_core.untrusted import inline
from stacksight_docker.diagnosis.model import Case, Finding
from stacksight_docker.diagnosis.proofs import find_proofs, is_proved
from stacksight_docker.diagnosis.quotes import (
    TEXT_CHARS,
    last_records,
    quote,
    quote_match,
    telling_line,
)
from stacksight_docker.logs.levels import guess_level
from stacksight_docker.logs.records import Record
from stacksight_docker.logs.traces import trace_of

LAST_WORDS = 5
NAMED_CHARS = 120
_PATH = r"[\"'`]?(?P<path>/[^\s:\"'`,)\]]+)"


@dataclass(frozen=True)
class _Clue:
    kind: str
    pattern: re.Pattern[str]
    problem: str
    next: str
    is_work: bool
    """A program that runs may log this of what others ask of it."""


def _clue(kind: str, pattern: str, problem: str, step: str, *, is_work: bool = False) -> _Clue:
    return _Clue(kind, re.compile(pattern, re.I | re.M), problem, step, is_work)


# From the specific to the general: the first that matches decides.
_CLUES = (
    _clue(
        "wrong-architecture",
        r"exec (?P<what>\S+): exec format error|exec format error|cannot execute binary file",
        "its program is for another processor architecture, or its script has no #! line",
        "Build or pull the image for the engine's platform (`--platform`), or add the #! line.",
    ),
    _clue(
        "interpreter-missing",
        r"^exec (?P<what>/\S+): no such file or directory"
        r"|bad interpreter|\^M\b|\\r'?: ",
        "its script is there, but the interpreter in its #! line is not (a missing shell, or "
        "Windows line ends), or the program's loader is missing (glibc or musl)",
        "See the script's first line: `head -1 FILE | od -c`. With `\\r` at its end, convert the "
        "file to Unix line ends (`dos2unix`); else install the interpreter it names.",
    ),
    _clue(
        "disk-full",
        r"[\"'](?P<path>/[^\"']+)[\"']: no space left|(?P<other>/[^\s:\"']+): no space left"
        r"|no space left on device|ENOSPC"
        r"|disk quota exceeded|could not extend file",
        "it cannot write: no space is left",
        "Free space where it writes: `docker system df`, then prune what is unused; check its "
        "volumes and tmpfs sizes.",
    ),
    _clue(
        "read-only",
        rf"read-only file ?system:? ?(?:{_PATH})?|EROFS",
        "it writes where it may only read",
        "Mount a volume or tmpfs at that path, or drop read_only.",
    ),
    _clue(
        "wrong-credentials",
        r"password authentication failed for user \W?(?P<what>\w+)"
        r"|access denied for user \W?(?P<who>\w+)|WRONGPASS|NOAUTH|no password supplied"
        r"|invalid username-password|ACCESS_REFUSED",
        "the service it talks to refuses its credentials",
        "Compare the user and password it is given with those the other service was set up with; a "
        "database keeps those of its first start in its volume.",
    ),
    _clue(
        "wrong-credentials",
        r"authentication failed|SASL authentication|401 unauthorized",
        "the service it talks to refuses its credentials",
        "Compare the user and password it is given with those the other service expects.",
        is_work=True,
    ),
    _clue(
        "database-missing",
        r"database \"(?P<what>[^\"]+)\" does not exist|unknown database '(?P<who>[^']+)'",
        "the database it wants does not exist",
        "Create the database or correct its name.",
    ),
    _clue(
        "data-version",
        r"database files are incompatible|data ?(?:directory|files?) w(?:as|ere) (?:initialized|"
        r"created) by|can't handle RDB format version|unsupported .{0,20}data(?:base)? version",
        "its data were written by another version of the program",
        "Run the version that wrote the data, or upgrade them with the program's own tool. Do not "
        "delete the volume: it holds the data.",
    ),
    _clue(
        "schema-missing",
        r"relation \"(?P<what>[^\"]+)\" does not exist|no such table: (?P<who>\w+)"
        r"|table '(?P<third>[^']+)' doesn't exist|can(?:'t|not) locate revision|pending migration",
        "the database's schema is not the one it needs",
        "Run the migrations of this version against the database it uses.",
    ),
    _clue(
        "port-in-use-inside",
        r"address (?:already )?in use|EADDRINUSE"
        r"|\bport (?:\d+ )?(?:is |was )?already (?:in use|used|taken)",
        "the port it listens on is already in use where it listens",
        "Look for a second process in the container, or another container in the same network "
        "namespace (host network).",
    ),
    _clue(
        "already-running",
        r"(?:pid|lock) ?file\b.{0,80}\b(?:already )?exists|another (?:server|instance|process) "
        r".{0,40}running|server (?:is )?already running|could not lock|unable to lock",
        "it finds the lock or pid file of another run, which may be left over from a crash",
        "Make sure that no other container uses the same volume, then remove the file.",
    ),
    _clue(
        "module-missing",
        r"No module named '?(?P<what>[\w.]+)"
        r"|cannot find (?:module|package) '(?P<who>[^']+)'"
        r"|could not import module \"(?P<third>[\w.]+)\""
        r"|(?:ClassNotFoundException|NoClassDefFoundError): (?P<fourth>\S+)"
        r"|cannot load such file -- (?P<fifth>\S+)"
        r"|could not find or load main class (?P<sixth>\S+)",
        "a module it needs is not in the image",
        "Add the dependency and rebuild the image; check that no mount hides the installed ones.",
    ),
    _clue(
        "name-missing",
        r"ImportError: cannot import name '?(?P<what>\w+)"
        r"|attribute \"(?P<who>\w+)\" not found in module|failed to find attribute '(?P<third>\w+)'"
        r"|does not provide an export named '?(?P<fourth>\w+)",
        "its code asks a module for a name that the module does not have",
        "Correct the name, or install the version of the module that has it: code and dependencies "
        "may be of different builds. A circular import looks the same.",
    ),
    _clue(
        "library-missing",
        r"error while loading shared libraries: (?P<what>[^:]+)|(?P<who>GLIBC_[\d.]+)' not found"
        r"|cannot open shared object file",
        "a system library it needs is not in the image",
        "Install the library in the image, or build on the image's own base.",
    ),
    _clue(
        "process-limit",
        r"can't fork|fork: (?:retry|resource)|can't start new thread|pthread_create failed"
        r"|unable to create (?:new )?native thread|newosproc|resource temporarily unavailable",
        "it may not start another process or thread",
        "Raise the container's pids limit or the user's nproc ulimit, or find what starts so many.",
    ),
    _clue(
        "out-of-memory-inside",
        r"JavaScript heap out of memory|java\.lang\.OutOfMemoryError|Allowed memory size of \d+",
        "it ran out of memory by its own limit",
        "Raise the program's own limit (heap size) with the container's, or make it use less.",
    ),
    _clue(
        "allocation-failed",
        r"cannot allocate memory|\bENOMEM\b|\bMemoryError\b|std::bad_alloc"
        r"|runtime: out of memory|memory exhausted",
        "it was refused memory that it asked for",
        "Make it use less, or raise the limit that it met: the container's memory limit, a ulimit "
        "(`-v`), or the host's overcommit setting.",
    ),
    _clue(
        "native-crash",
        r"segmentation fault|core dumped|(?<!\[signal )SIGSEGV|fatal signal",
        "a program in it crashed with a memory access error",
        "Look for a native library that does not fit the image's architecture or C library.",
    ),
    _clue(
        "peer-refuses-work",
        r"\bMISCONF\b|READONLY You can't write|OOM command not allowed|\bCLUSTERDOWN\b"
        r"|\bLOADING Redis is loading|the database system is (?:starting up|shutting down|in "
        r"recovery mode)|database is locked|cannot execute \w+ in a read-only transaction",
        "the service it talks to answers, but cannot do the work now",
        "See that service's own log and state; the message names what it lacks (disk, memory, a "
        "writable primary, time to start).",
    ),
    _clue(
        "too-many-connections",
        r"too many clients already|too many connections|remaining connection slots"
        r"|max number of clients reached",
        "the service it talks to has no connection left for it",
        "Lower the pool sizes of its clients or raise the service's limit.",
    ),
    _clue(
        "too-many-files",
        r"too many open files|EMFILE",
        "it has too many files or sockets open",
        "Raise its nofile ulimit, or look for the leak.",
    ),
    _clue(
        "workers-hang",
        r"WORKER TIMEOUT",
        "its workers do not answer in time and are killed",
        "See what they were busy with (a slow query, a peer that does not answer); or raise the "
        "server's worker timeout.",
    ),
    _clue(
        "clock",
        r"clock skew|not yet valid|issued in the future|RequestTimeTooSkewed|time .{0,20}too far",
        "a time it was given does not fit its clock",
        "Compare the clocks of the machines involved (`date -u`); a container has its host's.",
        is_work=True,
    ),
    _clue(
        "certificate",
        r"certificate (?:has expired|verify failed)|x509: certificate|self.signed certificate"
        r"|PKIX path building failed|CERT_HAS_EXPIRED",
        "a TLS certificate is not accepted",
        "Check the certificate's dates and names, and the CA certificates of the image.",
        is_work=True,
    ),
    _clue(
        "mount-wrong-kind",
        rf"(?:is a directory|EISDIR|Errno 21)[^\n]*?{_PATH}|{_PATH.replace('path', 'other')}: "
        r"is a directory|EISDIR",
        "it finds a folder where it expects a file",
        "Check the path on the host: the engine makes an empty folder where a bind mount's source "
        "is missing. Remove the folder, put the file there, and recreate the container.",
        is_work=True,
    ),
    _clue(
        "not-permitted",
        rf"operation not permitted:? ?(?:{_PATH})?|EPERM|must be run as root|are you root\?",
        "the kernel refuses it an operation: its user may not, it lacks a capability, or a seccomp "
        "or AppArmor profile forbids it",
        "Run it as the user, or with the one capability (cap_add), that the operation needs.",
        is_work=True,
    ),
    _clue(
        "permission-denied",
        rf"{_PATH.replace('path', 'third')}[\"'`]?: permission denied"
        rf"|permission denied:? ?(?:{_PATH})?"
        rf"|EACCES[^\n]*?{_PATH.replace('path', 'other')}|EACCES",
        "it is not permitted to do something it needs",
        "Compare the user it runs as with the owner of the path (mounted folders keep the host's "
        "owner); ports below 1024 may need root.",
        is_work=True,
    ),
    _clue(
        "tool-missing",
        r"(?:line )?\d+: (?P<what>[\w./-]+): (?:command )?not found$"
        r"|^(?:\S+: )?(?P<who>[\w./-]+): (?:command )?not found$",
        "its script calls a program that is not in the image",
        "Install the program in the image, or correct the script.",
        is_work=True,
    ),
    _clue(
        "secret-missing",
        r"(?P<path>/run/(?:secrets|configs)/[\w.-]+)[^\n]{0,20}(?:no such file|not found|ENOENT)"
        r"|(?:no such file|ENOENT)[^\n]{0,60}?(?P<other>/run/(?:secrets|configs)/[\w.-]+)",
        "a secret it reads was not given to it",
        "Give it the secret: compose lists it under `secrets` of the service and of the file; "
        "without compose mount the file at that path.",
    ),
    _clue(
        "file-missing",
        rf"no such file or directory[^\n]*?{_PATH}|can't open file '(?P<what>[^']+)'"
        rf"|{_PATH.replace('path', 'other')}[^\n]{{0,20}}: no such file or directory"
        r"|no such file or directory|ENOENT|FileNotFoundException: (?P<who>\S+)"
        r"|cannot open .*: not found"
        r"|can't create (?P<fifth>/[^\s:]+): nonexistent directory",
        "a file or folder it needs is not there",
        "Check the path in the image and whether a mount hides it.",
        is_work=True,
    ),
    _clue(
        "bad-configuration",
        r"\[emerg\]|unknown (?:directive|configuration|config|option|key)|invalid config"
        r"|configuration (?:file )?(?:error|invalid)|bad directive|FATAL CONFIG FILE ERROR"
        r"|yaml\.\w*\.?(?:Scanner|Parser)Error|TOMLDecodeError|error parsing .{0,40}config",
        "its configuration is wrong",
        "Correct what the log names in its configuration, then start it again.",
        is_work=True,
    ),
)


def find_clue(case: Case) -> Finding | None:
    """Find the cause that the last records name."""
    return _find(case, _CLUES)


def find_complaint(case: Case) -> Finding | None:
    """Find what a running program complains of that cannot be the work it does for others."""
    return _find(case, [clue for clue in _CLUES if not clue.is_work])


def _find(case: Case, clues: Sequence[_Clue]) -> Finding | None:
    records = [record for record in last_records(case) if record.level not in ("info", "debug")]
    for clue in clues:
        for record in records:
            match = clue.pattern.search(record.text[:TEXT_CHARS])
            if match is not None:
                return _from_clue(case, clue, record, match)
    return None


def _from_clue(case: Case, clue: _Clue, record: Record, match: re.Match[str]) -> Finding:
    named = next((value for value in match.groupdict().values() if value), None)
    path = named if named and named.startswith("/") else ""
    proved = is_proved(case, clue.kind, path)
    trace = trace_of(record)
    return Finding(
        kind=clue.kind,
        problem=f"{clue.problem}{f': {inline(named, NAMED_CHARS)}' if named else ''}",
        confidence="proved" if proved else "likely",
        evidence=[
            quote_match(record, match),
            *([f"at {inline(trace.place, NAMED_CHARS)}"] if trace else []),
            *find_proofs(case, clue.kind, path),
        ],
        next=clue.next,
    )


def find_exception(case: Case) -> Finding | None:
    """Name the exception that ended the last run, and where it came from."""
    for record in last_records(case):
        trace = trace_of(record)
        if trace is None:
            continue
        said = inline(redact_assignments(trace.exception), 160)
        place = f", at {inline(trace.place, NAMED_CHARS)}" if trace.file else ""
        return Finding(
            kind="exception",
            problem=f"it ended with an exception: {said}{place}",
            confidence="likely",
            evidence=[quote(record)],
            next=f'Read it whole: read_logs(["{case.container.name}"], level="error").',
        )
    return None


def find_error_in_log(case: Case) -> Finding | None:
    """Take the error with which the log of the last run ends for the cause."""
    last = case.records[-LAST_WORDS:]
    errors = [record for record in last if record.level == "error"]
    said = errors or [record for record in last if record.stream == "err"]
    said = said or [r for r in last if guess_level(r.message, "err") == "error"]
    if not said:
        return None
    record = errors[-1] if errors else said[0]
    line = inline(redact_assignments(telling_line(record).strip()), 160)
    return Finding(
        kind="error-in-log",
        problem=f"it failed; the error at the end of its log: {line}",
        confidence="likely",
        evidence=[quote(record) for record in said[:3]],
        next=f'Read what led to it: read_logs(["{case.container.name}"], mode="lines").',
        ruled_out=["lack of memory (State.OOMKilled=false)", "a failed start (State.Error empty)"],
    )


def find_last_words(case: Case) -> Sequence[str]:
    """Return the last records as evidence when no cause is known."""
    return [quote(record) for record in reversed(last_records(case)[:3])]
