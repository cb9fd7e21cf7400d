"""What a check found."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, Field

Row = Mapping[str, Any]
Rows = Sequence[Row]
Status = Literal["critical", "warning", "ok", "skipped"]

MAX_ISSUES = 8


class Issue(BaseModel):
    """Something that should be looked after."""

    title: str
    fix: str | None = None
    critical: bool = False


class CheckResult(BaseModel):
    """The outcome of one check."""

    check: str
    status: Status
    examined: str = Field(description="What was looked at, or why it was not.")
    issues: list[Issue] = Field(default_factory=list)
    hidden_issues: int = 0


class Health(BaseModel):
    """The outcome of all checks, the gravest first."""

    database: str
    results: list[CheckResult]


def judged(check: str, examined: str, issues: Sequence[Issue]) -> CheckResult:
    """Make a result of what was examined and found; the gravest issues come first."""
    ranked = sorted(issues, key=lambda issue: not issue.critical)
    status: Status = "ok"
    if ranked:
        status = "critical" if ranked[0].critical else "warning"
    return CheckResult(
        check=check,
        status=status,
        examined=examined,
        issues=ranked[:MAX_ISSUES],
        hidden_issues=max(len(ranked) - MAX_ISSUES, 0),
    )


def skipped(check: str, reason: str) -> CheckResult:
    """Make the result of a check that could not be made; it is never "ok"."""
    return CheckResult(check=check, status="skipped", examined=reason)
