"""Structured mode: every tool's model fits its schema, and model and text say the same.

The text is made anew from the model that was sent: whatever the text had from elsewhere would be
missing. The other way round, each text and number of the model is looked for in the text.
"""

import asyncio
import importlib
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, get_type_hints

import jsonschema
from pydantic import TypeAdapter

from captions import database
from devstack.stack import Stack
from stacksight_core.redact import redact_text
from stacksight_core.tools import ToolDefinition
from stacksight_core.untrusted import clean
from tests.lighthouse.test_field_data import standing_in
from tests.suite.stack import known, project_of
from tests.suite.test_planted_faults import request
from tests.support.saying import unsaid
from tests.support.stdio import ROOT, Answer, ServerClient, User, open_client
from tests.support.text import without_tags

Call = Callable[..., Awaitable[Any]]

RECT = "show_audit tells where elements are, by a picture"
ARGUMENT = "the call's own argument"
WORD = "the text says it in other words"
UNSAID = {
    "run_query": {"cell_chars": ARGUMENT},
    "explain_query": {"plans[].findings[].kind": WORD},
    "top_queries": {"by": WORD},
    "inspect_container": {"network_mode": "the text has the networks instead of `default`"},
    "read_logs": {
        "mode": WORD,
        "asked": "the text leaves out `everything`",
        "lines[].stream": "the text marks only what went to stderr",
        "lines[].level": "the line says it itself",
        "shown": "the text has how many were left out",
        "first_error": "one of the lines shown, whose time and container are written otherwise",
    },
    "list_resources": {"kind": WORD},
    "capture_activity": {"state": WORD, "capture": ARGUMENT},
    "run_in_container": {"command[]": ARGUMENT},
    "run_audit": {
        "findings[].offenders": "the text has the number of each pattern",
        "findings[].patterns[].example": "the text has the pattern; inspect_audit has examples",
    },
    "inspect_audit": {"rect": RECT},
    "show_audit": dict.fromkeys(("rect", "top", "width", "height"), "the picture shows it"),
    "audit_pages": {"rows[].url": "the text has what they have in common once, and their paths"},
    "read_field_data": {"asked": ARGUMENT},
}
"""What only the model says, and why: by tool, the path or a part of it."""


class Checked:
    """Calls tools and checks each answer; what it returns is the model as it was sent."""

    def __init__(self, server: str, client: ServerClient, schemas: dict[str, Any]) -> None:
        spec = importlib.import_module(f"stacksight_{server}.server").SERVER
        self._definitions: dict[str, ToolDefinition] = {
            name: getattr(importlib.import_module(module), name)
            for name, module in spec.tools.items()
        }
        self._client = client
        self._schemas = schemas
        self.called: set[str] = set()

    async def __call__(self, tool: str, **arguments: Any) -> Any:
        answer = await self._client.call(tool, **arguments)
        assert not answer.is_error, answer.text
        jsonschema.validate(answer.structured, self._schemas[tool])
        assert said_anew(self._definitions[tool], answer) == without_tags(answer.text)
        assert unsaid(answer.structured, answer.text, UNSAID.get(tool, {})) == set()
        self.called.add(tool)
        return answer.structured


def said_anew(definition: ToolDefinition, answer: Answer) -> str:
    """Return the text that the sent model makes."""
    kind = get_type_hints(definition.handler)["return"]
    model = TypeAdapter(kind).validate_python(answer.structured)
    return without_tags(redact_text(clean(definition.render(model))))


@asynccontextmanager
async def checking(server: str, **env: str) -> AsyncIterator[Checked]:
    """Start a server in structured mode and check that every tool of it is called."""
    options = {"STACKSIGHT_OUTPUT": "structured", "STACKSIGHT_ALLOW_WRITES": "1"}
    async with open_client(server, env=env | options, elicitation_callback=User("yes")) as client:
        schemas = {tool.name: tool.output_schema for tool in await client.tools()}
        for tool in schemas:
            refused = await client.call(tool, no_such_argument=1)
            assert (refused.is_error, refused.structured) == (True, None)
        checked = Checked(server, client, schemas)
        yield checked
    assert checked.called == schemas.keys()


