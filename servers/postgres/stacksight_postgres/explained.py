"""What explain_query works with and answers."""

from dataclasses import dataclass, field

from pydantic import BaseModel, Field

from stacksight_postgres.plans.findings import Finding
from stacksight_postgres.plans.model import Plan


@dataclass(frozen=True)
class Variant:
    """A statement in one of the ways it is explained.

    Attributes:
        label: "" for the caller's own values, or typical, worst, generic.
        sql: with values in the place of parameters, but for generic.
        types: of the parameters, for generic.
        values: chosen from the statistics, as text.
    """

    label: str
    sql: str
    types: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class TriedIndex:
    """An index that was tried hypothetically and used by the plan.

    Attributes:
        create: the statement that makes it.
        node: number of the scan it was meant for.
        cost_before: without it, with those chosen before.
        cost_after: with it.
        bytes: its size as hypopg estimates it, which is too much for a column with many duplicates.
    """

    create: str
    node: int | None
    cost_before: float
    cost_after: float
    bytes: int


@dataclass(frozen=True)
class KeptPlan:
    """A plan under its handle, for comparing.

    Attributes:
        sql: the statement, as it was explained.
        plan: its plan.
        hypothetical: indexes that were pretended.
        database: name of the database that planned it.
    """

    sql: str
    plan: Plan
    hypothetical: tuple[str, ...] = ()
    database: str = ""


class PlanAnswer(BaseModel):
    """A plan, explained."""

    plan: str = Field(description="Handle of this plan.")
    values: str | None = Field(default=None, description="Where the values of $1 came from.")
    cost: float = Field(description="Estimated total cost, in the planner's units.")
    cost_without: float | None = Field(
        default=None, description="The cost without the hypothetical indexes."
    )
    rows: float = Field(description="Rows: actual when measured, else estimated.")
    execution_ms: float | None = None
    planning_ms: float | None = None
    settings: dict[str, str] | None = None
    findings: list[Finding]
    more_findings: int = 0
    tree: list[str] = Field(description="The plan's nodes, two spaces of indentation a level.")
    hidden_nodes: int = 0


class ExplainAnswer(BaseModel):
    """The plans of a statement: one, or one for each choice of values."""

    measured: bool = Field(description="Whether the statement was run.")
    hypothetical: list[str] | None = Field(
        default=None, description="Indexes that were pretended to exist."
    )
    plans: list[PlanAnswer]
    notes: list[str] = Field(default_factory=list, description="What was not examined, and why.")
