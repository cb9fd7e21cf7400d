"""Looks up in the catalogue what a statement names, until everything it reaches is judged."""

from pglast import ast

from stacksight_core.errors import ToolFailure
from stacksight_postgres.guard.facts import CatalogFacts, Function, Relation
from stacksight_postgres.guard.names import Names, names_in
from stacksight_postgres.guard.rules import Verdict, judge, judge_called
from stacksight_postgres.queries import load_sql
from stacksight_postgres.source.database import Session

MAX_ROUNDS = 20

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
    seen = Names()
    judged: set[int] = set()
    pending, called = names_in(tree), set[int]()
    for _ in range(MAX_ROUNDS):
        if not pending and not called:
            return
        verdict = judge(pending, await _facts(session, pending))
        below = judge_called(await _functions(session, (), called))
        problems = verdict.problems + below.problems
        if problems:
            raise ToolFailure(ERROR_REFUSED.format(problems="; ".join(sorted(set(problems))[:5])))
        seen |= pending
        judged |= called
        pending = _merge(verdict, below) - seen
        called = (verdict.called | below.called) - judged
    raise ToolFailure(ERROR_TOO_DEEP)


def _merge(verdict: Verdict, below: Verdict) -> Names:
    more = verdict.more
    more |= below.more
    return more


async def _facts(session: Session, names: Names) -> CatalogFacts:
    functions = await _functions(
        session, {use.name for use in names.functions} | names.attributes, ()
    )
    called = await session.fetchrow(
        load_sql("guard_called"),
        [name.name for name in names.operators],
        [name.name for name in names.types],
        [name.schema for name in names.operators if name.schema],
        [name.name for name in names.relations],
        [use.name for use in names.functions],
    )
    relations = await session.fetch(
        load_sql("guard_relations"), [name.name for name in names.relations]
    )
    return CatalogFacts(
        functions=functions,
        called=frozenset(called["called"]),
        relations=tuple(
            Relation(**{**row, "expressions": tuple(row["expressions"])}) for row in relations
        ),
        checks=tuple(called["checks"]),
    )


async def _functions(
    session: Session, names: "set[str] | tuple[()]", oids: "set[int] | tuple[()]"
) -> tuple[Function, ...]:
    if not names and not oids:
        return ()
    rows = await session.fetch(load_sql("guard_functions"), list(names), list(oids))
    return tuple(Function(**{**row, "parts": tuple(row["parts"])}) for row in rows)
