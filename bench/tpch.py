"""TPC-H for measurements: the tables without keys or indexes, and the 22 queries as published.

The data and the queries come from PyPI: `tpchgen-cli` writes the rows, `duckdb-extension-tpch`
holds the queries. Neither is a dependency of the project: index_advice.py says how to give them.
"""

import asyncio
import subprocess
import sysconfig
import tempfile
from pathlib import Path

import asyncpg
import duckdb

TABLES = {
    "region": "r_regionkey int, r_name char(25), r_comment varchar(152)",
    "nation": "n_nationkey int, n_name char(25), n_regionkey int, n_comment varchar(152)",
    "supplier": "s_suppkey int, s_name char(25), s_address varchar(40), s_nationkey int,"
    " s_phone char(15), s_acctbal numeric(15,2), s_comment varchar(101)",
    "part": "p_partkey int, p_name varchar(55), p_mfgr char(25), p_brand char(10),"
    " p_type varchar(25), p_size int, p_container char(10), p_retailprice numeric(15,2),"
    " p_comment varchar(23)",
    "partsupp": "ps_partkey int, ps_suppkey int, ps_availqty int, ps_supplycost numeric(15,2),"
    " ps_comment varchar(199)",
    "customer": "c_custkey int, c_name varchar(25), c_address varchar(40), c_nationkey int,"
    " c_phone char(15), c_acctbal numeric(15,2), c_mktsegment char(10), c_comment varchar(117)",
    "orders": "o_orderkey int, o_custkey int, o_orderstatus char(1), o_totalprice numeric(15,2),"
    " o_orderdate date, o_orderpriority char(15), o_clerk char(15), o_shippriority int,"
    " o_comment varchar(79)",
    "lineitem": "l_orderkey int, l_partkey int, l_suppkey int, l_linenumber int,"
    " l_quantity numeric(15,2), l_extendedprice numeric(15,2), l_discount numeric(15,2),"
    " l_tax numeric(15,2), l_returnflag char(1), l_linestatus char(1), l_shipdate date,"
    " l_commitdate date, l_receiptdate date, l_shipinstruct char(25), l_shipmode char(10),"
    " l_comment varchar(44)",
}
CONVENTION_WITHOUT = frozenset({2, 17, 20})
"""Queries whose cost without indexes dwarfs the rest; the literature's sums leave them out."""


async def load_tpch(url: str, scale: float) -> None:
    """Create the tables in an empty database, fill and analyze them; about a minute at scale 1."""
    # VACUUM marks pages as visible to all only once their commits are on disk.
    connection = await asyncpg.connect(url, server_settings={"synchronous_commit": "on"})
    try:
        with tempfile.TemporaryDirectory(prefix="tpch-") as folder:
            program = Path(sysconfig.get_path("scripts")) / "tpchgen-cli"
            generate = [str(program), "csv", "-s", str(scale), "--output-dir", folder]
            await asyncio.to_thread(subprocess.check_call, generate)
            for table, columns in TABLES.items():
                async with connection.transaction():
                    await connection.execute(f"CREATE TABLE {table} ({columns})")
                    rows = Path(folder) / f"{table}.csv"
                    await connection.copy_to_table(table, source=rows, format="csv", header=True)
        await connection.execute("VACUUM ANALYZE", timeout=600)
    finally:
        await connection.close()


def read_queries() -> dict[int, str]:
    """Return the 22 queries by number, with the validation parameters of the specification."""
    extensions = Path(sysconfig.get_path("purelib")) / "duckdb_extension_tpch"
    [extension] = extensions.rglob("tpch.duckdb_extension")
    duck = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    duck.execute(f"LOAD '{extension}'")
    return dict(duck.execute("SELECT query_nr, query FROM tpch_queries()").fetchall())
