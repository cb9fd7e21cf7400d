"""The documentation is true: generated pages are current, links lead somewhere."""

import re
from pathlib import Path

import pytest

from scripts.tool_reference import REFERENCE, WRITES, ask, render
from tests.support.stdio import ROOT, SERVERS, open_client

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("examples/*.md")])


async def test_the_tool_reference_is_current() -> None:
    definitions = {}
    for server in SERVERS:
        async with open_client(server, env=WRITES) as client:
            definitions[server] = await ask(client.sdk)
    assert REFERENCE.read_text() == render(definitions), "run `make docs`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name}: {target}"
