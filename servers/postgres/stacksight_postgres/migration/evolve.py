"""What the catalogue looks like after a statement, for the statements that follow it."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from pglast import ast
from pglast.enums import AlterTableType as At
from pglast.enums import ConstrType, NullTestType, ObjectType

from stacksight_postgres.migration.model import Catalogue, ColumnState, TableState
from stacksight_postgres.migration.names import dropped_table, object_text, relation_text, type_text
from stacksight_postgres.migration.statements import created_by, new_table


def after(node: ast.Node, known: Catalogue) -> Catalogue:
    """Return what is known once a statement has run."""
    tables = dict(known.tables)
    indexes = dict(known.index_tables)
    for name in created_by(node):
        tables.setdefault(name, new_table(name))
    match node:
        case ast.AlterTableStmt(relation=ast.RangeVar() as relation):
            _change(tables, relation_text(relation), lambda table: _altered(table, node, known))
        case ast.RenameStmt(relation=ast.RangeVar() as relation):
            _rename(tables, relation_text(relation), node)
        case ast.IndexStmt(idxname=str(index), relation=ast.RangeVar() as relation):
            name = relation_text(relation)
            indexes[index] = name
            _change(tables, name, lambda t: replace(t, indexes={**t.indexes, index: 0}))
        case ast.DropStmt():
            for parts in node.objects or ():
                if isinstance(parts, tuple):
                    dropped = object_text(dropped_table(node, parts))
                    gone = indexes if node.removeType == ObjectType.OBJECT_INDEX else tables
                    if gone is indexes or node.removeType == ObjectType.OBJECT_TABLE:
                        gone.pop(dropped, None)
        case ast.UpdateStmt(relation=ast.RangeVar() as relation):
            filled = {str(target.name) for target in node.targetList or ()}
            _change(tables, relation_text(relation), lambda table: _filled(table, filled))
        case _:
            pass
    return replace(known, tables=tables, index_tables=indexes)


def _change(
    tables: dict[str, TableState], name: str, change: Callable[[TableState], TableState]
) -> None:
    if name in tables:
        tables[name] = change(tables[name])


def _rename(tables: dict[str, TableState], name: str, node: ast.RenameStmt) -> None:
    table = tables.get(name)
    if table is None:
        return
    if node.renameType == ObjectType.OBJECT_COLUMN and node.subname in table.columns:
        columns = dict(table.columns)
        columns[str(node.newname)] = columns.pop(str(node.subname))
        tables[name] = replace(table, columns=columns)
    elif node.renameType == ObjectType.OBJECT_TABLE:
        schema = name.rpartition(".")[0]
        del tables[name]
        new = f"{schema}.{node.newname}" if schema else str(node.newname)
        tables[new] = replace(table, name=new)


def _altered(table: TableState, node: ast.AlterTableStmt, known: Catalogue) -> TableState:
    columns, pending = dict(table.columns), dict(table.unvalidated)
    for command in node.cmds or ():
        name, definition = str(command.name or ""), command.def_
        match command.subtype, definition:
            case At.AT_AddColumn, ast.ColumnDef():
                columns.setdefault(str(definition.colname), _added(definition, known))
            case At.AT_DropColumn, _:
                columns.pop(name, None)
            case At.AT_AlterColumnType, ast.ColumnDef() if name in columns:
                columns[name] = replace(columns[name], type=_type(definition, known))
            case ((At.AT_SetNotNull | At.AT_DropNotNull), _) if name in columns:
                is_set = command.subtype == At.AT_SetNotNull
                columns[name] = replace(columns[name], not_null=is_set, is_not_null=is_set)
            case At.AT_AddConstraint, ast.Constraint(contype=ConstrType.CONSTR_CHECK):
                column = _not_null_of(definition)
                if column in columns and definition.skip_validation:
                    pending[str(definition.conname)] = column
                elif column in columns:
                    columns[column] = replace(columns[column], not_null=True)
            case At.AT_ValidateConstraint, _ if pending.get(name) in columns:
                columns[pending[name]] = replace(columns[pending[name]], not_null=True)
            case _:
                pass
    return replace(table, columns=columns, unvalidated=pending)


def _added(definition: ast.ColumnDef, known: Catalogue) -> ColumnState:
    kinds = {constraint.contype for constraint in definition.constraints or ()}
    not_null = bool(kinds & {ConstrType.CONSTR_NOTNULL, ConstrType.CONSTR_PRIMARY})
    return ColumnState(_type(definition, known), not_null, not_null)


def _type(definition: ast.ColumnDef, known: Catalogue) -> str:
    written = type_text(definition.typeName) if definition.typeName else ""
    return known.types.get(written, written)


def _not_null_of(constraint: ast.Constraint) -> str | None:
    test = constraint.raw_expr
    if not isinstance(test, ast.NullTest) or test.nulltesttype != NullTestType.IS_NOT_NULL:
        return None
    fields = test.arg.fields if isinstance(test.arg, ast.ColumnRef) else None
    return str(getattr(fields[-1], "sval", "")) if fields else None


def _filled(table: TableState, names: set[str]) -> TableState:
    columns: Mapping[str, ColumnState] = {
        name: replace(column, null_share=None) if name in names else column
        for name, column in table.columns.items()
    }
    return replace(table, columns=columns)
