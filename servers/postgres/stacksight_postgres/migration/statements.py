"""What each kind of statement does to the tables that exist."""

from collections.abc import Iterator

from pglast import ast
from pglast.enums import ConstrType, DropBehavior, ObjectType

from stacksight_core.units import format_count, plural
from stacksight_postgres.migration.alter import CATALOGUE_ONLY, alter_table
from stacksight_postgres.migration.columns import why_not_unique
from stacksight_postgres.migration.maintenance import maintenance, no_table
from stacksight_postgres.migration.model import Catalogue, Effect, TableState
from stacksight_postgres.migration.names import dropped_table, object_text, relation_text

CONCURRENTLY = "CREATE INDEX CONCURRENTLY, outside of a transaction"
PER_PARTITION = (
    "CREATE INDEX … ON ONLY {table}, then CREATE INDEX CONCURRENTLY on each partition and ALTER "
    "INDEX … ATTACH PARTITION"
)
RENAME_SAFELY = (
    "what still uses the old name fails from that moment on: deploy code that knows both first, or "
    "leave a view under the old name"
)
BATCHES = "change the rows in batches of some thousands, each in a transaction of its own"

_TABLES = (
    ObjectType.OBJECT_TABLE,
    ObjectType.OBJECT_VIEW,
    ObjectType.OBJECT_MATVIEW,
    ObjectType.OBJECT_FOREIGN_TABLE,
)
_ON_TABLES = (ObjectType.OBJECT_TRIGGER, ObjectType.OBJECT_POLICY, ObjectType.OBJECT_RULE)


def effects_of(node: ast.Node, known: Catalogue) -> list[Effect] | None:
    """Return what a statement does to existing tables; None when that cannot be told.

    Args:
        node: the statement.
        known: the tables that exist at this point of the script.
    """
    if isinstance(node, ast.DoStmt | ast.CallStmt | ast.ExecuteStmt):
        return None
    kinds = (_schema_changes, _writes, maintenance, _additions)
    return [effect for kind in kinds for effect in kind(node, known)]


def _schema_changes(node: ast.Node, known: Catalogue) -> Iterator[Effect]:
    match node:
        case ast.AlterTableStmt(relation=ast.RangeVar() as relation):
            yield from _alter(node, relation_text(relation), known)
        case ast.IndexStmt(relation=ast.RangeVar() as relation):
            yield _create_index(node, relation_text(relation), known)
        case ast.CreateStmt():
            yield from _create_table(node, known)
        case ast.DropStmt():
            yield from _drop(node, known)
        case ast.RenameStmt(relation=ast.RangeVar() as relation):
            yield _rename(node, relation_text(relation), known)
        case _:
            return


def _additions(node: ast.Node, _known: Catalogue) -> Iterator[Effect]:
    match node:
        case ast.CreateTrigStmt(relation=ast.RangeVar() as relation):
            yield Effect(relation_text(relation), "SHARE ROW EXCLUSIVE", why=CATALOGUE_ONLY)
        case (
            ast.CreatePolicyStmt(table=ast.RangeVar() as relation)
            | ast.AlterPolicyStmt(table=ast.RangeVar() as relation)
            | ast.RuleStmt(relation=ast.RangeVar() as relation)
            | ast.AlterObjectSchemaStmt(relation=ast.RangeVar() as relation)
        ):
            yield Effect(relation_text(relation), "ACCESS EXCLUSIVE", why=CATALOGUE_ONLY)
        case ast.CreateStatsStmt():
            for relation in node.relations or ():
                name = relation_text(relation)
                yield Effect(name, "SHARE UPDATE EXCLUSIVE", why=CATALOGUE_ONLY)
        case _:
            return


def _alter(node: ast.AlterTableStmt, name: str, known: Catalogue) -> Iterator[Effect]:
    if name in known.index_tables:
        return  # only the index is locked, against other changes of it
    table_state = known.tables.get(name)
    if table_state is None:
        if not node.missing_ok:
            yield no_table(name)
        return
    yield from alter_table(node, name, table_state, known)


def _create_index(node: ast.IndexStmt, name: str, known: Catalogue) -> Effect:
    table = known.tables.get(name)
    if table is None:
        return no_table(name)
    if node.idxname in table.indexes:
        if node.if_not_exists:
            return Effect(name, "SHARE", why="nothing changes")
        there = f"{table.name} has an index {node.idxname} already"
        return Effect(name, "SHARE", fails=there, certain=True)
    columns = [str(part.name) for part in node.indexParams or () if part.name]
    whole = node.unique and node.whereClause is None
    fails = why_not_unique(columns, table) if whole and len(node.indexParams or ()) == 1 else None
    if node.concurrent:
        if table.kind == "p":
            fails = "an index on a partitioned table cannot be made CONCURRENTLY"
        why = "in two scans; it waits for open transactions"
        return Effect(
            name,
            "SHARE UPDATE EXCLUSIVE",
            "build",
            why,
            fails=fails,
            certain=bool(fails),
            instead=PER_PARTITION.format(table=name) if table.kind == "p" else None,
            alone=True,
        )
    better = PER_PARTITION.format(table=name) if table.kind == "p" else CONCURRENTLY
    return Effect(name, "SHARE", "build", "", instead=better, fails=fails, certain=bool(fails))


