"""Log records as evidence."""

import re

from stacksight_core.redact import redact_assignments
from stacksight_core.untrusted import inline
from stacksight_docker.diagnosis.model import Case
from stacksight_docker.logs.records import Record
from stacksight_docker.logs.traces import trace_of

LAST_RECORDS = 40
QUOTE_CHARS = 220
TEXT_CHARS = 8_000


def last_records(case: Case) -> list[Record]:
    """Return the last records of the last run, newest first."""
    return list(reversed(case.records[-LAST_RECORDS:]))


def quote(record: Record) -> str:
    """Write a record as evidence: when, in which stream, and its telling line."""
    trace = trace_of(record)
    return _quoted(record, trace.exception if trace else telling_line(record))


def quote_match(record: Record, match: re.Match[str]) -> str:
    """Quote the line of a record that the match is in."""
    start = record.text.rfind("\n", 0, match.start()) + 1
    return _quoted(record, record.text[start:].partition("\n")[0])


def telling_line(record: Record) -> str:
    """Return the line that says what happened: of a JSON record its message and error."""
    error = record.fields.get("err") or record.fields.get("error")
    if record.fields and isinstance(error, str) and error != record.message:
        return f"{record.message}: {error}"
    return record.message


def _quoted(record: Record, line: str) -> str:
    shown = inline(redact_assignments(line.strip()), QUOTE_CHARS)
    return f"log {record.time[11:19]} {record.stream}: {shown}"
