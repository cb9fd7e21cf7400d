"""Reads a parsed statement: which tables it uses, and what it asks of their columns."""

from typing import Any

from pglast import ast
from pglast.enums import SetOperation, SortByDir, SortByNulls, SubLinkType

from stacksight_postgres.advice.conditions import join_columns, read_condition
from stacksight_postgres.advice.keys import direct_keys, expression_keys
from stacksight_postgres.advice.model import Key, SortKey, Table, Use, View
from stacksight_postgres.advice.nodes import is_node
from stacksight_postgres.advice.scopes import (
    Catalog,
    Output,
    Scope,
    Source,
    field_names,
    rename,
    view_query,
)

_EXTREMES = frozenset({"min", "max"})


def read_uses(statement: ast.Node, catalog: Catalog) -> tuple[Use, ...]:
    """Return every use of a table in a SELECT, INSERT, UPDATE, DELETE or MERGE.

    Args:
        statement: as parsed.
        catalog: the relations that the statement and its views name.
    """
    reader = _Reader(catalog)
    reader.read_statement(statement)
    return tuple(reader.uses)


class _Reader:
    def __init__(self, catalog: Catalog) -> None:
        self.uses: list[Use] = []
        self._catalog = catalog
        self._selects: dict[int, dict[str, Output]] = {}
        self._kept: list[Any] = []

    # --- statements -----------------------------------------------------------------------

    def read_statement(self, node: Any) -> None:
        scope = Scope()
        self._with(node, scope)
        if is_node(node, ast.SelectStmt):
            self._touch_all(self.select(node, scope))
            return
        if is_node(node, ast.InsertStmt):
            if node.selectStmt is not None:
                self._touch_all(self.select(node.selectStmt, scope))
            return
        self._from_item(node.relation, scope)
        if scope.sources and (target := scope.sources[0].use) is not None:
            target.written = True
        if is_node(node, ast.MergeStmt):
            self._from_item(node.sourceRelation, scope)
            read_condition(node.joinCondition, scope, self)
            self.read((node.mergeWhenClauses,), scope)
            return
        others = node.fromClause if is_node(node, ast.UpdateStmt) else node.usingClause
        for item in others or ():
            self._from_item(item, scope)
        if is_node(node, ast.UpdateStmt):
            self.read(tuple(target.val for target in node.targetList or ()), scope)
        read_condition(node.whereClause, scope, self)

    def select(self, node: Any, parent: Scope | None) -> dict[str, Output]:
        """Read a SELECT once and return its columns; what they hold is read when asked for."""
        if id(node) not in self._selects:
            self._kept.append(node)
            self._selects[id(node)] = {}
            self._selects[id(node)] = self._select(node, parent)
        return self._selects[id(node)]

    def _select(self, node: Any, parent: Scope | None) -> dict[str, Output]:
        scope = Scope(parent)
        self._with(node, scope)
        if node.op != SetOperation.SETOP_NONE:
            return self._union(node, scope)
        if node.valuesLists:
            self.read(node.valuesLists, scope)
            return {f"column{i}": Output() for i, _ in enumerate(node.valuesLists[0], 1)}
        for item in node.fromClause or ():
            self._from_item(item, scope)
        outputs = self._outputs(node.targetList or (), scope)
        read_condition(node.whereClause, scope, self)
        read_condition(node.havingClause, scope, self)
        groups = self._items(node.groupClause or (), outputs, scope, aliases_first=False)
        self._group(groups)
        if node.distinctClause:
            self._group(list(outputs.values()))
        self._order(node, outputs, scope)
        self._windows(node, scope)
        self.read((node.limitCount, node.limitOffset), scope)
        return outputs

    def _union(self, node: Any, scope: Scope) -> dict[str, Output]:
        left = self.select(node.larg, scope)
        right = self.select(node.rarg, scope)
        both = {
            name: Output(one.refs + other.refs, one.parts + other.parts)
            for (name, one), other in zip(left.items(), right.values(), strict=False)
        }
        if not node.all:
            self._touch_all(both)
        return both

    def _with(self, node: Any, scope: Scope) -> None:
        clause: Any = getattr(node, "withClause", None)
        for cte in clause.ctes if clause else ():
            names = [name.sval for name in cte.aliascolnames or ()]
            if not is_node(cte.ctequery, ast.SelectStmt):
                self.read_statement(cte.ctequery)
                scope.ctes[cte.ctename] = {}
                continue
            if clause.recursive and cte.ctequery.op != SetOperation.SETOP_NONE:
                first = self.select(cte.ctequery.larg, scope)
                scope.ctes[cte.ctename] = rename(first, names)
            scope.ctes[cte.ctename] = rename(self.select(cte.ctequery, scope), names)

    # --- FROM -----------------------------------------------------------------------------

    def _from_item(self, item: Any, scope: Scope) -> list[Source]:
        if is_node(item, ast.RangeVar):
            return self._add(scope, self._relation(item, scope))
        if is_node(item, ast.RangeSubselect):
            columns = dict(self.select(item.subquery, scope))
            return self._add(scope, self._aliased(item.alias, "", columns))
        if is_node(item, ast.JoinExpr):
            return self._join(item, scope)
        self.read(item, scope)
        alias = getattr(item, "alias", None)
        return self._add(scope, Source(alias.aliasname if alias else "", {}))

    def _add(self, scope: Scope, source: Source) -> list[Source]:
        scope.sources.append(source)
        return [source]

    def _aliased(self, alias: Any, name: str, columns: dict[str, Output]) -> Source:
        if alias is None:
            return Source(name, columns)
        return Source(alias.aliasname, rename(columns, [c.sval for c in alias.colnames or ()]))

    def _relation(self, item: Any, scope: Scope) -> Source:
        cte = None if item.schemaname else scope.find_cte(item.relname)
        if cte is not None:
            return self._aliased(item.alias, item.relname, cte)
        found = self._catalog.get((item.schemaname or "", item.relname))
        if isinstance(found, View):
            columns = rename(self.select(view_query(found), None), found.columns)
            return self._aliased(item.alias, item.relname, columns)
        if not isinstance(found, Table):
            return self._aliased(item.alias, item.relname, {})
        use = Use(found, len(self.uses))
        self.uses.append(use)
        columns = {name: Output([(use, name)]) for name in found.columns}
        source = self._aliased(item.alias, item.relname, columns)
        source.use = use
        return source

    def _join(self, item: Any, scope: Scope) -> list[Source]:
        left = self._from_item(item.larg, scope)
        right = self._from_item(item.rarg, scope)
        shared = [name.sval for name in item.usingClause or ()]
        if item.isNatural:
            offered = {name for source in right for name in source.columns}
            shared = [n for source in left for n in source.columns if n in offered]
        for name in dict.fromkeys(shared):
            one = next((s.columns[name] for s in left if name in s.columns), None)
            other = next((s.columns[name] for s in right if name in s.columns), None)
            if one is None or other is None:
                continue
            self.touch(one)
            self.touch(other)
            join_columns(one, other)
            scope.merged[name] = Output(one.refs, one.parts)
        read_condition(item.quals, scope, self)
        if item.alias is None:
            return left + right
        columns = {n: o for source in left + right for n, o in source.columns.items()}
        return self._add(scope, self._aliased(item.alias, "", columns))

    # --- what is asked of the columns -------------------------------------------------------

    def _outputs(self, targets: tuple[Any, ...], scope: Scope) -> dict[str, Output]:
        outputs: dict[str, Output] = {}
        for number, target in enumerate(targets, 1):
            value = target.val
            if is_node(value, ast.ColumnRef) and field_names(value)[-1] == "*":
                outputs |= self._star(field_names(value), scope)
                continue
            name = target.name or _default_name(value) or f"?column?{number}"
            found = None
            if is_node(value, ast.ColumnRef):
                found = scope.find(field_names(value))
            outputs[name] = Output(found.refs if found else [], [(value, scope)])
        return outputs

    def _star(self, fields: tuple[str, ...], scope: Scope) -> dict[str, Output]:
        if len(fields) > 1:
            source = scope.find_source(fields[-2])
            return dict(source.columns) if source else {}
        return {n: o for source in reversed(scope.sources) for n, o in source.columns.items()}

    def _items(
        self, items: tuple[Any, ...], outputs: dict[str, Output], scope: Scope, aliases_first: bool
    ) -> list[Output]:
        """Resolve items of GROUP BY or ORDER BY: positions, output names, expressions."""
        found: list[Output] = []
        for item in items:
            if is_node(item, ast.GroupingSet):
                found += self._items(item.content or (), outputs, scope, aliases_first)
                continue
            found.append(self._item(item, outputs, scope, aliases_first))
        return found

    def _item(
        self, item: Any, outputs: dict[str, Output], scope: Scope, aliases_first: bool
    ) -> Output:
        if is_node(item, ast.A_Const) and is_node(item.val, ast.Integer):
            positions = list(outputs.values())
            index = item.val.ival - 1
            return positions[index] if 0 <= index < len(positions) else Output()
        if is_node(item, ast.ColumnRef) and len(item.fields) == 1:
            name = field_names(item)[0]
            here = scope.find((name,))
            if name in outputs and (aliases_first or here is None):
                return outputs[name]
        self.read(item, scope)
        return Output([], [(item, scope)])

    def _keys_of(self, output: Output) -> list[tuple[Use, Key]]:
        self.touch(output)
        keys = direct_keys(output)
        if keys or len(output.parts) != 1:
            return keys
        return expression_keys(*output.parts[0])

    def _group(self, items: list[Output]) -> None:
        by_use: dict[int, list[Key]] = {}
        for item in items:
            for use, key in self._keys_of(item):
                by_use.setdefault(use.number, []).append(key)
        for number, keys in by_use.items():
            self.uses[number].groups.append(tuple(dict.fromkeys(keys)))

    def _order(self, node: Any, outputs: dict[str, Output], scope: Scope) -> None:
        self._sorted(
            [
                (item, self._item(item.node, outputs, scope, aliases_first=True))
                for item in node.sortClause or ()
            ]
        )
        for target in node.targetList or ():
            value = target.val
            if is_node(value, ast.FuncCall) and len(value.args or ()) == 1:
                self._extreme(value, node, scope)

    def _extreme(self, call: Any, node: Any, scope: Scope) -> None:
        """``min(x)`` and ``max(x)`` are read from the end of an index."""
        if call.funcname[-1].sval in _EXTREMES and not node.groupClause:
            for use, key in expression_keys(call.args[0], scope):
                use.orders.append((SortKey(key),))

    def _windows(self, node: Any, scope: Scope) -> None:
        definitions = list(node.windowClause or ())
        definitions += [t.val.over for t in node.targetList or () if getattr(t.val, "over", None)]
        for window in definitions:
            partition = [(None, Output([], [(n, scope)])) for n in window.partitionClause or ()]
            order = [(s, Output([], [(s.node, scope)])) for s in window.orderClause or ()]
            self._sorted(partition + order)

    def _sorted(self, items: list[tuple[Any, Output]]) -> None:
        """Note the leading keys of an order that all belong to one use of a table."""
        run: list[SortKey] = []
        owner: Use | None = None
        for item, output in items:
            found = self._keys_of(output)
            if len(found) != 1 or (owner is not None and found[0][0] is not owner):
                break
            owner, key = found[0]
            run.append(_sort_key(item, key))
        if owner is not None:
            owner.orders.append(tuple(run))

    # --- columns that are read --------------------------------------------------------------

    def _touch_all(self, outputs: dict[str, Output]) -> None:
        for output in outputs.values():
            self.touch(output)

    def touch(self, output: Output) -> None:
        """Note that a column is read, and with it all that it is made of."""
        for use, name in output.refs:
            use.needed[name] += 1
        if output.read:
            return
        output.read = True
        for expression, scope in output.parts:
            self.read(expression, scope)

    def read(self, root: Any, scope: Scope) -> None:
        """Note every column below an expression as read, and read the queries in it."""
        pending = [root]
        while pending:
            value = pending.pop()
            if isinstance(value, tuple):
                pending.extend(value)
            elif is_node(value, ast.ColumnRef):
                self._read_column(value, scope)
            elif is_node(value, ast.SubLink):
                outputs = self.select(value.subselect, scope)
                if value.subLinkType != SubLinkType.EXISTS_SUBLINK:
                    self._touch_all(outputs)
                pending.append(value.testexpr)
            elif is_node(value, ast.SelectStmt):
                self._touch_all(self.select(value, scope))
            elif is_node(value, ast.Node):
                pending.extend(getattr(value, name) for name in value)

    def _read_column(self, reference: Any, scope: Scope) -> None:
        fields = field_names(reference)
        if fields[-1] == "*":
            self._touch_all(self._star(fields, scope))
            return
        found = scope.find(fields)
        if found is not None:
            self.touch(found)
        elif (source := scope.find_source(fields[-1])) is not None:
            self._touch_all(source.columns)


def _default_name(value: Any) -> str:
    if is_node(value, ast.ColumnRef):
        return field_names(value)[-1]
    if is_node(value, ast.FuncCall):
        return str(value.funcname[-1].sval)
    if is_node(value, ast.TypeCast):
        return _default_name(value.arg)
    return ""


def _sort_key(item: Any, key: Key) -> SortKey:
    if item is None:
        return SortKey(key)
    descending = item.sortby_dir == SortByDir.SORTBY_DESC
    by_default = item.sortby_nulls == SortByNulls.SORTBY_NULLS_DEFAULT
    first = descending if by_default else item.sortby_nulls == SortByNulls.SORTBY_NULLS_FIRST
    return SortKey(key, descending, first)
