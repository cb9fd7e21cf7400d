"""The tool about processes: list_workers."""

from collections.abc import Sequence
from typing import Literal

from mcp.server.mcpserver import Context
from pydantic import BaseModel, Field

from stacksight_core.layout import render_table
from stacksight_core.redact import redact_assignments
from stacksight_core.threads import in_thread
from stacksight_core.tools import source_of, tool
from stacksight_core.units import format_duration, plural
from stacksight_core.untrusted import inline
from stacksight_redis.analysis.queue_status import late_after_s
from stacksight_redis.facts.info import parse_info
from stacksight_redis.facts.names import DEFAULT_NAMESPACE
from stacksight_redis.facts.queues import Held, Observed, QueueFacts
from stacksight_redis.source.connection import NotPermittedError, Source
from stacksight_redis.source.discovery import discover
from stacksight_redis.source.job_reader import text
from stacksight_redis.source.local_processes import find_local_processes
from stacksight_redis.source.process_reader import observe_processes
from stacksight_redis.source.queue_reader import read_snapshot

MAX_QUEUES = 200
WORKERS_SHOWN = 50
MAX_CLIENTS = 1_000
CONNECTIONS_SHOWN = 20
MAX_CONNECTIONS = 500
LOOPBACK = ("127.0.0.1", "::1")
SCRIPT_COMMANDS = ("evalsha", "eval", "fcall")

NOTE_ROLES = (
    "A producer leaves a heartbeat too, at every send. consumer: it spoke while being watched, or "
    "holds messages; silent ones without messages are producers, or workers that have stopped."
)
NOTE_NO_LINK = (
    "Redis holds no link between a Dramatiq process and a connection; with one worker it is the "
    "one. Running and prefetched messages look the same."
)

State = Literal["alive", "late", "dead"]


class Worker(BaseModel):
    """A process by its heartbeat; ``holds`` is what it fetched and has not acknowledged."""

    process: str
    namespace: str
    state: State
    role: Literal["consumer", "producer or stopped"]
    silent_s: float
    holds: list[str] = Field(default_factory=list)


class Connection(BaseModel):
    """Connections of one process (or one address) whose last command was a script."""

    address: str
    connections: int = 1
    idle_s: int
    name: str | None = None
    pid: int | None = None
    command: str | None = None


class WorkerList(BaseModel):
    """All processes with a heartbeat that matter."""

    conclusion: str
    workers: list[Worker]
    others: int = 0
    connections: list[Connection] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)


def render_workers(answer: WorkerList) -> str:
    """The text of list_workers."""
    parts = [answer.conclusion]
    if answer.workers:
        rows = [
            (
                worker.process
                if worker.namespace == DEFAULT_NAMESPACE
                else f"{worker.process} ({worker.namespace})",
                worker.state,
                worker.role,
                format_duration(worker.silent_s),
                "; ".join(worker.holds) or None,
            )
            for worker in answer.workers
        ]
        parts += ["", render_table(("process", "state", "role", "silent for", "holds"), rows)]
    if answer.others:
        others = plural(answer.others, "more silent heartbeat")
        parts.append(f"{others} without messages: producers, or workers that have stopped.")
    if answer.connections:
        connections = [
            (
                connection.address,
                connection.connections,
                format_duration(connection.idle_s),
                connection.name,
                connection.pid,
                connection.command,
            )
            for connection in answer.connections
        ]
        columns = ("address", "connections", "idle", "client name", "pid", "command")
        parts += ["", render_table(columns, connections, cell_limit=120)]
    return "\n".join([*parts, *answer.notes])


