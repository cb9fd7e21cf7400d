"""The names of Dramatiq's keys (dramatiq/brokers/redis/dispatch.lua, the same since 1.2)."""

import hashlib
import re
from dataclasses import dataclass

DEFAULT_NAMESPACE = "dramatiq"
HEARTBEATS = "__heartbeats__"
PAYLOADS = ".msgs"
DELAYED = ".DQ"
DEAD = ".XQ"

# One pass over the keys has to find those that end in ".msgs" and in "__heartbeats__". A glob has
# no alternatives, but the last five characters of both, ".msgs" and "ats__", fit these classes.
QUEUE_KEYS_GLOB = "*:*[.a][mt]s[g_][s_]"

# What Dramatiq accepts as a queue's name (dramatiq/actor.py). A key with any other name is not its
# own, and could carry a text for whoever reads the answer.
_QUEUE_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9._-]{0,199}")
_NAMESPACE = re.compile(r"[!-~]{1,200}")


@dataclass(frozen=True, order=True)
class Queue:
    """A queue by its canonical name (without .DQ or .XQ) in its namespace."""

    namespace: str
    name: str

    @property
    def label(self) -> str:
        """The name as a tool takes and shows it."""
        return self.name if self.namespace == DEFAULT_NAMESPACE else self.base

    @property
    def base(self) -> str:
        """List of the ids that wait, head first."""
        return f"{self.namespace}:{self.name}"

    @property
    def payloads(self) -> str:
        """Hash from id to message, of what waits and of what is in flight."""
        return self.base + PAYLOADS

    @property
    def delayed(self) -> str:
        """List of the delayed ids that no worker has fetched into its memory yet."""
        return self.base + DELAYED

    @property
    def delayed_payloads(self) -> str:
        """Hash from id to message, of all that is delayed."""
        return self.delayed + PAYLOADS

    @property
    def dead(self) -> str:
        """Sorted set of the dead ids by the time of death in ms."""
        return self.base + DEAD

    @property
    def dead_payloads(self) -> str:
        """Hash from id to dead message."""
        return self.dead + PAYLOADS

    def held(self, process: str) -> str:
        """Set of the ids that a process has fetched and not acknowledged."""
        return f"{self.namespace}:__acks__.{process}.{self.name}"

    def held_delayed(self, process: str) -> str:
        """The same for delayed messages."""
        return self.held(process) + DELAYED


def heartbeats(namespace: str) -> str:
    """Sorted set of process ids by the time of their last command in ms, producers included."""
    return f"{namespace}:{HEARTBEATS}"


def parse_key(key: str) -> tuple[str, str | None]:
    """Return namespace and canonical queue name of a key found with QUEUE_KEYS_GLOB.

    The name is None for the heartbeats. A queue's name holds no colon (Dramatiq refuses it), a
    namespace may.
    """
    namespace, _, rest = key.rpartition(":")
    if rest == HEARTBEATS:
        return namespace, None
    name = rest.removesuffix(PAYLOADS)
    return namespace, name.removesuffix(DELAYED).removesuffix(DEAD)


def is_queue_name(name: str) -> bool:
    """Whether Dramatiq would accept the name of a queue."""
    return _QUEUE_NAME.fullmatch(name) is not None


def is_namespace(name: str) -> bool:
    """Whether a namespace is one word of plain characters."""
    return _NAMESPACE.fullmatch(name) is not None


def parse_queue(label: str) -> Queue:
    """Return the queue that a caller means; ``.DQ`` and ``.XQ`` are parts of it, not queues."""
    namespace, _, name = label.strip().rpartition(":")
    name = name.removesuffix(PAYLOADS).removesuffix(DELAYED).removesuffix(DEAD)
    return Queue(namespace or DEFAULT_NAMESPACE, name)


def result_keys(namespace: str, queue: str, actor: str, message_id: str) -> list[str]:
    """Where a result may be: the default hashed key, and the readable one of 2.2 and newer."""
    plain = f"{namespace}:{queue.removesuffix(DELAYED)}:{actor}:{message_id}"
    return [hashlib.md5(plain.encode(), usedforsecurity=False).hexdigest(), plain]
