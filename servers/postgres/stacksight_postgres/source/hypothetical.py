"""Hypothetical indexes, by the extension hypopg: what a plan would be if they existed."""

from collections.abc import Sequence

import asyncpg
from pglast import ast, parse_sql
from pglast.parser import ParseError
from pglast.stream import RawStream

from stacksight_core.errors import ToolFailure
from stacksight_postgres.explained import TriedIndex, Variant
from stacksight_postgres.plans.candidates import Candidate
from stacksight_postgres.plans.facts import quote_name
from stacksight_postgres.plans.model import Plan
from stacksight_postgres.queries import marked
from stacksight_postgres.source.database import Session
from stacksight_postgres.source.explaining import explain

EXTENSION = "hypopg"
MIN_GAIN = 0.1
MAX_INDEXES = 3
NARROWER_IS_BETTER = 1.02

_CREATE = marked(
    "SELECT h.indexrelid::bigint AS oid, h.indexname AS name, "
    "{schema}.hypopg_relation_size(h.indexrelid) AS bytes "
    "FROM {schema}.hypopg_create_index($1) AS h"
)
_DROP = marked("SELECT {schema}.hypopg_drop_index($1::bigint::oid)")

ERROR_NOT_INSTALLED = (
    "hypothetical_indexes needs the extension hypopg, which is not installed in this database. "
    "{how}"
)
HOW_CREATE = "The server has it: CREATE EXTENSION hypopg (as a superuser)."
HOW_INSTALL = "Install its package on the server (postgresql-{major}-hypopg) and create it."
ERROR_NOT_AN_INDEX = (
    "`{text}` in hypothetical_indexes is no index: write CREATE INDEX ON table (column, …), or "
    "just table (column, …).{reason}"
)


def has_hypopg(session: Session) -> bool:
    """Tell whether hypothetical indexes can be tried in this database."""
    return EXTENSION in session.facts.extensions


def require_hypopg(session: Session) -> None:
    """Raise a ToolFailure when hypothetical indexes cannot be tried."""
    if has_hypopg(session):
        return
    major = session.facts.version // 10000
    how = HOW_CREATE if EXTENSION in session.facts.available else HOW_INSTALL.format(major=major)
    raise ToolFailure(ERROR_NOT_INSTALLED.format(how=how))


def read_index(text: str) -> str:
    """Return a CREATE INDEX statement, rebuilt from its parsed form.

    Args:
        text: ``CREATE INDEX ON t (a)`` or ``t (a)``.

    Raises:
        ToolFailure: it is anything else.
    """
    wanted = text.strip().rstrip(";")
    if not wanted.upper().startswith("CREATE"):
        wanted = f"CREATE INDEX ON {wanted}"
    try:
        statements = parse_sql(wanted)
    except ParseError as error:
        raise ToolFailure(
            ERROR_NOT_AN_INDEX.format(text=text[:200], reason=f" {error.args[0]}.")
        ) from error
    root = statements[0].stmt if len(statements) == 1 else None
    if not isinstance(root, ast.IndexStmt):
        raise ToolFailure(ERROR_NOT_AN_INDEX.format(text=text[:200], reason=""))
    root.concurrent = False
    root.idxname = None
    root.if_not_exists = False
    return str(RawStream()(root))


async def create_hypothetical(session: Session, create: str) -> tuple[int, str, int]:
    """Create a hypothetical index; return its OID, its name in plans, and its estimated bytes.

    Raises:
        asyncpg.PostgresError: the table or a column does not exist, or the method is not supported.
    """
    schema = quote_name(session.facts.extensions[EXTENSION])
    row = await session.fetchrow(_CREATE.format(schema=schema), create)
    return row["oid"], row["name"], row["bytes"]


async def drop_hypothetical(session: Session, oid: int) -> None:
    """Forget one hypothetical index."""
    schema = quote_name(session.facts.extensions[EXTENSION])
    await session.fetch(_DROP.format(schema=schema), oid)


def uses_index(plan: Plan, name: str) -> bool:
    """Tell whether a plan reads an index."""
    return any(node.raw.get("Index Name") == name for node in plan.nodes)


async def try_candidates(
    session: Session, variant: Variant, before: Plan, candidates: Sequence[Candidate]
) -> list[TriedIndex]:
    """Choose the indexes that help a statement, by planning it with each of them.

    The best is kept and the search repeated, until a further one gains less than a tenth or there
    are three. Of two that are nearly as good the narrower one is chosen.

    Args:
        session: a private one, since hypothetical indexes live as long as it does.
        variant: the statement.
        before: its plan without them.
        candidates: worth trying.
    """
    chosen: list[TriedIndex] = []
    remaining = [c for c in candidates if c.method == "btree"]
    cost = before.root.cost
    while remaining and len(chosen) < MAX_INDEXES:
        tried = [
            found
            for candidate in remaining
            if (found := await _try(session, variant, candidate, cost)) is not None
        ]
        helpful = [t for t in tried if t.cost_after < cost * (1 - MIN_GAIN)]
        if not helpful:
            break
        best = min(t.cost_after for t in helpful)
        near = [t for t in helpful if t.cost_after <= best * NARROWER_IS_BETTER]
        winner = min(near, key=lambda t: (t.bytes, t.cost_after, t.create))
        await create_hypothetical(session, _plain(winner.create))
        chosen.append(winner)
        cost = winner.cost_after
        helpful_creates = {t.create for t in helpful}
        remaining = [
            c for c in remaining if c.create in helpful_creates and c.create != winner.create
        ]
    return chosen


async def _try(
    session: Session, variant: Variant, candidate: Candidate, cost: float
) -> TriedIndex | None:
    try:
        async with session.savepoint():
            oid, name, size = await create_hypothetical(session, _plain(candidate.create))
            try:
                plan = await explain(session, variant, analyze=False)
            finally:
                await drop_hypothetical(session, oid)
    except asyncpg.PostgresError:
        return None  # not every expression can be indexed; those that cannot are no candidates
    if not uses_index(plan, name):
        return None
    return TriedIndex(
        create=candidate.create,
        node=candidate.node,
        cost_before=cost,
        cost_after=plan.root.cost,
        bytes=size,
    )


def _plain(create: str) -> str:
    return create.replace("CREATE INDEX CONCURRENTLY", "CREATE INDEX", 1)
