"""What inspect_keys answers. Sizes in bytes, times in seconds."""

from pydantic import BaseModel, Field

from stacksight_core.sent import Seconds


class KeyView(BaseModel):
    """One key, bounded: ``content`` is untrusted text, secrets masked."""

    key: str
    type: str
    encoding: str | None = None
    length: int | None = None
    memory_bytes: int | None = None
    expires_s: Seconds | None = None
    idle_s: int | None = None
    content: list[str] = Field(default_factory=list)
    shown: int = 0


class Prefix(BaseModel):
    """Keys that begin alike, among those looked at."""

    prefix: str
    keys: int
    types: str
    memory_bytes: int
    without_expiry: int


class KeyList(BaseModel):
    """One key, or a summary of the keys that were looked at."""

    conclusion: str
    key: KeyView | None = None
    prefixes: list[Prefix] = Field(default_factory=list)
    largest: list[KeyView] = Field(default_factory=list)
    scanned: int = 0
    matched: int = 0
    total: int = 0
    notes: list[str] = Field(default_factory=list)
    next_cursor: str | None = None
