"""What adding, validating and dropping a constraint takes."""

from collections.abc import Iterator

from pglast import ast
from pglast.enums import ConstrType

from stacksight_postgres.migration.columns import set_not_null, why_not_unique
from stacksight_postgres.migration.model import Effect, TableState
from stacksight_postgres.migration.names import relation_text
from stacksight_postgres.plans.facts import quote_name

VALIDATE_LATER = (
    "add it NOT VALID, which checks only what is written from then on; then, in a transaction of "
    "its own, ALTER TABLE {table} VALIDATE CONSTRAINT {constraint}, which blocks nobody"
)
INDEX_FIRST = (
    "CREATE UNIQUE INDEX CONCURRENTLY … ON {table} ({columns}); then ADD CONSTRAINT … {kind} USING "
    "INDEX …, which only changes the catalogue"
)

_UNIQUE = {ConstrType.CONSTR_PRIMARY: "PRIMARY KEY", ConstrType.CONSTR_UNIQUE: "UNIQUE"}


def add_constraint(node: ast.Constraint, name: str, table: TableState) -> Iterator[Effect]:
    """Judge ADD CONSTRAINT."""
    if node.contype in _UNIQUE:
        yield _add_unique(node, name, table, _UNIQUE[node.contype])
    elif node.contype == ConstrType.CONSTR_FOREIGN:
        yield from _add_foreign_key(node, name, table)
    elif node.contype == ConstrType.CONSTR_EXCLUSION:
        yield Effect(name, "ACCESS EXCLUSIVE", "build", "to build the index of the constraint")
    elif node.contype == ConstrType.CONSTR_NOTNULL and node.keys and not node.skip_validation:
        yield set_not_null(str(node.keys[0].sval), name, table)
    elif node.skip_validation:
        yield Effect(name, "ACCESS EXCLUSIVE", why="no scan, since it is NOT VALID")
    else:
        yield Effect(
            name,
            "ACCESS EXCLUSIVE",
            "scan",
            "to check them",
            instead=_later(node, name),
        )


def _add_unique(node: ast.Constraint, name: str, table: TableState, kind: str) -> Effect:
    if node.indexname:
        return Effect(name, "ACCESS EXCLUSIVE", why="the index is there already")
    columns = [str(key.sval) for key in node.keys or ()]
    fails = why_not_unique(columns, table)
    nulls = [c for c in columns if c in table.columns and table.columns[c].null_share]
    if kind == "PRIMARY KEY" and nulls:
        fails = f"{quote_name(nulls[0])} has NULLs, by the statistics"
    shown = ", ".join(quote_name(column) for column in columns)
    return Effect(
        name,
        "ACCESS EXCLUSIVE",
        "build",
        "to build the index of the constraint",
        instead=INDEX_FIRST.format(table=name, columns=shown, kind=kind),
        fails=fails,
        certain=bool(fails),
    )


def _add_foreign_key(node: ast.Constraint, name: str, table: TableState) -> Iterator[Effect]:
    target = relation_text(node.pktable) if node.pktable else None
    if node.skip_validation:
        yield Effect(name, "SHARE ROW EXCLUSIVE", why="no scan, since it is NOT VALID")
        yield Effect(target, "SHARE ROW EXCLUSIVE", why="triggers are added")
        return
    later = _later(node, name)
    why = f"to look up each row in {target}"
    yield Effect(name, "SHARE ROW EXCLUSIVE", "scan", why, instead=later)
    if target is not None and target != name:
        why = f"while the rows of {table.name} are looked up in it"
        yield Effect(target, "SHARE ROW EXCLUSIVE", "scan", why)


def _later(node: ast.Constraint, name: str) -> str:
    constraint = quote_name(str(node.conname)) if node.conname else "its name"
    return VALIDATE_LATER.format(table=name, constraint=constraint)
