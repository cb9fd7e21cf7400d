"""What compare_plans answers."""

from pydantic import BaseModel, Field

from stacksight_postgres.plans.compare import Comparison


class PlanComparison(BaseModel):
    """Two plans and what differs between them."""

    before: str = Field(description="Handle of the plan before.")
    after: str = Field(description="Handle of the plan after.")
    with_after: str | None = Field(
        default=None, description="Hypothetical indexes and settings of the plan after."
    )
    comparison: Comparison
    notes: list[str] = Field(default_factory=list)
