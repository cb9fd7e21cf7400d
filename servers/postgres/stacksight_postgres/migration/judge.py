"""Judges a script statement by statement: how dangerous it is on these tables. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pglast import ast
from pglast.enums import TransactionStmtKind

from stacksight_core.units import format_bytes, format_count
from stacksight_postgres.migration.evolve import after
from stacksight_postgres.migration.model import (
    Catalogue,
    CheckedStatement,
    Danger,
    Effect,
    Lock,
    TableState,
    Work,
)
from stacksight_postgres.migration.names import Step
from stacksight_postgres.migration.statements import effects_of

SMALL_BYTES = 16 * 1024**2
"""What is read or written in well under a second."""

MANY_ROWS, VERY_MANY_ROWS = 10_000, 100_000
MAX_SQL = 300

NOT_EXAMINED = "Not examined: what runs inside it is only known when it runs."
NO_EXISTING_TABLE = "Locks no table that others use."
IN_TRANSACTION = "it cannot run inside a transaction, and the script has begun one"
HELD = (
    "Its lock is held until the COMMIT, and so through statement {number}, which takes long: put "
    "the two into transactions of their own"
)
SET_LOCK_TIMEOUT = "SET lock_timeout = '2s' before it, and try again when it fails"

_ORDER: tuple[Danger, ...] = ("safe", "unknown", "careful", "dangerous", "fails")
_BLOCKS: dict[Lock, str] = {
    "ACCESS SHARE": "blocks nothing",
    "ROW EXCLUSIVE": "blocks nobody but writers of the same rows",
    "SHARE UPDATE EXCLUSIVE": "blocks no reads and no writes",
    "SHARE": "blocks all writes",
    "SHARE ROW EXCLUSIVE": "blocks all writes",
    "EXCLUSIVE": "blocks all writes",
    "ACCESS EXCLUSIVE": "blocks all reads and writes",
}
_BLOCKING = frozenset({"SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE"})
_WHILE: dict[Work, str] = {
    "none": "for a moment",
    "scan": "while all its rows are read",
    "build": "while an index is built",
    "rewrite": "while all of it is written anew",
}


@dataclass
class _Open:
    """A transaction that the script has begun, with the statements in it that block."""

    blocking: list[int] = field(default_factory=list)


def judge_script(
    steps: Sequence[Step],
    known: Catalogue,
    rules: Mapping[int, Sequence[str]],
    rows: Mapping[int, float],
) -> list[CheckedStatement]:
    """Judge the statements of a script in their order.

    Args:
        steps: the statements.
        known: what the catalogue says about the things they name.
        rules: messages of the linter by the statement's number.
        rows: how many rows the planner expects an UPDATE or DELETE to change, by number.
    """
    judged: dict[int, CheckedStatement] = {}
    transaction: _Open | None = None
    patient = True  # no lock_timeout has been set
    for step in steps:
        transaction = _transaction(step.node, transaction)
        patient = patient and not _sets_lock_timeout(step.node)
        effects = effects_of(step.node, known)
        if transaction is not None:
            effects = effects and [_alone(effect) for effect in effects]
        judged[step.number] = _judge(step, effects, known, rows.get(step.number), patient=patient)
        if transaction is not None:
            _hold(step, effects or [], known, transaction, judged)
        if judged[step.number].danger != "fails":
            known = after(step.node, known)
    return [
        statement.model_copy(update={"rules": list(rules.get(number, ()))})
        for number, statement in judged.items()
    ]


def _transaction(node: ast.Node, current: _Open | None) -> _Open | None:
    if not isinstance(node, ast.TransactionStmt):
        return current
    begins = (TransactionStmtKind.TRANS_STMT_BEGIN, TransactionStmtKind.TRANS_STMT_START)
    ends = (TransactionStmtKind.TRANS_STMT_COMMIT, TransactionStmtKind.TRANS_STMT_ROLLBACK)
    if node.kind in begins:
        return _Open()
    return None if node.kind in ends else current


def _sets_lock_timeout(node: ast.Node) -> bool:
    return isinstance(node, ast.VariableSetStmt) and node.name == "lock_timeout" and bool(node.args)


def _alone(effect: Effect) -> Effect:
    return replace(effect, fails=IN_TRANSACTION, certain=True) if effect.alone else effect


def _hold(
    step: Step,
    effects: Sequence[Effect],
    known: Catalogue,
    transaction: _Open,
    judged: dict[int, CheckedStatement],
) -> None:
    if any(_is_long(effect, known) for effect in effects):
        for number in transaction.blocking:
            told = judged[number]
            judged[number] = told.model_copy(
                update={
                    "danger": max(told.danger, "dangerous", key=_ORDER.index),
                    "effects": [*told.effects, HELD.format(number=step.number) + "."],
                }
            )
        transaction.blocking.clear()
    if any(effect.lock in _BLOCKING and _table(effect, known) for effect in effects):
        transaction.blocking.append(step.number)


def _judge(
    step: Step,
    effects: Sequence[Effect] | None,
    known: Catalogue,
    rows: float | None,
    *,
    patient: bool,
) -> CheckedStatement:
    sql = " ".join(step.sql.split())
    sql = sql if len(sql) <= MAX_SQL else f"{sql[:MAX_SQL]}…"
    if effects is None:
        return CheckedStatement(
            number=step.number, sql=sql, danger="unknown", effects=[NOT_EXAMINED]
        )
    told = [e for e in effects if _matters(e, known)]
    dangers: list[Danger] = [_danger(e, known, rows, patient=patient) for e in told]
    worst: Danger = max(dangers, key=_ORDER.index, default="safe")
    texts = [text for effect in told for text in _texts(effect, known, rows)]
    instead = [e.instead for e, danger in zip(told, dangers, strict=True) if danger != "safe"]
    if worst == "careful" and patient and any(_is_brief(e) for e in told):
        instead.append(SET_LOCK_TIMEOUT)
    return CheckedStatement(
        number=step.number,
        sql=sql,
        danger=worst,
        effects=list(dict.fromkeys(texts)) or [NO_EXISTING_TABLE],
        instead=". ".join(dict.fromkeys(text for text in instead if text)) or None,
    )


def _table(effect: Effect, known: Catalogue) -> TableState | None:
    table = known.tables.get(effect.table) if effect.table else None
    return None if table is None or table.kind == "new" else table


def _matters(effect: Effect, known: Catalogue) -> bool:
    table = known.tables.get(effect.table) if effect.table else None
    return bool(effect.fails) if table is None else table.kind != "new"


def _size(effect: Effect, table: TableState) -> int:
    return table.bytes + (table.index_bytes if effect.work == "rewrite" else 0)


def _is_long(effect: Effect, known: Catalogue) -> bool:
    table = _table(effect, known)
    return table is not None and effect.work != "none" and _size(effect, table) > SMALL_BYTES


def _is_brief(effect: Effect) -> bool:
    return effect.lock in _BLOCKING and effect.work == "none"


def _danger(effect: Effect, known: Catalogue, rows: float | None, *, patient: bool) -> Danger:
    if effect.fails:
        return "fails" if effect.certain else "careful"
    if effect.lock == "ROW EXCLUSIVE":
        many = rows or 0
        return "dangerous" if many > VERY_MANY_ROWS else "careful" if many > MANY_ROWS else "safe"
    if effect.lock not in _BLOCKING:
        return "careful" if effect.loses else "safe"
    if _is_long(effect, known):
        return "dangerous"
    table = _table(effect, known)
    waits = table is not None and bool(table.holders)
    return "careful" if patient or effect.loses or effect.work != "none" or waits else "safe"


def _texts(effect: Effect, known: Catalogue, rows: float | None) -> Iterator[str]:
    table = _table(effect, known)
    if table is None:
        yield f"Fails: {effect.fails}."
        return
    blocks = f"{effect.lock} on {table.name} ({_size_of(effect, table)}) {_BLOCKS[effect.lock]}"
    if effect.lock == "ROW EXCLUSIVE":
        count = f"; about {format_count(rows)} rows change" if rows is not None else ""
        yield f"{blocks}{count}: {effect.why}."
    elif effect.work == "none":
        yield f"{blocks}, {_WHILE['none']}: {effect.why}." if effect.why else f"{blocks}."
    else:
        yield f"{blocks} {_WHILE[effect.work]} {effect.why}".rstrip() + "."
    if effect.fails:
        yield f"{'Fails' if effect.certain else 'May fail'}: {effect.fails}."
    if effect.loses:
        yield f"Loses {effect.loses}."
    if table.holders and effect.lock in _BLOCKING:
        yield (
            f"Waits behind {'; '.join(table.holders)}, and every new statement on {table.name} "
            "waits behind it."
        )


def _size_of(effect: Effect, table: TableState) -> str:
    partitions = ", with its partitions" if table.kind == "p" else ""
    return format_bytes(_size(effect, table)) + partitions


def describe_table(table: TableState) -> str:
    """Write a table's size and traffic."""
    rows = "rows unknown" if table.rows is None else f"{format_count(table.rows)} rows"
    size = format_bytes(table.bytes)
    traffic = (
        f"{_rate(table.reads_a_minute)} scans and {_rate(table.writes_a_minute)} written rows a "
        "minute"
    )
    indexes = format_bytes(table.index_bytes)
    return f"{table.name}: {rows}, {size} and {indexes} of indexes, {traffic}"


def _rate(value: float) -> str:
    return format_count(value) if value >= 1 or value == 0 else f"{value:.2g}"
