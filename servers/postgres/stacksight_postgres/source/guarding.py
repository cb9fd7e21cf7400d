"""Looks up in the catalogue what a statement names, until everything it reaches is judged."""

from typing import Any

from pglast import ast

from stacksight_core.errors import ToolFailure
from stacksight_postgres.guard.facts import CatalogFacts, Function, Relation
from stacksight_postgres.guard.names import ANYWHERE, Name, names_in
from stacksight_postgres.guard.rules import Verdict, judge, judge_called
from stacksight_postgres.queries import load_sql
from stacksight_postgres.source.database import Session

MAX_ROUNDS = 20

ANSWERED_AS = Name(None, "text")
"""Answers are cast to text, which calls a function where somebody made one for it."""

ERROR_REFUSED = (
    "The statement was not run, because this tool only reads: {problems}. Leave that out, or run "
    "it with another client if you mean it."
)
ERROR_TOO_DEEP = (
    f"The statement was not run: its views and functions call each other more than {MAX_ROUNDS} "
    "levels deep, further than the check goes."
)


async def check_reading(session: Session, tree: ast.Node) -> None:
    """Look at everything that a parsed statement calls and reads, directly or not.

    Raises:
        ToolFailure: something in it may change data or state, or reveals secrets.
    """
    async with session.without_jit():
        await _check(session, tree)


async def _check(session: Session, tree: ast.Node) -> None:
    seen = Verdict()
    pending = Verdict(more=names_in(tree))
    pending.more.types.add(ANSWERED_AS)
    schemas = tuple((await session.fetchrow(load_sql("guard_schemas")))["schemas"])
    for _ in range(MAX_ROUNDS):
        if not (pending.more or pending.folded or pending.called or pending.made):
            return
        verdict = judge(pending.more, pending.folded, await _facts(session, pending, schemas))
        called = CatalogFacts(await _functions(session, (), pending.called), schemas=schemas)
        verdict |= judge_called(called)
        if verdict.problems:
            problems = "; ".join(sorted(set(verdict.problems))[:5])
            raise ToolFailure(ERROR_REFUSED.format(problems=problems))
        seen |= pending
        pending = Verdict(
            more=verdict.more - seen.more,
            called=verdict.called - seen.called,
            made=verdict.made - seen.made,
            folded=verdict.folded - seen.folded,
        )
    raise ToolFailure(ERROR_TOO_DEEP)


async def _facts(session: Session, pending: Verdict, schemas: tuple[str, ...]) -> CatalogFacts:
    names = pending.more
    uses = names.functions | pending.folded.functions
    functions = await _functions(session, {use.name for use in uses} | names.attributes, ())
    called = await session.fetchrow(
        load_sql("guard_called"),
        [name.name for name in names.operators],
        [name.name for name in names.types],
        [name.schema for name in names.operators if name.schema],
        [name.name for name in names.relations],
        [use.name for use in names.functions],
        list(pending.made),
        any(name.schema == ANYWHERE for name in names.operators),
    )
    relations = await session.fetch(
        load_sql("guard_relations"), [name.name for name in names.relations]
    )
    return CatalogFacts(
        functions=functions,
        called=frozenset(called["called"]),
        relations=tuple(Relation(**_with_tuples(row)) for row in relations),
        checks=tuple(called["checks"]),
        schemas=schemas,
    )


async def _functions(
    session: Session, names: "set[str] | tuple[()]", oids: "set[int] | tuple[()]"
) -> tuple[Function, ...]:
    if not names and not oids:
        return ()
    rows = await session.fetch(load_sql("guard_functions"), list(names), list(oids))
    return tuple(Function(**_with_tuples(row)) for row in rows)


def _with_tuples(row: Any) -> dict[str, Any]:
    return {name: tuple(v) if isinstance(v, list) else v for name, v in row.items()}
