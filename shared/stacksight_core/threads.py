"""Work that takes its time, beside the event loop."""

from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

from anyio import to_thread

ResultT = TypeVar("ResultT")
Arguments = TypeVarTuple("Arguments")


async def in_thread(work: Callable[[*Arguments], ResultT], *arguments: *Arguments) -> ResultT:
    """Run work in a thread and return its result.

    Neither a cancelled call nor the end of the process waits for it: it has to be work that may
    go on unseen, such as computing or reading.
    """
    return await to_thread.run_sync(work, *arguments, abandon_on_cancel=True)
