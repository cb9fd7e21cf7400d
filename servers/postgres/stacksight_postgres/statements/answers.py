"""What top_queries and capture_queries answer."""

from typing import Literal

from pydantic import BaseModel, Field

from stacksight_core.sent import Seconds

Ranking = Literal["total_time", "mean_time", "calls", "rows", "io", "temp", "wal"]


class RankedStatement(BaseModel):
    """A statement with what it did."""

    id: str = Field(description="queryid, for query_id.")
    share: float = Field(description="Of the database's total of what is ranked by, 0 to 1.")
    calls: int
    total_ms: float
    mean_ms: float
    rows: int
    hit_share: float | None = Field(default=None, description="Blocks found in the cache, 0 to 1.")
    read_blocks: int
    temp_blocks: int
    wal_bytes: int
    query: str


class TopQueries(BaseModel):
    """The statements that took most of something."""

    by: Ranking
    statements: list[RankedStatement]
    total: int = Field(description="How many statements are known.")
    total_ms: float
    age_s: Seconds | None = Field(default=None, description="Seconds since the statistics' reset.")
    dropped: int = Field(default=0, description="How often entries were evicted since.")
    notes: list[str] = Field(default_factory=list)


class NPlusOne(BaseModel):
    """A statement that is run again for each row of another."""

    query: str
    calls: int
    total_ms: float
    rows_per_call: float
    parent: str | None = None
    parent_calls: int | None = None
    parent_rows: int | None = None
    fix: str


class TableWork(BaseModel):
    """What was done to a table."""

    table: str
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    sequential_scans: int = 0
    rows_read_sequentially: int = 0


class Captured(BaseModel):
    """What the database did during a capture."""

    capture: str
    running: bool
    seconds: float | None = Field(default=None, description="Since start; missing at the start.")
    calls: int
    total_ms: float
    suspects: list[NPlusOne] = Field(default_factory=list)
    statements: list[RankedStatement] = Field(default_factory=list)
    new: list[str] = Field(default_factory=list, description="queryids not seen before.")
    hidden_statements: int = 0
    tables: list[TableWork] = Field(default_factory=list)
    rollbacks: int = 0
    deadlocks: int = 0
    temp_bytes: int = 0
    notes: list[str] = Field(default_factory=list)
