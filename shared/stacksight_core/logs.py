"""Logging: to stderr only, since stdout is the protocol, and without secrets."""

import io
import logging
import os
import select
from typing import Literal

from stacksight_core.lines import poll_now
from stacksight_core.redact import redact_assignments
from stacksight_core.untrusted import clean

LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]

_STDERR = 2


def write_stderr(text: str) -> None:
    """Write as much as there is room for; a client need not read what a server logs."""
    data = text.encode(errors="replace")
    for start in range(0, len(data), select.PIPE_BUF):
        # A pipe that is ready has room for so much at least.
        if not poll_now(_STDERR, select.POLLOUT) & select.POLLOUT:
            return
        try:
            os.write(_STDERR, data[start : start + select.PIPE_BUF])
        except OSError:
            return


class _Stderr(io.TextIOBase):
    def write(self, text: str) -> int:
        write_stderr(text)
        return len(text)


class _RedactingFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return redact_assignments(clean(super().format(record)))


def configure_logging(level: LogLevel) -> None:
    """Send records of this level and above to stderr, secrets masked."""
    handler = logging.StreamHandler(_Stderr())
    handler.setFormatter(_RedactingFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
