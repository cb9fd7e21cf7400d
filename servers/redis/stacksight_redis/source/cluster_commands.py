"""How a command is sent to a cluster: to the node of its key, to all primaries, or to any. Pure.

A SCAN goes through one primary after the other: its cursor holds the number of the node as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stacksight_redis.source.commands import Argument, Command

_NO_KEY = frozenset("PING TIME DBSIZE INFO ACL CLIENT SLOWLOG LATENCY PUBSUB SCAN PUBLISH".split())
_SECOND = frozenset("OBJECT MEMORY XINFO".split())
"""Their key comes after a subcommand."""

_ADDED_UP = frozenset(("DBSIZE", "EXISTS", "SLOWLOG LEN", "PUBSUB NUMPAT"))
_JOINED = frozenset(
    ("PUBSUB CHANNELS", "PUBSUB SHARDCHANNELS", "SLOWLOG GET", "LATENCY LATEST", "CLIENT LIST")
)
_COUNTED = frozenset(("PUBSUB NUMSUB", "PUBSUB SHARDNUMSUB"))
EVERYWHERE = _ADDED_UP - {"EXISTS"} | _JOINED | _COUNTED


@dataclass(frozen=True)
class Part:
    """A command for one node; ``node`` is the number of a primary, unless the command has a key."""

    command: Command
    node: int = 0


def keys_of(command: Command) -> Sequence[Argument]:
    """The keys of a command of ours; empty for one that concerns a node."""
    name = str(command[0])
    if name == "EVAL":
        return command[3 : 3 + int(command[2])]
    if name in _NO_KEY:
        return ()
    if name == "EXISTS":
        return command[1:]
    return command[2:3] if name in _SECOND else command[1:2]


def split(command: Command, nodes: int) -> list[Part]:
    """The commands that are sent for one command.

    Args:
        command: any that this server sends.
        nodes: how many primaries there are.
    """
    if command[0] == "EXISTS":
        return [Part(("EXISTS", key)) for key in command[1:]]
    if command[0] == "SCAN":
        cursor, node = divmod(int(command[1]), nodes)
        return [Part(("SCAN", cursor, *command[2:]), node)]
    if _name(command) in EVERYWHERE:
        return [Part(command, node) for node in range(nodes)]
    return [Part(command)]


def node_cursor(command: Command, answer: Any, nodes: int) -> Any:
    """A SCAN's answer with the cursor of the whole cluster: at a node's end the next one begins."""
    if isinstance(answer, Exception):
        return answer
    node = int(command[1]) % nodes
    cursor = int(answer[0])
    if cursor:
        return [cursor * nodes + node, answer[1]]
    return [node + 1 if node + 1 < nodes else 0, answer[1]]


def merge(command: Command, answers: Sequence[Any]) -> Any:
    """One answer out of those of several nodes; the first error, if any is one."""
    error = next((answer for answer in answers if isinstance(answer, Exception)), None)
    if error is not None or len(answers) == 1:
        return error or answers[0]
    name = _name(command)
    if name in _ADDED_UP:
        return sum(answers)
    if name == "CLIENT LIST":
        return b"\n".join(answers)
    if name in _JOINED:
        joined = [item for answer in answers for item in answer]
        return sorted(set(joined)) if name.startswith("PUBSUB") else joined
    if name in _COUNTED:
        counts = [sum(column) for column in zip(*(a[1::2] for a in answers), strict=True)]
        return [item for pair in zip(answers[0][::2], counts, strict=True) for item in pair]
    return answers[0]


def _name(command: Command) -> str:
    if command[0] in ("SLOWLOG", "PUBSUB", "LATENCY", "CLIENT"):
        return " ".join(str(word) for word in command[:2])
    return str(command[0])
