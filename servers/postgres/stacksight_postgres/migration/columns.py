"""What adding, dropping and changing a column takes."""

from collections.abc import Iterator

from pglast import ast
from pglast.enums import ConstrType

from stacksight_core.units import format_count
from stacksight_postgres.guard.statement import walk
from stacksight_postgres.migration.conversions import needs_rewrite
from stacksight_postgres.migration.model import Catalogue, ColumnState, Effect, TableState
from stacksight_postgres.migration.names import is_serial, relation_text, type_text
from stacksight_postgres.plans.facts import quote_name

BIGGER_TYPE = (
    "add a new column of the new type, keep both equal with a trigger, fill the old rows in "
    "batches, then swap the names"
)
IN_THREE_STEPS = (
    "ALTER TABLE {table} ADD CONSTRAINT {column}_not_null CHECK ({column} IS NOT NULL) NOT VALID; "
    "ALTER TABLE {table} VALIDATE CONSTRAINT {column}_not_null; then SET NOT NULL, which needs no "
    "scan, and drop the constraint"
)
ADD_THEN_FILL = (
    "add the column without the default, set the default, and fill the old rows in batches"
)
ADD_THEN_CONSTRAIN = (
    "add the column first; then the constraint NOT VALID and VALIDATE CONSTRAINT, or the unique "
    "index CONCURRENTLY and ADD CONSTRAINT … USING INDEX"
)
STOP_USING = "stop using the column in the application first, and deploy that, before it is dropped"


def add_column(node: ast.ColumnDef, name: str, table: TableState, known: Catalogue) -> Effect:
    """Judge ADD COLUMN."""
    parts = {constraint.contype: constraint for constraint in node.constraints or ()}
    default = parts.get(ConstrType.CONSTR_DEFAULT)
    shown = quote_name(str(node.colname))
    rewrite = _why_rewrite(node, known)
    if rewrite:
        return Effect(name, "ACCESS EXCLUSIVE", "rewrite", rewrite, instead=ADD_THEN_FILL)
    if ConstrType.CONSTR_PRIMARY in parts or ConstrType.CONSTR_UNIQUE in parts:
        why = "to build the index of its constraint"
        return Effect(name, "ACCESS EXCLUSIVE", "build", why, instead=ADD_THEN_CONSTRAIN)
    if ConstrType.CONSTR_NOTNULL in parts and default is None and table.rows:
        return Effect(
            name,
            "ACCESS EXCLUSIVE",
            fails=f"{shown} is NOT NULL without a default, and {table.name} has about "
            f"{format_count(table.rows)} rows",
            certain=True,
            instead="give it a constant DEFAULT, which is only noted in the catalogue",
        )
    if ConstrType.CONSTR_CHECK in parts or ConstrType.CONSTR_FOREIGN in parts:
        why = "to check the rows against its constraint"
        return Effect(name, "ACCESS EXCLUSIVE", "scan", why, instead=ADD_THEN_CONSTRAIN)
    why = "its default is only noted in the catalogue" if default else "only the catalogue changes"
    return Effect(name, "ACCESS EXCLUSIVE", why=why)


def referenced(node: ast.ColumnDef) -> Iterator[str]:
    """Yield the tables that a column's own constraints reference."""
    for constraint in node.constraints or ():
        if constraint.contype == ConstrType.CONSTR_FOREIGN and constraint.pktable is not None:
            yield relation_text(constraint.pktable)


def _why_rewrite(node: ast.ColumnDef, known: Catalogue) -> str | None:
    if is_serial(node.typeName):
        return "because each row gets its own value of a sequence"
    written = type_text(node.typeName) if node.typeName else ""
    if known.types.get(written, written) in known.constrained_types:
        return "because its type is a domain with a constraint"
    for constraint in node.constraints or ():
        if constraint.contype == ConstrType.CONSTR_IDENTITY:
            return "because each row gets its own value of a sequence"
        if constraint.contype == ConstrType.CONSTR_GENERATED and _is_stored(constraint):
            return "because its value is computed for each row"
        if constraint.contype == ConstrType.CONSTR_DEFAULT and (
            function := _volatile(constraint.raw_expr, known)
        ):
            return f"because its default calls {function}(), which is volatile"
    return None


