"""What an agent reads before it calls: a change of it should be seen in review."""

from syrupy.assertion import SnapshotAssertion

from tests.support.stdio import ServerClient


async def test_definitions(client: ServerClient, snapshot: SnapshotAssertion) -> None:
    tools = await client.tools()
    assert {
        tool.name: tool.model_dump(mode="json", exclude_none=True, by_alias=True) for tool in tools
    } == snapshot
