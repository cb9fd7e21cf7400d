"""What explain_query costs over a plain EXPLAIN of the same statement.

Run it against any database with the demo's tables, nothing else running:

    DATABASE_URL=postgresql://… scripts/uv run python -m bench.postgres_explain

It prints, for each statement, the median of a plain EXPLAIN (FORMAT JSON) through asyncpg on an
open connection, and of explain_query through the whole server: JSON-RPC over stdio, the safety
check, the statistics, the insights, and every index that was tried.
"""

import asyncio
import os
import statistics
import time
from collections.abc import Awaitable, Callable
from functools import partial

import asyncpg

from tests.support.stdio import open_client

URL = os.environ.get("DATABASE_URL", "postgresql://stacksight:stacksight@127.0.0.1:5332/captions")
RUNS = 30
STATEMENTS = {
    "by key": "SELECT * FROM captions WHERE id = 7",
    "missing index": "SELECT * FROM captions WHERE video_id = 7 ORDER BY starts_at_ms",
    "join": "SELECT u.name, count(*) FROM users u JOIN videos v ON v.user_id = u.id "
    "JOIN captions c ON c.video_id = v.id WHERE v.language = 'de' GROUP BY u.name",
}


async def median_ms(work: Callable[[], Awaitable[object]]) -> float:
    took = []
    for _ in range(RUNS):
        started = time.perf_counter()
        await work()
        took.append((time.perf_counter() - started) * 1000)
    return statistics.median(took)


async def main() -> None:
    connection = await asyncpg.connect(URL)
    async with open_client("postgres", env={"DATABASE_URL": URL}) as client:
        await client.call("list_objects")
        print(f"{'statement':15} {'EXPLAIN':>10} {'explain_query':>15}")
        for name, sql in STATEMENTS.items():
            plain = await median_ms(partial(connection.fetchval, f"EXPLAIN (FORMAT JSON) {sql}"))
            whole = await median_ms(partial(client.call, "explain_query", sql=sql))
            print(f"{name:15} {plain:7.1f} ms {whole:12.1f} ms")
    await connection.close()


if __name__ == "__main__":
    asyncio.run(main())