async def test_postgres(stack: Stack) -> None:
    async with checking("postgres", DATABASE_URL=known(stack.database_url)) as call:
        await call("list_objects")
        await call("describe_table", table="captions")
        await call("run_query", sql="SELECT * FROM videos ORDER BY id", limit=3)
        slow = {"sql": database.CAPTIONS_OF_VIDEO, "params": [42]}
        explained = await call("explain_query", **slow, analyze=True)
        plan = explained["plans"][0]["plan"]
        index = ["captions (video_id)"]
        await call("compare_plans", before=plan, hypothetical_indexes=index)
        await call("recommend_indexes", queries=[database.CAPTIONS_OF_VIDEO], seconds=5)
        await call("top_queries")
        started = await call("capture_queries", action="start")
        await asyncio.to_thread(request, "GET", f"{stack.web_url}/users/7/videos")
        await call("capture_queries", action="stop", capture=started["capture"])
        await call("show_activity", include_idle=True)
        await call("check_health")
        await call("check_migration", sql="ALTER TABLE videos ADD COLUMN note text NOT NULL")


async def test_redis(stack: Stack) -> None:
    async with checking("redis", REDIS_URL=known(stack.redis_url)) as call:
        await call("list_queues")
        await call("diagnose_queue", queue="exports")
        listed = await call("inspect_queue", queue="exports", state="dead")
        message = json.dumps(listed)
        (found, *_) = re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}", message)
        await call("inspect_message", message_id=found)
        await call("list_workers")
        await call("watch_queues", seconds=1)
        await call("list_channels")
        started = await call("capture_messages", action="start", channels=["test:*"])
        await call("publish_message", channel="test:1", payload='{"n": 1}')
        await call("capture_messages", action="stop", capture=started["capture"])
        await call("check_health")
        await call("inspect_keys", match="dramatiq:*")
        await call("enqueue_message", queue="nobody", actor="nothing", args=[1])
        await call("requeue_messages", queue="exports", limit=1)
        await call("delete_messages", queue="nobody", state="waiting")


async def test_docker(stack: Stack) -> None:
    async with checking("docker", DOCKER_HOST=known(stack.docker_host)) as call:
        project = project_of(stack)
        await call("list_containers")
        await call("diagnose", target=project)
        await call("inspect_container", container=f"{project}/export")
        for mode in ("lines", "patterns"):
            await call("read_logs", containers=[project], mode=mode)
        await call("measure_usage", containers=[project])
        await call("list_events", containers=[project])
        for kind in ("disk", "images", "volumes", "networks"):
            await call("list_resources", kind=kind)
        started = await call("capture_activity", action="start", containers=[project])
        await call("capture_activity", action="stop", capture=started["capture"])
        await call("compare_compose", file=str(ROOT / "compose.dev.yml"), project=project)
        up = f"{project}/web"
        await call("run_in_container", container=up, command=["echo", "hi"])
        await call("control_container", container=up, action="restart", seconds=0)


async def test_lighthouse(stack: Stack, tmp_path: Path) -> None:
    url = known(stack.web_url)
    with standing_in() as service:
        env = {
            "STACKSIGHT_AUDITS_DIR": str(tmp_path),
            "STACKSIGHT_CRUX_URL": service,
            "STACKSIGHT_CRUX_KEY": "right",
        }
        async with checking("lighthouse", **env) as call:
            first = await call("run_audit", url=url, categories=["accessibility"])
            second = await call("run_audit", url=url)
            await call("inspect_audit", audit_id=second["audit_id"], topic="color-contrast")
            await call("show_audit", audit_id=second["audit_id"])
            await call("compare_audits", before=second["audit_id"], after=second["audit_id"])
            budget = {"accessibility": 0.9}
            await call("check_budget", budget=budget, audit_id=first["audit_id"])
            await call("audit_pages", urls=[url], categories=["seo"])
            await call("list_audits")
            await call("read_field_data", url="https://shop.example/", form_factor="phone")
