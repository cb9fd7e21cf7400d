"""Shows what a pickle holds without running any of it."""

import io
import pickle
import pickletools
from typing import Any

MAX_PICKLE_BYTES = 256 * 1024
MAX_OPCODES = 50_000
MAX_NODES = 5_000
MAX_DEPTH = 20

ERROR_TOO_LARGE = "a pickle of {size:,} bytes, too large to look into safely"
ERROR_OBJECTS = "a pickle that holds more than plain data"
ERROR_BROKEN = "a pickle that cannot be read ({reason})"


_NAMING = frozenset(
    "GLOBAL STACK_GLOBAL INST EXT1 EXT2 EXT4 PERSID BINPERSID REDUCE BUILD OBJ NEWOBJ "
    "NEWOBJ_EX".split()
)


class PickleRefusedError(ValueError):
    """The bytes are not shown as a pickle; the message says why."""


class _Inert:
    """Stands for any class or function named in a pickle; calling it does nothing."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.arguments = (*arguments, *options.items())

    def __call__(self, *arguments: Any, **options: Any) -> "_Inert":
        return type(self)(*getattr(self, "arguments", ()), *arguments, **options)

    def __setstate__(self, state: Any) -> None:
        self.arguments = (*getattr(self, "arguments", ()), state)

    def append(self, item: Any) -> None:
        """Take what a pickled list subclass would."""
        self.arguments = (*getattr(self, "arguments", ()), item)

    def extend(self, items: Any) -> None:
        """Take what a pickled list subclass would."""
        self.arguments = (*getattr(self, "arguments", ()), *items)

    def __setitem__(self, key: Any, item: Any) -> None:
        self.arguments = (*getattr(self, "arguments", ()), (key, item))


class _InertUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str, /) -> type[_Inert]:
        return type(f"{module}.{name}", (_Inert,), {})

    def persistent_load(self, pid: Any, /) -> str:
        return f"<persistent {pid!r}>"


def is_pickle(data: bytes) -> bool:
    """Tell whether bytes begin as pickles of protocol 2 and newer do."""
    return data[:1] == b"\x80" and len(data) > 2 and 2 <= data[1] <= 5


def read_pickle(data: bytes) -> Any:
    """Return the pickled value as JSON-like data; objects become ``<unexecuted module.name(…)>``.

    Nothing named in the pickle is imported or called.

    Raises:
        PickleRefusedError: it is too large or broken.
    """
    try:
        too_large = len(data) > MAX_PICKLE_BYTES or _opcodes_exceed(data, MAX_OPCODES)
        value = None if too_large else _InertUnpickler(io.BytesIO(data)).load()
    except Exception as error:  # a hostile pickle can raise anything
        raise PickleRefusedError(ERROR_BROKEN.format(reason=type(error).__name__)) from error
    if too_large:
        raise PickleRefusedError(ERROR_TOO_LARGE.format(size=len(data)))
    return _plain(value, [MAX_NODES], 0)


def load_plain(data: bytes) -> Any:
    """Return the pickled value itself where it holds nothing but plain data.

    Raises:
        PickleRefusedError: it is too large or broken, or it names a class or function.
    """
    read_pickle(data)  # refuses what is too large to load
    if any(opcode.name in _NAMING for opcode, _, _ in pickletools.genops(data)):
        raise PickleRefusedError(ERROR_OBJECTS)
    return _InertUnpickler(io.BytesIO(data)).load()


def _opcodes_exceed(data: bytes, limit: int) -> bool:
    return any(count > limit for count, _ in enumerate(pickletools.genops(data)))


def _plain(value: Any, budget: list[int], depth: int) -> Any:
    """Turn loaded data into JSON-like data; shared parts could unfold without end, so count."""
    budget[0] -= 1
    if budget[0] < 0 or depth > MAX_DEPTH:
        return "…"

    def inside(item: Any) -> Any:
        return _plain(item, budget, depth + 1)

    plain: Any
    match value:
        case None | bool() | int() | float() | str():
            plain = value
        case bytes() | bytearray():
            plain = f"<{len(value)} bytes>"
        case dict():
            plain = {str(inside(key)): inside(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            plain = [inside(item) for item in value]
        case _Inert():
            arguments = ", ".join(str(inside(item)) for item in getattr(value, "arguments", ()))
            plain = f"<unexecuted {type(value).__name__}({arguments})>"
        case _:
            plain = f"<unexecuted {getattr(value, '__name__', type(value).__name__)}>"
    return plain