def _is_stored(constraint: ast.Constraint) -> bool:
    return constraint.generated_kind != "v"  # VIRTUAL, since 18


def _volatile(expression: ast.Node | None, known: Catalogue) -> str | None:
    for node in walk(expression):
        if isinstance(node, ast.FuncCall) and node.funcname:
            name = str(node.funcname[-1].sval)
            if name in known.volatile:
                return name
    return None


def drop_column(column: str, name: str, table: TableState, *, cascades: bool) -> Effect:
    """Judge DROP COLUMN."""
    if column not in table.columns:
        return missing_column(column, name, table)
    views = table.views.get(column, ())
    lost = f"the values of {quote_name(column)}, and every index and constraint on it"
    return Effect(
        name,
        "ACCESS EXCLUSIVE",
        why="only the catalogue changes; the room is reused as rows are written",
        loses=f"{lost}, and {', '.join(views)}" if views and cascades else lost,
        fails=None if cascades else _read_by(views),
        certain=bool(views) and not cascades,
        instead=STOP_USING,
    )


def change_type(
    node: ast.ColumnDef, column: str, name: str, table: TableState, known: Catalogue
) -> Effect:
    """Judge ALTER COLUMN … TYPE."""
    old = table.columns.get(column)
    if old is None:
        return missing_column(column, name, table)
    written = type_text(node.typeName) if node.typeName else ""
    new = known.types.get(written, written)
    views = table.views.get(column, ())
    fails = _read_by(views)
    if node.raw_default is None and not needs_rewrite(old.type, new, known):
        why = f"{old.type} values are {new} values already, so only the catalogue changes"
        return Effect(name, "ACCESS EXCLUSIVE", why=why, fails=fails, certain=bool(views))
    return Effect(
        name,
        "ACCESS EXCLUSIVE",
        "rewrite",
        f"to turn {old.type} into {new}, and to build its indexes anew",
        fails=fails,
        certain=bool(views),
        instead=BIGGER_TYPE,
    )


def _read_by(views: tuple[str, ...]) -> str | None:
    return f"it is read by {', '.join(views)}" if views else None


def set_not_null(column: str, name: str, table: TableState) -> Effect:
    """Judge SET NOT NULL."""
    old = table.columns.get(column)
    if old is None:
        return missing_column(column, name, table)
    if old.not_null:
        what = "it is NOT NULL already" if old.is_not_null else "a valid CHECK proves it"
        return Effect(name, "ACCESS EXCLUSIVE", why=f"no scan, since {what}")
    nulls = old.null_share or 0.0
    shown = quote_name(column)
    return Effect(
        name,
        "ACCESS EXCLUSIVE",
        "scan",
        "to look for NULLs",
        fails=f"about {nulls:.1%} of the rows have no {shown}" if nulls else None,
        certain=bool(nulls),
        instead=IN_THREE_STEPS.format(table=name, column=shown),
    )


def missing_column(column: str, name: str, table: TableState) -> Effect:
    """Say that a column does not exist."""
    return Effect(
        name,
        "ACCESS EXCLUSIVE",
        fails=f"{table.name} has no column {quote_name(column)}",
        certain=True,
    )


def why_not_unique(columns: list[str], table: TableState) -> str | None:
    """Say why a column is not unique, as far as the statistics tell."""
    only: ColumnState | None = table.columns.get(columns[0]) if len(columns) == 1 else None
    share = only.distinct_share if only else None
    if share is None or share > 0.9 or (table.rows or 0) < 100:
        return None
    distinct = format_count(share * (table.rows or 0))
    return (
        f"{quote_name(columns[0])} has about {distinct} different values in "
        f"{format_count(table.rows or 0)} rows, by the statistics"
    )
