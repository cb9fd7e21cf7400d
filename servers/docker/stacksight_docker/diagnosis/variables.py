"""Environment variables that a program says it lacks, checked against those it was given."""

import re
from dataclasses import replace

from stacksight_core.units import plural
from stacksight_docker.diagnosis.model import Case, Finding
from stacksight_docker.diagnosis.quotes import TEXT_CHARS, last_records, quote_match
from stacksight_docker.logs.records import Record

_NAME = r"(?P<name>[A-Z][A-Z0-9_]{2,})"
_LACKING = r"not (?:set|found|defined|provided|configured|present|specified)|required|missing|unset"
# The program speaks of its environment: the name alone tells.
_CERTAIN = tuple(
    re.compile(pattern)
    for pattern in (
        rf"KeyError: ['\"]{_NAME}['\"]",
        rf"key not found: :?\"?{_NAME}",
        rf"\b{_NAME}: (?:environment variable|parameter|unbound variable)",
        rf"(?i:environment variables?|env(?:ironment)? vars?|variable|env)[\s:\"'`$]+{_NAME}[\"'`]?"
        rf"\s*(?i:.{{0,30}}(?:{_LACKING}|undefined|empty|must be))",
        rf"\b{_NAME}[\"'`]?\s+(?i:(?:environment variable |env var )?"
        r"(?:is |was |must be |has to be )?"
        rf"(?:{_LACKING}|undefined|a required|empty|set\b))",
        rf"(?i:missing|required|undefined|unset|set|specify|provide)\b[^\n]{{0,40}}"
        rf"(?i:environment|env)\b[^\n]{{0,25}}?[\s:\"'`]{_NAME}\b",
        rf"(?i:missing|required) (?i:environment|env)[^\n:]{{0,30}}:\s+[\"'`-]*{_NAME}\b",
        rf"Could not resolve placeholder '{_NAME}'",
        rf"\"path\":\s*\[\s*\"{_NAME}\"\s*\],\s*\"message\":\s*\"Required\"",
        rf"(?i:must|have to|please) (?i:specify|set|provide|define|export)\s+[\"'`$]*{_NAME}\b",
    )
)
# It speaks of something that it lacks, by a name that the environment has, but empty.
_LACKS = re.compile(rf"(?i:{_LACKING}|undefined|empty|invalid|must|provide|specify|no value)")
_UPPER = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*\b")
# By a name of which the environment knows nothing; error codes look the same.
_LIKELY = re.compile(
    r"(?i:missing|required|unset|undefined|no value)[^\n]{0,40}"
    r"\b(?!ERR_|E_|ORA_)(?P<name>[A-Z][A-Z0-9]*_[A-Z0-9_]+)\b"
)
# Source lines that read a variable, and exceptions that are about a value.
_READ = re.compile(
    r"(?:os\.environ(?:\.get)?[\[(]|os\.getenv\(|process\.env[.\[]|ENV(?:\.fetch)?[\[(])"
    r"['\"]?(?P<name>[A-Z][A-Z0-9_]+)"
)
_OF_VALUE = re.compile(r"^(?:ValueError|TypeError|AttributeError|[\w.]*DecodeError)\b", re.M)
_PYDANTIC = re.compile(
    r"validation errors? for \w*(?:[Ss]ettings|[Cc]onfig)\w*\s+(?P<name>\w+)\s+"
    r"(?:Field required|field required)"
)
_FIELD = re.compile(r"^(\w+)\n\s+[Ff]ield required", re.M)
_NOT_VARIABLES = frozenset(
    "ERROR FATAL WARNING INFO DEBUG CRITICAL HTTP TLS SSL API URL JSON NOTE HINT".split()
)


def find_missing_variable(case: Case) -> Finding | None:
    """Name the environment variable that the program says it lacks."""
    for record in last_records(case):
        text = record.text[:TEXT_CHARS]
        matches = (match for pattern in _CERTAIN for match in pattern.finditer(text))
        match = next((m for m in matches if m["name"] not in _NOT_VARIABLES), None)
        if match is not None:
            return _finding(case, record, match, match["name"])
        settings = _PYDANTIC.search(text)
        if settings is not None:
            finding = _finding(case, record, settings, settings["name"].upper())
            others = [name.upper() for name in _FIELD.findall(text)][1:]
            also = [f"log: also required: {', '.join(others[:8])}"] if others else []
            return replace(finding, evidence=[*finding.evidence, *also])
        read = _misread(text)
        if read is not None:
            return _finding(case, record, read, read["name"], certain=False)
        guessed = _named_but_empty(case, text) or _LIKELY.search(text)
        if guessed is not None and record.level in ("error", None):
            name = guessed["name"] if "name" in guessed.re.groupindex else guessed[0]
            return _finding(case, record, guessed, name, certain=False)
    return None


def _misread(text: str) -> re.Match[str] | None:
    """Return the variable whose reading failed, as the source line in a traceback shows it."""
    return _READ.search(text) if _OF_VALUE.search(text) else None


def _named_but_empty(case: Case, text: str) -> re.Match[str] | None:
    if _LACKS.search(text) is None:
        return None
    empty = {name for name, is_set in case.container.env.items() if not is_set}
    return next((match for match in _UPPER.finditer(text) if match[0] in empty), None)


def _finding(
    case: Case, record: Record, match: re.Match[str], name: str, *, certain: bool = True
) -> Finding:
    env = case.container.env
    if env.get(name):
        return Finding(
            kind="bad-variable",
            problem=f"it complains about the environment variable {name}, which is set",
            confidence="likely",
            evidence=[quote_match(record, match), f"Config.Env: {name} is set (value not shown)"],
            next=f"Check the value of {name} where the container is defined.",
        )
    empty = name in env
    what = "is empty" if empty else "is missing"
    state = "empty" if empty else "not in Config.Env"
    return Finding(
        kind="missing-variable",
        problem=f"the environment variable {name} {what}",
        confidence="proved" if certain or empty else "likely",
        evidence=[
            quote_match(record, match),
            f"Config.Env: {name} is {state} ({plural(len(env), 'variable')} there)",
        ],
        next=f"Set {name} where the container is defined (compose: environment or env_file), then "
        "recreate it.",
        ruled_out=["a fault of the network or of another service"],
    )
