"""What TRUNCATE, REINDEX, VACUUM, CLUSTER, REFRESH and LOCK do to a table."""

from collections.abc import Iterator

from pglast import ast
from pglast.enums import DropBehavior, ReindexObjectType

from stacksight_core.units import format_count
from stacksight_postgres.migration.model import Catalogue, Effect, Lock
from stacksight_postgres.migration.names import relation_text

NO_TABLE = "{name} does not exist"

_MODES: dict[int, Lock] = {
    1: "ACCESS SHARE",
    2: "ROW EXCLUSIVE",  # ROW SHARE, which blocks no more than that
    3: "ROW EXCLUSIVE",
    4: "SHARE UPDATE EXCLUSIVE",
    5: "SHARE",
    6: "SHARE ROW EXCLUSIVE",
    7: "EXCLUSIVE",
    8: "ACCESS EXCLUSIVE",
}


def no_table(name: str) -> Effect:
    """Say that a table does not exist."""
    return Effect(name, fails=NO_TABLE.format(name=name), certain=True)


def maintenance(node: ast.Node, known: Catalogue) -> Iterator[Effect]:
    """Yield what a statement of maintenance does; nothing for any other."""
    match node:
        case ast.TruncateStmt():
            cascades = node.behavior == DropBehavior.DROP_CASCADE
            for relation in node.relations or ():
                yield from _truncate(relation_text(relation), known, cascades=cascades)
        case ast.ReindexStmt():
            yield from _reindex(node, known)
        case ast.VacuumStmt():
            full = any(option.defname == "full" for option in node.options or ())
            for part in node.rels or ():
                yield _vacuum(relation_text(part.relation), full=full)
        case ast.ClusterStmt(relation=ast.RangeVar() as relation):
            yield Effect(relation_text(relation), "ACCESS EXCLUSIVE", "rewrite", "in the new order")
        case ast.RefreshMatViewStmt(relation=ast.RangeVar() as relation):
            yield _refresh(relation_text(relation), concurrent=bool(node.concurrent))
        case ast.LockStmt():
            for relation in node.relations or ():
                yield Effect(
                    relation_text(relation), _MODES.get(node.mode or 8, "ACCESS EXCLUSIVE")
                )
        case _:
            return


def _truncate(name: str, known: Catalogue, *, cascades: bool) -> Iterator[Effect]:
    table = known.tables.get(name)
    if table is None:
        yield no_table(name)
        return
    users = [user for user in table.referenced_by if user != table.name]
    rows = f"about {format_count(table.rows)} rows" if table.rows else None
    shown = ", ".join(users)
    why = "its files are replaced by empty ones"
    yield Effect(
        name,
        "ACCESS EXCLUSIVE",
        why=why,
        loses=f"{rows}, and all rows of {shown}" if users and cascades else rows,
        fails=f"{shown} references it" if users and not cascades else None,
        certain=bool(users and not cascades),
    )
    for user in users if cascades else ():
        yield Effect(user, "ACCESS EXCLUSIVE", why=why)


def _reindex(node: ast.ReindexStmt, known: Catalogue) -> Iterator[Effect]:
    if node.relation is None:
        return
    name = relation_text(node.relation)
    of_index = node.kind == ReindexObjectType.REINDEX_OBJECT_INDEX
    table = known.index_tables.get(name) if of_index else name
    if any(option.defname == "concurrently" for option in node.params or ()):
        why = "while others read and write"
        yield Effect(table, "SHARE UPDATE EXCLUSIVE", "build", why, alone=True)
        return
    yield Effect(
        table,
        "SHARE",
        "build",
        "and reading by the index has to wait",
        instead="REINDEX … CONCURRENTLY, outside of a transaction",
    )


def _vacuum(name: str, *, full: bool) -> Effect:
    if full:
        instead = "pg_repack, or plain VACUUM, which gives room back for new rows"
        return Effect(name, "ACCESS EXCLUSIVE", "rewrite", "", instead=instead, alone=True)
    return Effect(name, "SHARE UPDATE EXCLUSIVE", "scan", "while others read and write", alone=True)


def _refresh(name: str, *, concurrent: bool) -> Effect:
    if concurrent:
        return Effect(name, "EXCLUSIVE", "build", "while others read it")
    instead = "REFRESH MATERIALIZED VIEW CONCURRENTLY, which needs a unique index on it"
    return Effect(name, "ACCESS EXCLUSIVE", "build", "to run its query", instead=instead)
