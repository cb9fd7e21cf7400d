"""What run_query answers."""

from pydantic import BaseModel, Field


class Column(BaseModel):
    """A column of an answer."""

    name: str
    type: str


class QueryRows(BaseModel):
    """Rows of a statement, or the first of them."""

    columns: list[Column]
    rows: list[list[str | None]] = Field(description="Cells as PostgreSQL writes them.")
    first_row: int = Field(description="Number of the first row here, from 1.")
    seconds: float
    cut_cells: int = Field(default=0, description="Cells that are longer than shown.")
    masked_cells: int = Field(default=0, description="Cells in which a secret is masked.")
    cell_chars: int
    more: bool = False
    unordered: bool = Field(default=False, description="More rows follow, in no fixed order.")
    next_cursor: str | None = None
