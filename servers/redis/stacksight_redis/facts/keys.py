"""What is read about keys. No I/O."""

from dataclasses import dataclass


@dataclass(frozen=True)
class KeyFacts:
    """What is cheap to know of a key; -1 ms means that it does not expire."""

    key: bytes
    type: str
    memory: int
    expires_ms: int
    length: int | None = None
    encoding: str | None = None
    idle_s: int | None = None


@dataclass(frozen=True)
class Scan:
    """A part of a pass over the keys; ``position`` is 0 at its end."""

    keys: list[KeyFacts]
    scanned: int
    matched: int
    position: int
    total: int
