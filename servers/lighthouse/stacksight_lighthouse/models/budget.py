"""What check_budget answers with."""

from typing import Literal

from pydantic import Field

from stacksight_lighthouse.models.audits import Device, Model

Level = Literal["error", "warn"]
Outcome = Literal["over", "not measured", "within"]


class BudgetLine(Model):
    """One limit and what was found.

    Attributes:
        what: the check, metric, category or resource that is limited.
        level: whether exceeding it fails or only warns.
        limit: in words: ``at most 2.5 s``.
        actual: the figure that was held against it, or why there is none.
        runs: the figure of every run, when there are several.
        method: how the runs were made one figure.
    """

    what: str
    level: Level
    limit: str
    actual: str
    outcome: Outcome
    runs: str | None = None
    method: str | None = None


class BudgetReport(Model):
    """Whether a page keeps a budget.

    Attributes:
        passed: no error is over or not measured.
        lines: what is over or not measured first.
        notes: what the budget asks for that could not be asked of this audit.
    """

    audit_id: str
    url: str
    device: Device
    runs: int
    passed: bool
    lines: list[BudgetLine]
    notes: list[str] = Field(default_factory=list)
