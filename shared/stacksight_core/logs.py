"""Logging: to stderr only, since stdout is the protocol, and without secrets."""

import logging
import sys
from typing import Literal

from stacksight_core.redact import redact_assignments
from stacksight_core.untrusted import clean

LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]


class _RedactingFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return redact_assignments(clean(super().format(record)))


def configure_logging(level: LogLevel) -> None:
    """Send records of this level and above to stderr, secrets masked."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_RedactingFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