@tool(title="List workers", render=render_workers)
async def list_workers(
    ctx: Context[Source],
) -> WorkerList:
    """List Dramatiq processes: alive, late or dead, consumer or producer, and what each holds.

    On this machine also the pids of connections. May watch for 1.6 s.
    Example: list_workers()
    """
    source = source_of(ctx)
    found = await discover(source)
    snapshot = await read_snapshot(source, found.queues[:MAX_QUEUES], found.namespaces)
    late_s = late_after_s(source.settings.heartbeat_timeout_s)
    holders = {held.process.id for facts in snapshot.queues for held in facts.held}
    observed = await observe_processes(source, found.namespaces, holders)
    workers = [_worker(seen, snapshot.queues, late_s) for seen in observed]
    notable = [w for w in workers if w.role == "consumer" or w.holds]
    notable.sort(key=lambda w: (w.state == "alive", w.state == "late", -len(w.holds), w.silent_s))
    shown = notable[:WORKERS_SHOWN]
    notes = [NOTE_ROLES] if workers else []
    if len(notable) > len(shown):
        notes.append(f"{len(notable) - len(shown)} more hold messages or speak.")
    connections = await _connections(source, notes)
    if connections:
        notes.append(NOTE_NO_LINK)
    return WorkerList(
        conclusion=_conclude(notable, source),
        workers=shown,
        others=len(workers) - len(notable),
        connections=connections,
        notes=notes,
    )


def _worker(seen: Observed, queues: Sequence[QueueFacts], late_s: float) -> Worker:
    process = seen.process
    holds = []
    for facts in queues:
        for held in facts.held:
            if held.process.id == process.id and held.process.namespace == process.namespace:
                parts = [f"{held.messages} in flight{_age(held)}"] if held.messages else []
                parts += [f"{held.delayed} delayed"] if held.delayed else []
                holds.append(f"{facts.queue.name}: {', '.join(parts)}")
    state: State = "alive" if process.silent_s <= late_s else "late" if process.alive else "dead"
    return Worker(
        process=process.short,
        namespace=process.namespace,
        state=state,
        role="consumer" if seen.spoke or holds else "producer or stopped",
        silent_s=process.silent_s,
        holds=holds,
    )


def _age(held: Held) -> str:
    if held.oldest_s is None:
        return ""
    return f" (oldest enqueued {format_duration(held.oldest_s)} ago)"


def _conclude(workers: Sequence[Worker], source: Source) -> str:
    if not workers:
        return "No worker is alive and none holds messages."
    alive = sum(worker.state == "alive" for worker in workers)
    told = [f"{plural(alive, 'consumer')} alive"]
    late = [worker.process for worker in workers if worker.state == "late"]
    dead = [worker.process for worker in workers if worker.state == "dead"]
    if late:
        after = late_after_s(source.settings.heartbeat_timeout_s)
        told.append(f"late (silent for over {after:g} s): {', '.join(late[:5])}")
    if dead:
        timeout = f"{source.settings.heartbeat_timeout_s:g} s"
        told.append(f"dead (silent for over {timeout}) and holding messages: {', '.join(dead[:5])}")
    return f"{'; '.join(told)}."


async def _connections(source: Source, notes: list[str]) -> list[Connection]:
    clients = parse_info(await source.run("INFO", "clients"))
    if int(clients.get("connected_clients", 0)) > MAX_CLIENTS:
        notes.append("Too many connections to list them.")
        return []
    try:
        listing = text(await source.run("CLIENT", "LIST", "TYPE", "normal"))
    except NotPermittedError as refused:
        notes.append(f"Connections are not shown: {refused}")
        return []
    connections = []
    for line in listing.splitlines():
        fields = dict(part.split("=", 1) for part in line.split(" ") if "=" in part)
        if fields.get("cmd", "").split("|")[0] in SCRIPT_COMMANDS:
            connections.append(
                Connection(
                    address=fields.get("addr", "?"),
                    idle_s=int(fields.get("idle", 0)),
                    name=inline(fields["name"], 60) if fields.get("name") else None,
                )
            )
    connections = connections[:MAX_CONNECTIONS]
    ports = {_port(c.address): c for c in connections if c.address.startswith(LOOPBACK)}
    here = await in_thread(find_local_processes, ports)
    for port, (pid, command) in here.items():
        ports[port].pid = pid
        ports[port].command = inline(redact_assignments(command.strip()), 120)
    return _by_process(connections)[:CONNECTIONS_SHOWN]


def _by_process(connections: Sequence[Connection]) -> list[Connection]:
    """Put the connections of one process together; others stay as they are."""
    groups: dict[object, Connection] = {}
    for connection in connections:
        key = connection.pid or connection.address
        if key not in groups:
            groups[key] = connection
            continue
        groups[key].connections += 1
        groups[key].idle_s = min(groups[key].idle_s, connection.idle_s)
    return list(groups.values())


def _port(address: str) -> int:
    return int(address.rpartition(":")[2])
