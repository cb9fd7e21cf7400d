"""The team as it is in this repository, and what the real servers offer it."""

import pytest

from stacksight_team.inventory import Inventory, take_inventory
from stacksight_team.model import Team, load_team
from stacksight_team.project import read_files
from stacksight_team.review import Files
from tests.support.stdio import ROOT


@pytest.fixture(scope="session")
def team() -> Team:
    """The repository's team."""
    return load_team(ROOT)


@pytest.fixture(scope="session")
def files() -> Files:
    """The repository's prompts, rules and docs."""
    return read_files(ROOT)


@pytest.fixture(scope="session")
async def inventory(team: Team) -> Inventory:
    """What all servers of .mcp.json offer."""
    return await take_inventory(ROOT, team)
