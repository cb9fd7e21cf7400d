"""Who may audit at the same time."""

import asyncio
from pathlib import Path

from stacksight_lighthouse.source.turns import WAITING_FOR_MACHINE, Turns


async def quietly(_: str) -> None:
    """Tell nobody."""


async def test_what_is_not_timed_overlaps(tmp_path: Path) -> None:
    first, second = Turns(tmp_path), Turns(tmp_path)

    async with (
        asyncio.timeout(10),
        first.turn(quietly, alone=False),
        second.turn(quietly, alone=False),
    ):
        pass


async def test_what_is_timed_waits_until_it_is_alone_and_then_goes_first(tmp_path: Path) -> None:
    first, timed, late = Turns(tmp_path), Turns(tmp_path), Turns(tmp_path)
    waiting, order = asyncio.Event(), list[str]()

    async def note(text: str) -> None:
        assert text == WAITING_FOR_MACHINE
        waiting.set()

    async def take(turns: Turns, name: str, *, alone: bool) -> None:
        async with turns.turn(note, alone=alone):
            order.append(name)

    async with (
        asyncio.timeout(10),
        asyncio.TaskGroup() as group,
        first.turn(quietly, alone=False),
    ):
        group.create_task(take(timed, "timed", alone=True))
        await waiting.wait()
        waiting.clear()
        group.create_task(take(late, "late", alone=False))
        await waiting.wait()
        assert order == []

    assert order == ["timed", "late"]
