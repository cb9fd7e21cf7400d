"""Brings what applications send into the form in which it can be planned. Pure."""

from typing import Any

from pglast import ast, parse_sql
from pglast.enums import CTEMaterialize
from pglast.parser import ParseError
from pglast.stream import RawStream

from stacksight_postgres.advice.nodes import is_node, nodes_below


def as_plain_query(sql: str) -> str:
    """Return a query without row locks, and with the views created beside it as WITH queries.

    ``SELECT … FOR UPDATE`` chooses the same rows as without. TPC-H's query 15 is published as a
    CREATE VIEW, a SELECT and a DROP VIEW. Everything else comes back as it is.
    """
    try:
        roots: list[Any] = [statement.stmt for statement in parse_sql(sql)]
    except ParseError:
        return sql
    views = [root for root in roots if is_node(root, ast.ViewStmt)]
    rest = [root for root in roots if not is_node(root, (ast.ViewStmt, ast.DropStmt))]
    if len(rest) != 1 or not is_node(rest[0], ast.SelectStmt) or (len(roots) > 1 and not views):
        return sql
    query = rest[0]
    locking = [node for node in nodes_below(query) if getattr(node, "lockingClause", None)]
    if not locking and not views:
        return sql
    for node in locking:
        node.lockingClause = None
    if views:
        query.withClause = _with(views, query.withClause)
    return str(RawStream()(query))


def _with(views: list[Any], clause: Any) -> ast.WithClause:
    ctes = tuple(
        ast.CommonTableExpr(
            ctename=view.view.relname,
            aliascolnames=view.aliases,
            ctematerialized=CTEMaterialize.CTEMaterializeDefault,
            ctequery=view.query,
        )
        for view in views
    )
    if clause is None:
        return ast.WithClause(ctes=ctes, recursive=False)
    return ast.WithClause(ctes=ctes + clause.ctes, recursive=clause.recursive)
