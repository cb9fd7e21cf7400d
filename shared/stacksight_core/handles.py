"""Handles: short ids for what a tool keeps between calls (captures, plans, audits)."""

import secrets
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from stacksight_core.errors import ToolFailure
from stacksight_core.names import did_you_mean

ValueT = TypeVar("ValueT")

ERROR_UNKNOWN_HANDLE = "There is no {kind} `{handle}`.{near} {known}"
KNOWN_SOME = "This server process keeps: {handles}."
KNOWN_NONE = "This server process keeps none; they do not outlive it."


class Handles(Generic[ValueT]):
    """A bounded store of values by handle, oldest first.

    Args:
        kind: what a value is, for messages and as the handle's first part: ``capture``.
        capacity: how many are kept; adding one more drops the oldest.
    """

    def __init__(self, kind: str, capacity: int) -> None:
        self._kind = kind
        self._capacity = capacity
        self._values: dict[str, ValueT] = {}

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[tuple[str, ValueT]]:
        return iter(list(self._values.items()))

    def make_room(self, is_over: Callable[[ValueT], bool]) -> ValueT | None:
        """Forget one value if all places are taken, and return it.

        It is the oldest of those that are over, or else the oldest of all.
        """
        if len(self._values) < self._capacity:
            return None
        over = (handle for handle, value in self._values.items() if is_over(value))
        return self._values.pop(next(over, next(iter(self._values))))

    def add(self, value: ValueT) -> str:
        """Keep a value and return its handle, e.g. ``capture-3fa9c1d2``."""
        handle = f"{self._kind}-{secrets.token_hex(4)}"
        self._values[handle] = value
        while len(self._values) > self._capacity:
            del self._values[next(iter(self._values))]
        return handle

    def get(self, handle: str) -> ValueT:
        """Return the value of a handle.

        Raises:
            ToolFailure: nothing is kept under it; the message names what is.
        """
        if handle not in self._values:
            known = KNOWN_SOME.format(handles=", ".join(self._values)) if self else KNOWN_NONE
            near = did_you_mean(handle, self._values)
            raise ToolFailure(
                ERROR_UNKNOWN_HANDLE.format(
                    kind=self._kind, handle=handle[:60], near=near, known=known
                )
            )
        return self._values[handle]

    def pop(self, handle: str) -> ValueT:
        """Return the value of a handle and forget it.

        Raises:
            ToolFailure: nothing is kept under it.
        """
        value = self.get(handle)
        del self._values[handle]
        return value
