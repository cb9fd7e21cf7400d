"""What recommend_indexes answers."""

from pydantic import BaseModel, Field


class QueryGain(BaseModel):
    """What an index, with the others, does for one query, in the planner's cost units."""

    query: str
    before: float
    after: float


class DropAdvice(BaseModel):
    """An existing index that a recommended one makes redundant."""

    index: str
    bytes: int
    statement: str


class IndexAdvice(BaseModel):
    """A recommended index."""

    statement: str
    bytes: int | None = Field(default=None, description="As built, with deduplication.")
    saves: float | None = Field(
        default=None, description="Share of the total cost that would come back without it."
    )
    queries: list[QueryGain] = []
    reason: str | None = None
    rows_written_per_s: float | None = None
    hot_share: float | None = Field(
        default=None, description="Share of updates that so far change no index (HOT)."
    )
    redundant: list[DropAdvice] = []
    notes: list[str] = []


class QueryVerdict(BaseModel):
    """What becomes of one query."""

    query: str
    text: str
    calls: int | None = None
    before: float
    after: float
    why: str | None = Field(default=None, description="Why no index helps it.")


class Advice(BaseModel):
    """Recommended indexes for a set of queries."""

    what_if: bool = Field(description="Whether costs were asked of the planner, by hypopg.")
    before: float | None = Field(default=None, description="Total cost without new indexes.")
    after: float | None = None
    budget_bytes: float | None = None
    total_bytes: int = 0
    indexes: list[IndexAdvice]
    queries: list[QueryVerdict] = []
    suggestions: list[str] = Field(
        default=[], description="From rules; their cost cannot be asked of the planner."
    )
    not_examined: list[str] = []
    notes: list[str] = []
    cut: bool = Field(default=False, description="Whether the time limit ended the search.")
    seconds: float
