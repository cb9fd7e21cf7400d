"""What read_logs answers."""

from typing import Literal

from pydantic import BaseModel

from stacksight_docker.logs.lines import LineView
from stacksight_docker.logs.patterns import Summary

Mode = Literal["lines", "patterns"]


class Coverage(BaseModel):
    """How much of one container's log was read."""

    container: str
    status: str
    trouble: str | None = None
    lines_read: int
    back_to: str | None = None
    complete: bool
    later_left: bool = False
    unread_bytes: int | None = None
    problem: str | None = None


class LogAnswer(BaseModel):
    """What the logs say, and how much of them was looked at."""

    mode: Mode
    asked: str
    coverage: list[Coverage]
    matched: int | None = None
    shown: int | None = None
    first_error: str | None = None
    lines: list[LineView] = []
    summary: Summary | None = None
    new_cursor: str | None = None
