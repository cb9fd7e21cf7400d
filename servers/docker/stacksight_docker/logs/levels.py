"""How serious a log record is, from its text.

The order of confidence follows Dozzle's level guesser (github.com/amir20/dozzle,
internal/container/level_guesser.go): a level in a fixed place counts before a word in the text.
"""

import re
from collections.abc import Mapping
from typing import Any, Literal

Level = Literal["error", "warning", "info", "debug"]
LEVELS: tuple[Level, ...] = ("error", "warning", "info", "debug")

HEAD_CHARS = 200
"""A level is stated early; text further on is what the program talks about."""

_NAMES: dict[str, Level] = {
    **dict.fromkeys(
        "error err fatal panic critical crit emerg emergency alert severe e f".split(), "error"
    ),
    **dict.fromkeys("warning warn w".split(), "warning"),
    **dict.fromkeys("info information notice log i n".split(), "info"),
    **dict.fromkeys("debug trace verbose fine finer finest d v".split(), "debug"),
}
_WORDS = (
    "FATAL|PANIC|CRITICAL|CRIT|EMERG|ALERT|SEVERE|ERROR|ERR|WARNING|WARN|NOTICE|INFO|DEBUG|TRACE"
)
_STATED = re.compile(
    rf"^(?P<klog>[IWEFD])\d{{4}} \d\d:\d\d"
    rf"|\b(?:level|lvl|severity|log\.level)[=:]\s*\"?(?P<field>[A-Za-z]+)"
    rf"|[\[<(]\s*(?P<bracket>(?i:{_WORDS}))\s*[\]>)]"
    rf"|\b(?P<upper>{_WORDS})\b"
    rf"|^(?P<first>(?i:{_WORDS}))\s*[:\s]"
    rf"|[\s:](?P<tag>error|fatal|panic|warning|warn):"
    rf"|HTTP/[\d.]+\"? (?P<status>5\d\d)\b",
)
_ALARM = re.compile(
    r"Traceback \(most recent|^panic: | panicked at |\b[A-Z]\w*(?:Error|Exception)\b(?::| \[|$)"
    r"|[Ss]egmentation fault|\b[Oo]ut of memory|UnhandledPromiseRejection|core dumped"
)
_COMPLAINT = re.compile(
    r"not (?:set|found|permitted|allowed|exist)|no such|permission denied|cannot |can't |could not"
    r"|unable to|failed|failure|refused|denied|invalid|missing|unbound variable|bad address|not a "
    r"|is required|timed out|read-only file system|no space left",
    re.I,
)
_PINO = {10: "debug", 20: "debug", 30: "info", 40: "warning", 50: "error", 60: "error"}
_LEVEL_KEYS = ("level", "severity", "lvl", "@l", "log.level", "levelname", "loglevel")


def guess_level(text: str, stream: str) -> Level | None:
    """Tell how serious a line is; None when nothing says so.

    Args:
        text: the line, cleaned.
        stream: ``out`` or ``err``; complaints without a level count as errors on ``err`` only.
    """
    head = text[:HEAD_CHARS]
    stated = _STATED.search(head)
    if stated is not None and stated.lastgroup == "status":
        return "error"
    if stated is not None:
        return _NAMES.get(stated[stated.lastgroup or 0].lower())
    if _ALARM.search(head) or (stream == "err" and _COMPLAINT.search(head)):
        return "error"
    return None


def level_of_fields(fields: Mapping[str, Any]) -> Level | None:
    """Tell how serious a structured record is, by the keys that log libraries use."""
    for key in _LEVEL_KEYS:
        value = fields.get(key)
        if isinstance(value, str):
            return _NAMES.get(value.lower())
        if isinstance(value, int) and not isinstance(value, bool):
            return _PINO.get(value // 10 * 10)  # type: ignore[return-value]
    return None
