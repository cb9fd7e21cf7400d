"""What list_objects and describe_table answer."""

from typing import Literal

from pydantic import BaseModel, Field

ObjectKind = Literal[
    "table",
    "view",
    "materialized_view",
    "foreign_table",
    "function",
    "sequence",
    "enum",
    "extension",
]


class ListedObject(BaseModel):
    """One object of a list."""

    name: str = Field(description="With its schema where the name alone does not mean it.")
    kind: str
    rows: int | None = Field(default=None, description="Estimated; missing when never analyzed.")
    bytes: int | None = Field(default=None, description="With indexes and TOAST.")
    partitions: int | None = None
    references: list[str] | None = Field(default=None, description="By foreign keys.")
    detail: str | None = None
    comment: str | None = None


class ObjectList(BaseModel):
    """A page of a database's objects."""

    database: str
    version: str
    role: str
    superuser: bool
    counts: dict[str, int] = Field(description="How many there are of each kind.")
    objects: list[ListedObject]
    first: int = 1
    next_cursor: str | None = None


class ColumnInfo(BaseModel):
    """A column of a table."""

    name: str
    type: str
    nullable: bool
    default: str | None = None
    distinct: int | None = Field(default=None, description="Estimated number of distinct values.")
    null_share: float | None = None
    common: list[str] | None = Field(default=None, description="Most common values.")
    enum: list[str] | None = None
    comment: str | None = None


class IndexInfo(BaseModel):
    """An index of a table."""

    name: str
    definition: str = Field(description="Method, keys, INCLUDE and WHERE.")
    bytes: int
    scans: int
    flags: list[str] = Field(default_factory=list, description="primary, unique, INVALID.")


class ForeignKey(BaseModel):
    """A foreign key, seen from either side."""

    name: str
    columns: list[str]
    other_table: str
    other_columns: list[str]
    actions: str | None = None
    indexed: bool | None = Field(default=None, description="An index begins with the columns.")


class TableInfo(BaseModel):
    """Everything about one relation that helps to query it."""

    name: str
    kind: str
    rows: int | None = None
    bytes: int | None = None
    table_bytes: int | None = None
    index_bytes: int | None = None
    dead_rows: int | None = None
    changed_rows: int | None = Field(default=None, description="Since the last analyze.")
    last_analyze: str | None = None
    last_vacuum: str | None = None
    sequential_scans: int | None = None
    index_scans: int | None = None
    comment: str | None = None
    readable: bool = Field(default=True, description="Whether this role may SELECT from it.")
    row_security: str | None = Field(default=None, description="enabled or forced.")
    columns: list[ColumnInfo]
    hidden_columns: int = 0
    indexes: list[IndexInfo] = Field(default_factory=list)
    foreign_keys: list[ForeignKey] = Field(default_factory=list)
    referenced_by: list[ForeignKey] = Field(default_factory=list)
    constraints: list[str] = Field(default_factory=list)
    triggers: list[str] = Field(default_factory=list)
    policies: list[str] = Field(default_factory=list)
    partition_key: str | None = None
    partition_of: str | None = None
    partitions: list[str] = Field(default_factory=list)
    definition: str | None = Field(default=None, description="A view's SELECT.")
    omitted: list[str] = Field(default_factory=list, description="What was left out for length.")
