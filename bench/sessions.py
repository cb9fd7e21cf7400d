"""What agents ask the servers about the demo, for bench/soak.py: one session after the other.

A session is a generator: it yields what is asked and is sent the answer's text. Its number makes
its arguments differ from those of any other.
"""

import re
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from captions import database

Session = Generator["Ask", str, None]
Fate = Literal["answered", "refused", "cancelled at once", "cancelled at work"]


@dataclass(frozen=True)
class Ask:
    """A request, and what is to become of it.

    Attributes:
        method: of the protocol.
        params: without ``_meta``.
        fate: ``refused`` may be a result with ``isError`` or an error of the protocol; ``cancelled
            at work`` is cancelled when it has reported progress.
    """

    method: str
    params: Mapping[str, Any]
    fate: Fate = "answered"


@dataclass(frozen=True)
class Scene:
    """Where the demo is.

    Attributes:
        web_url: its page.
        project: what its containers are called after.
    """

    web_url: str
    project: str


def call(tool: str, fate: Fate = "answered", **arguments: Any) -> Ask:
    """Call a tool."""
    return Ask("tools/call", {"name": tool, "arguments": arguments}, fate)


def read(uri: str, fate: Fate = "answered") -> Ask:
    """Read a resource."""
    return Ask("resources/read", {"uri": uri}, fate)


def prompt(name: str, fate: Fate = "answered", **arguments: str) -> Ask:
    """Get a prompt."""
    return Ask("prompts/get", {"name": name, "arguments": arguments}, fate)


def complete(owner: str, argument: str, value: str) -> Ask:
    """Complete an argument of a prompt, or of a resource's address."""
    kind = {"uri": owner} if "://" in owner else {"name": owner}
    ref = {"type": "ref/resource" if "://" in owner else "ref/prompt", **kind}
    return Ask("completion/complete", {"ref": ref, "argument": {"name": argument, "value": value}})


def wrong(number: int, tool: str) -> Ask:
    """Ask for something that does not exist, differently each time."""
    match number % 4:
        case 0:
            return call(f"no_such_tool_{number}", "refused")
        case 1:
            return call(tool, "refused", **{f"no_such_argument_{number}": 1})
        case 2:
            return Ask("tools/call", {}, "refused")
        case _:
            return read(f"nowhere://{number}", "refused")


def found(pattern: str, text: str) -> str:
    """Return the first match in an answer.

    Raises:
        ValueError: there is none.
    """
    match = re.search(pattern, text)
    if match is None:
        raise ValueError(f"no {pattern} in: {text}")
    return match[0]


def postgres(number: int, _: Scene) -> Session:
    """Look into tables, tune a query, watch an endpoint."""
    yield call("list_objects", match=("caption", "video", "review", "user")[number % 4])
    yield call("describe_table", table=("captions", "videos", "reviews")[number % 3])
    yield complete("review_table", "table", "cap"[: number % 4])
    yield prompt("review_table", table=f"table_{number}")
    yield call("run_query", sql=f"SELECT id, title, {number} AS n FROM videos ORDER BY id", limit=9)
    yield call("run_query", "refused", sql=f"SELECT * FROM no_such_table_{number}")
    endless = f"SELECT count(*) + {number} FROM generate_series(1, 1000000000) AS endless"
    yield call("run_query", "cancelled at work", sql=endless)
    started = yield call("capture_queries", action="start")
    capture = found(r"capture-[0-9a-f]{8}", started)
    slow = database.CAPTIONS_OF_VIDEO
    explained = yield call("explain_query", sql=slow, params=[number], analyze=number % 2 == 0)
    plan = found(r"plan-[0-9a-f]{8}", explained)
    yield call("explain_query", "cancelled at once", sql=f"{slow} -- {number}", params=[number])
    yield read(f"postgres://plans/{plan}.json")
    yield complete("postgres://plans/{plan}.json", "plan", "plan-")
    indexes = ["captions (video_id)", f"captions (video_id, starts_at_ms) WHERE id > {number}"]
    yield call("compare_plans", before=plan, hypothetical_indexes=indexes)
    yield call("compare_plans", "refused", before=f"plan-{number:08x}")
    yield call("top_queries", match="captions", limit=number % 9 + 1)
    yield call("capture_queries", action="stop", capture=capture)
    yield read(f"postgres://captures/{capture}.json")
    yield call("show_activity")
    yield call("check_migration", sql=f"ALTER TABLE videos ADD COLUMN note_{number} text NOT NULL")
    yield call("check_health", checks=[("indexes", "vacuum", "foreign_keys")[number % 3]])
    if number % 10 == 0:
        yield call("recommend_indexes", queries=[slow, f"{database.VIDEO} -- {number}"], seconds=2)
    yield prompt("tune_query", sql=f"SELECT {number}")
    yield wrong(number, "list_objects")


