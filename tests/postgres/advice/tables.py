"""Tables as the statistics describe them, for tests without a database."""

from collections.abc import Sequence

from stacksight_postgres.advice.model import Column, ExistingIndex, Table, Use, View, Writes
from stacksight_postgres.advice.reading import read_uses
from stacksight_postgres.advice.scopes import Catalog
from stacksight_postgres.guard.statement import parse_statement


def column(
    name: str,
    type_: str = "integer",
    distinct: float = 1000.0,
    *,
    width: int = 4,
    correlation: float = 0.0,
) -> Column:
    return Column(
        name=name,
        type=type_,
        alignment=4,
        width=width,
        fixed=type_ != "text",
        distinct=distinct,
        null_fraction=0.0,
        correlation=correlation,
        ordered=type_ != "point",
        deduplicates=type_ != "numeric",
        bytewise=False,
    )


def table(
    name: str, *columns: Column | str, indexes: Sequence[ExistingIndex] = (), oid: int = 1
) -> Table:
    found = [c if isinstance(c, Column) else column(c) for c in columns]
    return Table(
        oid=oid,
        name=name,
        rows=100_000.0,
        pages=2_000,
        visible=2_000,
        analyzed=True,
        columns={c.name: c for c in found},
        indexes=tuple(indexes),
        foreign_keys=(),
        writes=Writes(0, 0, 0, 0, None),
    )


def existing(*keys: str) -> ExistingIndex:
    return ExistingIndex("i", "btree", keys, (), None, False, False, 8192, True, 0)


USERS = table(
    "users",
    "id",
    column("email", "text", 1e5, width=20),
    column("status", "text", 3, width=6),
    "age",
    column("created", "timestamp without time zone", 1e5, width=8, correlation=0.99),
    "score",
)
ORDERS = table("orders", column("id", distinct=1e5), "user_id", "total", "kind", oid=2)
MIXED = table('"Mixed"', "id", column("userId"), oid=3)
ACTIVE = View(
    "active", "SELECT u.id AS uid, u.email FROM users u WHERE u.status = 'on'", ("uid", "mail")
)
CATALOG: Catalog = {
    ("", "users"): USERS,
    ("public", "users"): USERS,
    ("", "orders"): ORDERS,
    ("", "Mixed"): MIXED,
    ("", "active"): ACTIVE,
}


def uses(sql: str) -> tuple[Use, ...]:
    return read_uses(parse_statement(sql).tree, CATALOG)


def asked(sql: str) -> set[str]:
    """What a query asks of columns: table.key kind, and -> table when another is compared."""
    found = uses(sql)
    lines = set()
    for use in found:
        for p in use.predicates:
            partner = f" -> {found[p.partner].table.name}" if p.partner is not None else ""
            key = p.key.sql if p.key else p.constant
            lines.add(f"{use.table.name}.{key} {p.kind}{partner}")
    return lines
