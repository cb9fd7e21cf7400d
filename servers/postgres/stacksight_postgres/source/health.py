"""Runs the health checks: one that fails does not stop the others."""

import logging
from collections.abc import Sequence

import asyncpg

from stacksight_postgres.health.checks import CHECKS, Check, CheckName
from stacksight_postgres.health.model import CheckResult, Health, skipped
from stacksight_postgres.queries import load_sql
from stacksight_postgres.source.database import Database, Session

logger = logging.getLogger(__name__)

VERSION_OF_CHECKPOINTER = 170000
ORDER = ("critical", "warning", "skipped", "ok")

NEEDS_MONITOR = (
    "not examined: it needs to see other roles' sessions. GRANT pg_monitor TO the role `{role}`"
)
DEFECT = "a defect of this server; its log has the details"
FAILED = "not examined: {reason}"


async def check_database(database: Database, checks: Sequence[CheckName]) -> Health:
    """Run checks and return their results, the gravest first.

    Args:
        database: where.
        checks: which; none means all.
    """
    async with database.session() as session:
        results = [await _run(session, name, CHECKS[name]) for name in checks or CHECKS]
        name = session.facts.database
    return Health(
        database=name, results=sorted(results, key=lambda result: ORDER.index(result.status))
    )


async def _run(session: Session, name: CheckName, check: Check) -> CheckResult:
    if check.monitor and not session.facts.monitor:
        return skipped(name, NEEDS_MONITOR.format(role=session.facts.role))
    sql = f"health_{name}"
    if name == "checkpoints" and session.facts.version >= VERSION_OF_CHECKPOINTER:
        sql = "health_checkpoints_17"
    try:
        async with session.savepoint():
            rows = await session.fetch(load_sql(sql))
    except asyncpg.PostgresError as error:
        return skipped(name, FAILED.format(reason=str(error).rstrip(".")))
    try:
        return check.judge([dict(row) for row in rows])
    except Exception:
        logger.exception("check %s failed", name)
        return skipped(name, FAILED.format(reason=DEFECT))
