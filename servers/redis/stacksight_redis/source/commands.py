"""The commands that this server may send, each with the most it may ask for.

Nothing else leaves the process: not a write, not a script, and no read without a bound. This guards
against our own mistakes; a user who must not rely on it gives the server a read-only ACL user.
"""

from collections.abc import Callable, Mapping, Sequence

Argument = str | bytes | int | float
Command = Sequence[Argument]

MAX_ITEMS = 1_000
"""Elements of a collection that one command may return."""

SCAN_COUNT = 400
"""Keys one SCAN looks at: about 0.2 ms on the server."""

MAX_TEXT = 256 * 1024
"""Bytes of one string that are read."""

Check = Callable[[Command], bool]


def _always(_: Command) -> bool:
    return True


def _fields(arguments: Command) -> bool:
    return len(arguments) - 1 <= MAX_ITEMS


def _span(arguments: Command) -> bool:
    """The second and third argument are a start and a stop on the same side of zero."""
    start, stop = int(arguments[1]), int(arguments[2])
    return (start >= 0) == (stop >= 0) and stop - start < MAX_ITEMS


def _text_span(arguments: Command) -> bool:
    start, stop = int(arguments[1]), int(arguments[2])
    return start >= 0 and 0 <= stop - start < MAX_TEXT


def _option(name: str, limit: int, after: int = 1) -> Check:
    def check(arguments: Command) -> bool:
        words = [str(argument).upper() for argument in arguments]
        return name in words and 0 < int(words[words.index(name) + after]) <= limit

    return check


def _second(arguments: Command) -> bool:
    return 0 < int(arguments[1]) <= MAX_ITEMS


def _no_full_samples(arguments: Command) -> bool:
    return len(arguments) == 1 or (str(arguments[1]) == "SAMPLES" and 0 < int(arguments[2]) <= 10)


ALLOWED: Mapping[str, Check] = {
    # one number, one element, O(1) or O(log N)
    "PING": _always,
    "TIME": _always,
    "DBSIZE": _always,
    "TYPE": _always,
    "EXISTS": _fields,
    "PTTL": _always,
    "STRLEN": _always,
    "LLEN": _always,
    "HLEN": _always,
    "SCARD": _always,
    "ZCARD": _always,
    "XLEN": _always,
    "HSTRLEN": _always,
    "SISMEMBER": _always,
    "ZSCORE": _always,
    "ZCOUNT": _always,
    "LINDEX": _always,
    "OBJECT ENCODING": _always,
    "OBJECT IDLETIME": _always,
    "MEMORY USAGE": _no_full_samples,
    # parts of a collection
    "GETRANGE": _text_span,
    "LRANGE": _span,
    "LPOS": _option("MAXLEN", 20_000),
    "HMGET": _fields,
    "HRANDFIELD": _second,
    "SRANDMEMBER": _second,
    "ZRANGE": _span,
    "ZREVRANGE": _span,
    "ZREVRANGEBYSCORE": _option("LIMIT", MAX_ITEMS, after=2),
    "JSON.GET": lambda arguments: len(arguments) == 1,  # sizes are asked first
    "XREVRANGE": _option("COUNT", MAX_ITEMS),
    "XINFO GROUPS": _always,
    "SCAN": _option("COUNT", SCAN_COUNT),
    "SSCAN": _option("COUNT", MAX_ITEMS),
    # about the server
    "INFO": _always,
    "ACL WHOAMI": _always,
    "ACL DRYRUN": lambda arguments: str(arguments[1]) == "SET",
    "CLIENT LIST": _always,
    "SLOWLOG GET": lambda arguments: len(arguments) == 1 and int(arguments[0]) <= 128,
    "SLOWLOG LEN": _always,
    "LATENCY LATEST": _always,
    "PUBSUB CHANNELS": _always,
    "PUBSUB NUMPAT": _always,
    "PUBSUB NUMSUB": _fields,
    "PUBSUB SHARDCHANNELS": _always,
    "PUBSUB SHARDNUMSUB": _fields,
}

_CONTAINERS = frozenset(name.split()[0] for name in ALLOWED if " " in name)


class ForbiddenCommandError(Exception):
    """This server tried to send a command that it may not send: a defect of the server."""


def check_command(command: Command) -> None:
    """Return when the command may be sent.

    Raises:
        ForbiddenCommandError: it is not in the list, or asks for more than the list allows.
    """
    size = 2 if str(command[0]) in _CONTAINERS else 1
    name = " ".join(str(word) for word in command[:size])
    check = ALLOWED.get(name)
    if check is None or not check(command[size:]):
        raise ForbiddenCommandError(f"{name} with {len(command) - size} arguments")
