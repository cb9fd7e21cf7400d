"""What the parts of an ALTER TABLE take.

Sources: PostgreSQL's documentation of ALTER TABLE, and AlterTableGetLockLevel in its source.
"""

from collections.abc import Iterator

from pglast import ast
from pglast.enums import AlterTableType as At
from pglast.enums import DropBehavior

from stacksight_postgres.migration.columns import (
    add_column,
    change_type,
    drop_column,
    missing_column,
    referenced,
    set_not_null,
)
from stacksight_postgres.migration.constraints import add_constraint
from stacksight_postgres.migration.model import Catalogue, Effect, Lock, TableState
from stacksight_postgres.migration.names import relation_text

CATALOGUE_ONLY = "only the catalogue changes"
NOTHING_CHANGES = "nothing changes"
ATTACH_SAFELY = (
    "add a CHECK to the new partition first that says what the bounds say (NOT VALID, then "
    "VALIDATE): it then needs no scan"
)
DETACH_SAFELY = "ALTER TABLE {table} DETACH PARTITION {part} CONCURRENTLY"
MIN_VERSION_OF_DETACH = 140000

_REWRITES = {
    At.AT_SetLogged: "to write it to the write-ahead log",
    At.AT_SetUnLogged: "to write it anew",
    At.AT_SetAccessMethod: "to write it in the other format",
    At.AT_SetTableSpace: "to copy its files",
    At.AT_SetExpression: "to compute the column anew",
}
_WEAK: dict[At, Lock] = {
    **dict.fromkeys(
        (
            At.AT_SetStatistics,
            At.AT_ClusterOn,
            At.AT_DropCluster,
            At.AT_SetRelOptions,
            At.AT_ResetRelOptions,
            At.AT_SetOptions,
            At.AT_ResetOptions,
        ),
        "SHARE UPDATE EXCLUSIVE",
    ),
    **dict.fromkeys(
        (
            At.AT_EnableTrig,
            At.AT_EnableAlwaysTrig,
            At.AT_EnableReplicaTrig,
            At.AT_DisableTrig,
            At.AT_EnableTrigAll,
            At.AT_DisableTrigAll,
            At.AT_EnableTrigUser,
            At.AT_DisableTrigUser,
        ),
        "SHARE ROW EXCLUSIVE",
    ),
}
_OF_COLUMN = frozenset(
    {
        At.AT_ColumnDefault,
        At.AT_DropNotNull,
        At.AT_SetStorage,
        At.AT_SetCompression,
        At.AT_SetStatistics,
        At.AT_AddIdentity,
        At.AT_SetIdentity,
        At.AT_DropIdentity,
        At.AT_DropExpression,
    }
)


def alter_table(
    node: ast.AlterTableStmt, name: str, table: TableState, known: Catalogue
) -> Iterator[Effect]:
    """Yield what each part of an ALTER TABLE does."""
    for command in node.cmds or ():
        yield from _alter(command, name, table, known)


def _alter(
    command: ast.AlterTableCmd, name: str, table: TableState, known: Catalogue
) -> Iterator[Effect]:
    match command.subtype, command.def_:
        case At.AT_AddConstraint, ast.Constraint() as constraint:
            yield from add_constraint(constraint, name, table)
        case At.AT_ValidateConstraint, _:
            yield Effect(name, "SHARE UPDATE EXCLUSIVE", "scan", "to check them")
        case At.AT_AttachPartition, ast.PartitionCmd() as part:
            yield from _attach(part, name, table)
        case ((At.AT_DetachPartition | At.AT_DetachPartitionFinalize), ast.PartitionCmd() as part):
            yield from _detach(part, name, table, known)
        case subtype, _ if subtype in _REWRITES:
            yield Effect(name, "ACCESS EXCLUSIVE", "rewrite", _REWRITES[subtype])
        case _:
            yield from _alter_column(command, name, table, known)


def _alter_column(
    command: ast.AlterTableCmd, name: str, table: TableState, known: Catalogue
) -> Iterator[Effect]:
    column, subtype = str(command.name or ""), command.subtype
    match subtype, command.def_:
        case At.AT_AddColumn, ast.ColumnDef() as definition:
            yield from _add_column(command, definition, name, table, known)
        case At.AT_DropColumn, _:
            if command.missing_ok and column not in table.columns:
                yield Effect(name, "ACCESS EXCLUSIVE", why=NOTHING_CHANGES)
            else:
                cascades = command.behavior == DropBehavior.DROP_CASCADE
                yield drop_column(column, name, table, cascades=cascades)
        case At.AT_AlterColumnType, ast.ColumnDef() as definition:
            yield change_type(definition, column, name, table, known)
        case At.AT_SetNotNull, _:
            yield set_not_null(column, name, table)
        case _ if subtype in _OF_COLUMN and column and column not in table.columns:
            yield missing_column(column, name, table)
        case _:
            lock: Lock = _WEAK.get(subtype, "ACCESS EXCLUSIVE") if subtype else "ACCESS EXCLUSIVE"
            yield Effect(name, lock, why=CATALOGUE_ONLY)


def _add_column(
    command: ast.AlterTableCmd,
    definition: ast.ColumnDef,
    name: str,
    table: TableState,
    known: Catalogue,
) -> Iterator[Effect]:
    if str(definition.colname) in table.columns:
        there = f"{table.name} has a column {definition.colname} already"
        fails = None if command.missing_ok else there
        yield Effect(
            name, "ACCESS EXCLUSIVE", why=NOTHING_CHANGES, fails=fails, certain=fails is not None
        )
        return
    yield add_column(definition, name, table, known)
    for target in referenced(definition):
        yield Effect(target, "SHARE ROW EXCLUSIVE", why="triggers are added")


def _attach(command: ast.PartitionCmd, name: str, table: TableState) -> Iterator[Effect]:
    yield Effect(name, "SHARE UPDATE EXCLUSIVE", why=CATALOGUE_ONLY)
    if command.name is not None:
        why = "to check its rows against the bounds, unless a CHECK proves them"
        part = relation_text(command.name)
        yield Effect(part, "ACCESS EXCLUSIVE", "scan", why, instead=ATTACH_SAFELY)
    if table.default_partition:
        why = "to look for rows that belong into the new partition"
        yield Effect(table.default_partition, "ACCESS EXCLUSIVE", "scan", why)


def _detach(
    command: ast.PartitionCmd, name: str, table: TableState, known: Catalogue
) -> Iterator[Effect]:
    part = relation_text(command.name) if command.name else None
    if command.concurrent:
        yield Effect(name, "SHARE UPDATE EXCLUSIVE", why="waits for open transactions", alone=True)
        return
    better = DETACH_SAFELY.format(table=name, part=part)
    instead = better if known.version >= MIN_VERSION_OF_DETACH else None
    yield Effect(name, "ACCESS EXCLUSIVE", why=CATALOGUE_ONLY, instead=instead)
    for other in (part, table.default_partition):
        if other is not None:
            yield Effect(other, "ACCESS EXCLUSIVE", why=CATALOGUE_ONLY)
