"""The rules: from names and the catalogue's facts to a refusal, or to more names to look at."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pglast import ast, parse_plpgsql, parse_sql
from pglast.parser import ParseError

from stacksight_postgres.guard.facts import CatalogFacts, Function, Relation
from stacksight_postgres.guard.lists import (
    DENIED_BUILTINS,
    DENIED_EXTENSIONS,
    DENIED_OF_EXTENSION,
    HARMLESS_SETTINGS,
    RUNS_TEXT,
    SAFE_VOLATILE,
    SAFE_VOLATILE_OF_EXTENSION,
    SECRET_RELATIONS,
)
from stacksight_postgres.guard.names import (
    ANYWHERE,
    FunctionUse,
    Name,
    Names,
    constant_names_in,
    names_in,
)
from stacksight_postgres.guard.statement import parse_expression

NOT_A_READ = "is declared volatile: it may change something"
NOT_OWN_RIGHTS = "is SECURITY DEFINER: it runs with its owner's rights"
NOT_READABLE = "is written in {language}, so what it does cannot be looked up"
NOT_UNDERSTOOD = "has a body that cannot be analysed"
NOT_STATIC = "runs SQL that it puts together itself (EXECUTE)"
NOT_ITS_SETTING = "changes the setting {setting} while it runs"
NOT_LOOKED_AT = "runs SQL given as text"
NOT_LOCAL = (
    "is a foreign table, or has one as a partition: what reading it does is decided by another "
    "server, and cannot be checked here"
)
NOT_FOR_EYES = "holds secrets or files of the server"

_DYNAMIC = "dyn"  # PLpgSQL_stmt_dynexecute, PLpgSQL_stmt_dynfors, dynquery
_WHOLE_STATEMENT, _EXPRESSION = 0, 2  # RawParseMode in PostgreSQL's parser.h
_SCHEMA_MARK = "__in_schema__"
_WORD = re.compile(r"\w+")
_ASSIGNMENT = re.compile(r":?=")


@dataclass
class Verdict:
    """What a round of judging came to.

    Attributes:
        problems: why the statement is refused; empty when nothing was found.
        more: names in the bodies of what was judged, to be looked up next.
        called: OIDs of functions to be looked up next.
        made: OIDs of types of which values are made, to be looked up next.
        folded: names in what the planner simplifies, to be looked up next.
    """

    problems: list[str] = field(default_factory=list)
    more: Names = field(default_factory=Names)
    called: set[int] = field(default_factory=set)
    made: set[int] = field(default_factory=set)
    folded: Names = field(default_factory=Names)

    def __ior__(self, other: "Verdict") -> "Verdict":
        self.problems += other.problems
        self.more |= other.more
        self.called |= other.called
        self.made |= other.made
        self.folded |= other.folded
        return self


def judge(names: Names, folded: Names, facts: CatalogFacts) -> Verdict:
    """Judge everything in ``facts`` that ``names`` may mean.

    Args:
        names: what the statement, or a body it reaches, names.
        folded: functions whose value the planner computes where they are immutable.
        facts: what the catalogue says about these names.
    """
    verdict = Verdict(called=set(facts.called))
    for function in facts.functions:
        if _may_be_called(function, names):
            read = all(use.read for use in names.functions if _matches(use, function))
            _judge_function(function, verdict, facts.schemas, read=read)
        elif _is_folded(function, folded):
            verdict.called.add(function.oid)
    for relation in facts.relations:
        if any(_means(name, relation) for name in names.relations):
            _judge_relation(relation, verdict)
    for check in facts.checks:
        verdict.more |= names_in(parse_expression(check))
    return verdict


def judge_called(facts: CatalogFacts) -> Verdict:
    """Judge functions that are certainly called: by an operator, a cast or an aggregate."""
    verdict = Verdict()
    for function in facts.functions:
        _judge_function(function, verdict, facts.schemas)
    return verdict


def _is_folded(function: Function, folded: Names) -> bool:
    if function.builtin or function.extension or function.volatility != "i":
        return False
    return any(_matches(use, function) for use in folded.functions)


def _may_be_called(function: Function, names: Names) -> bool:
    if function.takes_row and function.on_path and function.name in names.attributes:
        return True
    return any(_matches(use, function) for use in names.functions)


def _means(written: FunctionUse | Name, found: Function | Relation) -> bool:
    if written.name != found.name:
        return False
    if written.schema == ANYWHERE:
        return True
    return found.on_path if written.schema is None else written.schema == found.schema


def _matches(use: FunctionUse, function: Function) -> bool:
    if not _means(use, function):
        return False
    if use.arguments is None:
        return True
    most = function.most_arguments
    return function.least_arguments <= use.arguments and (most is None or use.arguments <= most)


def _judge_function(
    function: Function, verdict: Verdict, schemas: Sequence[str], *, read: bool = False
) -> None:
    problem = _problem(function, read=read)
    if problem is not None:
        verdict.problems.append(f"function {function.schema}.{function.name} {problem}")
        return
    verdict.called |= set(function.parts)
    verdict.made |= set(function.types)
    try:
        if function.defaults:
            verdict.more |= names_in(_root(f"SELECT {function.defaults}"))
        if function.builtin or function.extension or function.body is None:
            return
        verdict.more |= _names_of_body(function, function.body, schemas)
    except _UnsafeBody as unsafe:
        verdict.problems.append(f"function {function.schema}.{function.name} {unsafe}")
    except (ParseError, ValueError, KeyError, TypeError):
        verdict.problems.append(f"function {function.schema}.{function.name} {NOT_UNDERSTOOD}")


def _problem(function: Function, *, read: bool) -> str | None:
    if function.builtin:
        return DENIED_BUILTINS.get(function.name) or _if_volatile(function, SAFE_VOLATILE)
    if function.security_definer:
        return NOT_OWN_RIGHTS
    if function.extension is not None:
        return _problem_of_extension(function, function.extension, read=read)
    return _problem_of_user(function)


def _problem_of_extension(function: Function, extension: str, *, read: bool) -> str | None:
    if function.name in DENIED_OF_EXTENSION and not (read and function.name in RUNS_TEXT):
        return NOT_LOOKED_AT
    return DENIED_EXTENSIONS.get(extension) or _if_volatile(function, SAFE_VOLATILE_OF_EXTENSION)


def _problem_of_user(function: Function) -> str | None:
    if function.volatility == "v":
        return NOT_A_READ
    if function.parts:  # an aggregate: judged by what it is made of
        return None
    if function.language not in ("sql", "plpgsql"):
        return NOT_READABLE.format(language=function.language)
    for setting in function.settings:
        if setting.lower() not in HARMLESS_SETTINGS and not setting.startswith("enable_"):
            return NOT_ITS_SETTING.format(setting=setting)
    return None


def _if_volatile(function: Function, safe: frozenset[str]) -> str | None:
    return NOT_A_READ if function.volatility == "v" and function.name not in safe else None


def _judge_relation(relation: Relation, verdict: Verdict) -> None:
    if relation.name in SECRET_RELATIONS and relation.trusted:
        verdict.problems.append(f"relation {relation.name} {NOT_FOR_EYES}")
    elif relation.foreign:
        verdict.problems.append(f"relation {relation.schema}.{relation.name} {NOT_LOCAL}")
    elif not relation.trusted:
        for expression in relation.expressions:
            verdict.more |= names_in(_root(expression))
        for expression in relation.planned:
            verdict.folded |= constant_names_in(_root(f"SELECT {expression}"))


def _root(sql: str) -> ast.Node:
    root = parse_sql(sql)[0].stmt
    assert root is not None
    return root


class _UnsafeBody(Exception):
    pass


def _names_of_body(function: Function, body: str, schemas: Sequence[str]) -> Names:
    names = Names()
    texts = [body] if function.language == "sql" else list(_plpgsql_queries(body, schemas))
    for statement in _statements(texts):
        names |= names_in(statement)
    if function.language == "plpgsql":
        # A variable's type is not told by the parser where it is one that somebody made.
        words = set(_WORD.findall(body))
        names.types |= {Name(None, word) for word in words | {word.lower() for word in words}}
    return names.anywhere() if "search_path" in function.settings else names


def _statements(texts: Iterable[str]) -> Iterator[ast.Node]:
    # A SELECT inside may still write (a WITH clause, INTO): in a READ ONLY transaction it fails.
    for text in texts:
        for raw in parse_sql(text):
            if not isinstance(raw.stmt, ast.SelectStmt):
                raise _UnsafeBody(NOT_A_READ)
            yield raw.stmt


def _plpgsql_queries(definition: str, schemas: Sequence[str]) -> Iterator[str]:
    """Yield the queries in a body.

    The parser knows types of no schema but public. Where it fails, the other schemas are written as
    a part of the names behind them while it works.
    """
    try:
        trees, mark = parse_plpgsql(definition), None
    except ParseError:
        if not schemas:
            raise
        qualified = re.compile(rf"\b({'|'.join(map(re.escape, schemas))})\.")
        trees = parse_plpgsql(qualified.sub(rf"\1{_SCHEMA_MARK}", definition))
        mark = _SCHEMA_MARK
    for query in _queries_below(trees):
        yield query.replace(mark, ".") if mark else query


def _queries_below(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _queries_below(item)
    elif isinstance(value, dict):
        if any(_DYNAMIC in key.lower() for key in value):
            raise _UnsafeBody(NOT_STATIC)
        if "PLpgSQL_expr" in value:
            yield from _as_queries(value["PLpgSQL_expr"])
        if "PLpgSQL_type" in value:
            yield f"SELECT NULL::{value['PLpgSQL_type']['typname']}"
        for item in value.values():
            yield from _queries_below(item)


def _as_queries(expression: dict[str, Any]) -> Iterator[str]:
    query, mode = str(expression["query"]), expression.get("parseMode", _WHOLE_STATEMENT)
    if mode == _WHOLE_STATEMENT:
        yield query
    elif mode == _EXPRESSION:
        yield f"SELECT {query}"
    else:  # an assignment: target := expression, where the target may have subscripts
        yield from (f"SELECT {side}" for side in _ASSIGNMENT.split(query, maxsplit=1))