def redis(number: int, _: Scene) -> Session:
    """Find out why jobs fail, and record what is published."""
    yield call("list_queues")
    yield call("list_queues", match=f"queue-{number}")
    yield call("diagnose_queue", queue=("exports", "thumbnails", "mail")[number % 3])
    yield call("diagnose_queue", "refused", queue=f"queue-{number}")
    yield call("inspect_queue", queue="exports")
    dead = yield call("inspect_queue", queue="exports", state="dead", limit=number % 5 + 1)
    message = found(r"[0-9a-f]{8}-[0-9a-f-]{27}", dead)
    yield call("inspect_message", message_id=message)
    yield call("inspect_message", message_id=f"{number:08x}{message[8:]}")
    yield call("watch_queues", "cancelled at work", seconds=30)
    yield call("watch_queues", seconds=1, queue="exports")
    yield complete("why_is_it_stuck", "queue", "exp"[: number % 4])
    yield prompt("why_is_it_stuck", queue=f"queue-{number}")
    started = yield call("capture_messages", action="start", channels=[f"channel-{number}:*"])
    capture = found(r"capture-[0-9a-f]{8}", started)
    yield call("list_channels", match=f"channel-{number}*")
    awaited = {"contains": f"never {number}"}
    reading = {"action": "read", "capture": capture, "wait_for": awaited, "timeout_s": 30}
    yield call("capture_messages", "cancelled at once", **reading)
    yield read(f"redis://captures/{capture}.json")
    yield call("capture_messages", action="stop", capture=capture)
    yield call("capture_messages", "refused", action="read", capture=f"capture-{number:08x}")
    yield call("list_workers", "cancelled at once")
    yield call("list_workers")
    yield call("check_health")
    yield call("inspect_keys", match=f"dramatiq:*{number % 10}*")
    yield call("inspect_keys", key="dramatiq:exports.XQ")
    yield call("inspect_keys", "refused", key=f"key-{number}")
    yield wrong(number, "list_queues")


def docker(number: int, scene: Scene) -> Session:
    """Find out why a container is down, read its logs, watch it."""
    project = scene.project
    name = f"{project}/{('web', 'worker', 'scheduler', 'export')[number % 4]}"
    yield call("list_containers", project=project)
    yield call("list_containers", match=f"{project}-{number}")
    yield call("diagnose", target=name)
    yield call("diagnose", "refused", target=f"container-{number}")
    yield call("inspect_container", container=name)
    yield call("read_logs", containers=[project], mode="lines", limit=number % 60 + 1)
    yield call("read_logs", containers=[name], mode="patterns")
    yield call("read_logs", containers=[project], match=f"video {number}\\b", since="10m")
    yield call("read_logs", "refused", containers=[name], match=f"({number}")
    yield call("read_logs", "cancelled at once", containers=[project])
    yield call("measure_usage", containers=[name if number % 4 < 3 else project])
    yield call("measure_usage", "cancelled at work", containers=[project], seconds=30)
    yield call("list_events", containers=[project], limit=number % 30 + 1)
    yield call("list_resources", kind=("images", "volumes", "networks")[number % 3])
    yield complete("why_is_it_down", "target", project[: number % 9])
    yield prompt("why_is_it_down", target=f"container-{number}")
    started = yield call("capture_activity", action="start", containers=[project])
    capture = found(r"capture-[0-9a-f]{8}", started)
    yield call("compare_compose", file="compose.dev.yml", project=project)
    yield read(f"docker://captures/{capture}.json")
    yield call("capture_activity", action="stop", capture=capture)
    yield call("capture_activity", "refused", action="read", capture=f"capture-{number:08x}")
    yield wrong(number, "list_containers")


def lighthouse(number: int, scene: Scene) -> Session:
    """Go through kept audits; every 60th session runs two, and the next one gives up."""
    if number % 60 == 0:
        for query in ("old", "new"):
            yield call("run_audit", url=f"{scene.web_url}/?{query}={number}")
    if number % 60 == 1:
        yield call("run_audit", "cancelled at work", url=f"{scene.web_url}/?{number}")
    listed = yield call("list_audits")
    after, before, *_ = re.findall(r"audit-[0-9a-f]{8}", listed)
    yield call("list_audits", match=f"={number // 60 * 60}")
    yield call("inspect_audit", audit_id=before)
    topics = ("color-contrast", "lcp", "requests", "images", "sources")
    yield call("inspect_audit", audit_id=after, topic=topics[number % len(topics)])
    yield call("inspect_audit", "refused", audit_id=after, topic=f"topic-{number}")
    yield call("inspect_audit", "refused", audit_id=f"audit-{number:08x}")
    yield call("compare_audits", before=before, after=after)
    yield call("compare_audits", "cancelled at once", before=after, after=before)
    yield call("check_budget", audit_id=after, budget={"accessibility": number % 100 / 100})
    yield call("check_budget", "refused", audit_id=after, budget=f"nowhere-{number}.json")
    yield call("show_audit", audit_id=after)
    yield call("run_audit", "refused", url=f"http://127.0.0.1:9/{number}")
    yield call("read_field_data", url=f"https://shop.example/{number}")
    yield read(f"lighthouse://audits/{after}/report.{('json', 'html')[number % 2]}")
    yield read(f"lighthouse://audits/audit-{number:08x}/report.json", "refused")
    yield complete("fix_page", "url", "http"[: number % 5])
    yield prompt("fix_page", url=f"http://localhost/{number}")
    yield wrong(number, "list_audits")


SESSIONS: dict[str, Callable[[int, Scene], Session]] = {
    "postgres": postgres,
    "redis": redis,
    "docker": docker,
    "lighthouse": lighthouse,
}