def _create_table(node: ast.CreateStmt, known: Catalogue) -> Iterator[Effect]:
    own = relation_text(node.relation) if node.relation else ""
    if own in known.tables:
        if not node.if_not_exists:
            yield Effect(own, fails="it exists already", certain=True)
        return
    for parent in node.inhRelations or ():
        name = relation_text(parent)
        if node.partbound is None:
            yield Effect(name, "SHARE UPDATE EXCLUSIVE", why=CATALOGUE_ONLY)
            continue
        instead = "CREATE TABLE … (LIKE …), then ATTACH PARTITION, which blocks nobody"
        yield Effect(name, "ACCESS EXCLUSIVE", why=CATALOGUE_ONLY, instead=instead)
        table = known.tables.get(name)
        if table is not None and table.default_partition:
            why = "to look for rows that belong into the new partition"
            yield Effect(table.default_partition, "ACCESS EXCLUSIVE", "scan", why)
    for element in node.tableElts or ():
        constraints = (element.constraints or ()) if isinstance(element, ast.ColumnDef) else ()
        for constraint in (*constraints, element):
            if (
                isinstance(constraint, ast.Constraint)
                and constraint.contype == ConstrType.CONSTR_FOREIGN
                and constraint.pktable is not None
            ):
                target = relation_text(constraint.pktable)
                if target in known.tables:
                    yield Effect(target, "SHARE ROW EXCLUSIVE", why="triggers are added")


def _drop(node: ast.DropStmt, known: Catalogue) -> Iterator[Effect]:
    for parts in node.objects or ():
        if not isinstance(parts, tuple):
            continue
        name = object_text(dropped_table(node, parts))
        if node.removeType == ObjectType.OBJECT_INDEX:
            yield from _drop_index(node, name, known)
        elif node.removeType in _TABLES:
            yield from _drop_table(node, name, known)
        elif node.removeType in _ON_TABLES:
            yield Effect(name, "ACCESS EXCLUSIVE", why=CATALOGUE_ONLY)


def _drop_index(node: ast.DropStmt, name: str, known: Catalogue) -> Iterator[Effect]:
    table_name = known.index_tables.get(name)
    table = known.tables.get(table_name) if table_name else None
    if table_name is None or table is None:
        if not node.missing_ok:
            yield no_table(name)
        return
    plain = name.rpartition(".")[2].strip('"')
    scans = table.indexes.get(plain, 0)
    owned = plain in table.constraint_indexes
    fails = f"a constraint of {table.name} needs the index: drop the constraint" if owned else None
    loses = f"an index that was read {plural(scans, 'time')}" if scans else None
    if node.concurrent:
        why = "waits for open transactions"
        yield Effect(
            table_name,
            "SHARE UPDATE EXCLUSIVE",
            why=why,
            loses=loses,
            fails=fails,
            certain=owned,
            alone=True,
        )
        return
    yield Effect(
        table_name,
        "ACCESS EXCLUSIVE",
        why=CATALOGUE_ONLY,
        loses=loses,
        fails=fails,
        certain=owned,
        instead=f"DROP INDEX CONCURRENTLY {name}",
    )


def _drop_table(node: ast.DropStmt, name: str, known: Catalogue) -> Iterator[Effect]:
    table = known.tables.get(name)
    if table is None:
        if not node.missing_ok:
            yield no_table(name)
        return
    cascades = node.behavior == DropBehavior.DROP_CASCADE
    users = [*table.referenced_by, *(view for views in table.views.values() for view in views)]
    users = sorted(set(users) - {table.name})
    shown = ", ".join(users[:5])
    rows = f"about {format_count(table.rows)} rows" if table.rows else None
    yield Effect(
        name,
        "ACCESS EXCLUSIVE",
        why=CATALOGUE_ONLY,
        loses=f"{rows}, and what depends on it: {shown}" if cascades and users else rows,
        fails=f"{shown} depends on it" if users and not cascades else None,
        certain=bool(users and not cascades),
    )
    for target in table.referencing:
        if target != table.name:
            yield Effect(target, "ACCESS EXCLUSIVE", why="its triggers are removed")


def _rename(node: ast.RenameStmt, name: str, known: Catalogue) -> Effect:
    if name in known.index_tables:
        return Effect(None)
    if name not in known.tables:
        return Effect(None) if node.missing_ok else no_table(name)
    of_application = node.renameType in (*_TABLES, ObjectType.OBJECT_COLUMN)
    instead = RENAME_SAFELY if of_application else None
    return Effect(name, "ACCESS EXCLUSIVE", why=CATALOGUE_ONLY, instead=instead)


def _writes(node: ast.Node, _known: Catalogue) -> Iterator[Effect]:
    match node:
        case ast.InsertStmt(relation=ast.RangeVar() as relation):
            yield Effect(relation_text(relation), "ROW EXCLUSIVE", why="rows are added")
        case (
            ast.UpdateStmt(relation=ast.RangeVar() as relation)
            | ast.DeleteStmt(relation=ast.RangeVar() as relation)
            | ast.MergeStmt(relation=ast.RangeVar() as relation)
        ):
            why = "they stay locked until the COMMIT"
            yield Effect(relation_text(relation), "ROW EXCLUSIVE", why=why, instead=BATCHES)
        case _:
            return


def created_by(node: ast.Node) -> Iterator[str]:
    """Yield the tables and views that a statement creates."""
    if isinstance(node, ast.CreateStmt) and node.relation is not None:
        yield relation_text(node.relation)
    elif isinstance(node, ast.CreateTableAsStmt) and node.into and node.into.rel:
        yield relation_text(node.into.rel)
    elif isinstance(node, ast.ViewStmt) and node.view is not None:
        yield relation_text(node.view)


def new_table(name: str) -> TableState:
    """Return the state of a table that the script itself has made."""
    return TableState(name, "new", 0, 0, 0, 0.0, 0.0)
