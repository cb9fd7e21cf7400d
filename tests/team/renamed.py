"""The Postgres server with one of its tools renamed: ``python -m tests.team.renamed``.

Its recorded answers still have the old name, as after a change without `make manifest`.
"""

import functools
from dataclasses import replace
from pathlib import Path
from typing import Any

import stacksight_postgres
from stacksight_core.start import start
from stacksight_postgres.about import ABOUT
from stacksight_postgres.server import SERVER as ORIGINAL
from stacksight_postgres.tools.explain import explain_query

RECORDED = Path(stacksight_postgres.__path__[0]) / "manifest"
RENAMED = "explain_statement"


@functools.wraps(explain_query.handler)
async def handler(*values: Any, **named: Any) -> Any:
    return await explain_query.handler(*values, **named)


handler.__name__ = RENAMED
explain_statement = replace(explain_query, handler=handler)
TOOLS = {
    RENAMED if name == "explain_query" else name: __name__ if name == "explain_query" else module
    for name, module in ORIGINAL.tools.items()
}
SERVER = replace(ORIGINAL, tools=TOOLS)

if __name__ == "__main__":
    start(ABOUT, "tests.team.renamed", str(RECORDED))
