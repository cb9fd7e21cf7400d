"""How good recommend_indexes is on TPC-H, by cost and by indexes really built.

Needs an empty database with the extension hypopg that may be filled (2 GB), and packages that are
no dependencies of the project:

    uv pip install "tpchgen-cli>=4,<5" "duckdb==1.5.5" "duckdb-extension-tpch>=1.5,<2"
    python bench/index_advice.py postgresql://…/tpch --load
    python bench/index_advice.py postgresql://…/tpch --budgets 50 100 250 [--build]

Prints, for each budget in MB, the summed cost relative to no index: of the 19 queries that the
literature sums (without 2, 17 and 20) and of all 22, and the mean of the queries' own ratios. With
--build the indexes are built, their real size and the real costs are printed, and each query that
got cheaper is timed without and with them (the best of RUNS, at most TIME_LIMIT_S each); then they
are dropped again.
"""

import argparse
import asyncio
import json
import time
from statistics import mean

import asyncpg
from tpch import CONVENTION_WITHOUT, load_tpch, read_queries

from stacksight_postgres.advice.answer import Advice
from stacksight_postgres.settings import Settings
from stacksight_postgres.source.advising import Request, advise
from stacksight_postgres.source.database import Database

MB = 2**20
SEARCH_S = 28.0
TIME_LIMIT_S = 60.0
RUNS = 3
MAX_INDEXES = 30

Costs = dict[int, float]


async def main() -> None:
    """Load the data, or measure each budget."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("url")
    parser.add_argument("--load", action="store_true")
    parser.add_argument("--budgets", type=float, nargs="+", default=[50, 100, 250])
    parser.add_argument("--build", action="store_true")
    given = parser.parse_args()
    if given.load:
        await load_tpch(given.url, scale=1)
        return
    queries = read_queries()
    for budget in given.budgets:
        await measure(given.url, queries, budget, build=given.build)


async def measure(url: str, queries: dict[int, str], budget: float, *, build: bool) -> None:
    """Ask for advice within a budget and print what it is worth."""
    database = Database(Settings.model_validate({"database_url": url}))
    try:
        request = Request(list(queries.values()), budget, SEARCH_S, MAX_INDEXES)
        advice = await advise(database, request)
    finally:
        await database.close()
    before = {n: q.before for n, q in zip(queries, advice.queries, strict=True)}
    after = {n: q.after for n, q in zip(queries, advice.queries, strict=True)}
    size = advice.total_bytes / MB
    cut = ", cut by the time limit" if advice.cut else ""
    print(f"\n{budget:g} MB: {size:.1f} MB in {len(advice.indexes)}, {advice.seconds} s{cut}")
    print(f"  as estimated: {ratios(before, after)}")
    for index in advice.indexes:
        print(f"  {index.statement}")
    if build:
        await build_and_time(url, queries, advice)


def ratios(before: Costs, after: Costs) -> str:
    """Write the relative costs by the literature's convention, of all, and on average."""
    counted = [n for n in before if n not in CONVENTION_WITHOUT]
    some = sum(after[n] for n in counted) / sum(before[n] for n in counted)
    every = sum(after.values()) / sum(before.values())
    each = mean(after[n] / before[n] for n in before)
    return f"{some:.4f} of 19 queries, {every:.2e} of 22, mean ratio {each:.3f}"


async def build_and_time(url: str, queries: dict[int, str], advice: Advice) -> None:
    """Build the indexes, compare size, cost and time with what was promised, drop them."""
    connection = await asyncpg.connect(url)
    names = [f"advised_{number}" for number, _ in enumerate(advice.indexes)]
    try:
        before = {n: await cost(connection, sql) for n, sql in queries.items()}
        cheaper = [
            n for n, q in zip(queries, advice.queries, strict=True) if q.after < 0.9 * q.before
        ]
        for name, index in zip(names, advice.indexes, strict=True):
            plain = index.statement.replace(" CONCURRENTLY", "").replace(" ON ", f" {name} ON ", 1)
            await connection.execute(plain, timeout=600)
            real = await connection.fetchval("SELECT pg_relation_size($1::regclass)", name)
            promised = (index.bytes or 0) / MB
            print(f"  built: {real / MB:6.1f} MB, estimated {promised:6.1f} MB: {plain}")
        after = {n: await cost(connection, sql) for n, sql in queries.items()}
        print(f"  as built: {ratios(before, after)}")
        for n in cheaper:
            fast = await best_of(connection, queries[n])
            # Without them in a transaction that is rolled back: next to each other, so that other
            # work on the machine slows both.
            without = connection.transaction()
            await without.start()
            await connection.execute(f"DROP INDEX {', '.join(names)}")
            slow = await best_of(connection, queries[n])
            await without.rollback()
            print(f"  Q{n}: {write(slow)} → {write(fast)}")
    finally:
        for name in names:
            await connection.execute(f"DROP INDEX IF EXISTS {name}")
        await connection.close()


async def cost(connection: "asyncpg.Connection[asyncpg.Record]", sql: str) -> float:
    """Return the planner's cost."""
    text = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {sql.rstrip().rstrip(';')}")
    return float(json.loads(text)[0]["Plan"]["Total Cost"])


async def best_of(
    connection: "asyncpg.Connection[asyncpg.Record]", sql: str, runs: int = RUNS
) -> float | None:
    """Return the shortest time of a few runs, or None when the first goes beyond the limit."""
    found = [await seconds(connection, sql)]
    while len(found) < runs and found[0] is not None:
        found.append(await seconds(connection, sql))
    return min((one for one in found if one is not None), default=None)


async def seconds(connection: "asyncpg.Connection[asyncpg.Record]", sql: str) -> float | None:
    """Return what a query takes, or None beyond the limit."""
    started = time.perf_counter()
    attempt = connection.transaction()  # a savepoint, where a transaction is open
    await attempt.start()
    try:
        await connection.fetch(sql, timeout=TIME_LIMIT_S)
    except TimeoutError:
        return None
    finally:
        await attempt.rollback()
    return time.perf_counter() - started


def write(duration: float | None) -> str:
    """Write a measured time."""
    return f"over {TIME_LIMIT_S:.0f} s" if duration is None else f"{duration:.2f} s"


if __name__ == "__main__":
    asyncio.run(main())
