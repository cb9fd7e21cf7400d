"""Names are resolved as SQL resolves them, and conditions end up at the right columns."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.postgres.advice.tables import asked, uses

JOIN = {"users.id equal -> orders", "orders.user_id equal -> users"}


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1 FROM users WHERE age = 3", {"users.age equal"}),
        ("SELECT 1 FROM public.users WHERE public.users.age = 3", {"users.age equal"}),
        ("SELECT 1 FROM users u WHERE 3 < u.age", {"users.age range"}),
        ("SELECT 1 FROM users WHERE age BETWEEN 1 AND 2", {"users.age range"}),
        ("SELECT 1 FROM users WHERE age IN (1, 2)", {"users.age in"}),
        ("SELECT 1 FROM users WHERE age = ANY ($1)", {"users.age in"}),
        ("SELECT 1 FROM users WHERE email LIKE 'a%'", {"users.email prefix"}),
        ("SELECT 1 FROM users WHERE email LIKE '%a'", {"users.email other"}),
        ("SELECT 1 FROM users WHERE lower(email) = $1", {"users.(lower(email)) equal"}),
        ("SELECT 1 FROM users WHERE created::date = $1", {"users.(CAST(created AS date)) equal"}),
        ("SELECT 1 FROM users WHERE email::varchar = 'x'", {"users.email equal"}),
        ("SELECT 1 FROM users WHERE status IS NULL", {"users.status null"}),
        ("SELECT 1 FROM users WHERE age < score", {"users.age < score compare"}),
        ("SELECT 1 FROM users WHERE (age, id) > ($1, $2)", {"users.age range"}),
        ("SELECT 1 FROM users WHERE (age, id) = (1, 2)", {"users.age equal", "users.id equal"}),
        ("SELECT 1 FROM users, orders WHERE users.id = user_id", JOIN),
        ("SELECT 1 FROM users u JOIN orders o ON o.user_id = u.id", JOIN),
        ("SELECT 1 FROM users u (user_id) JOIN orders USING (user_id)", JOIN),
        ("SELECT 1 FROM users WHERE id IN (SELECT user_id FROM orders)", JOIN),
        ("SELECT 1 FROM users u WHERE EXISTS (SELECT FROM orders WHERE user_id = u.id)", JOIN),
        ("SELECT (SELECT sum(total) FROM orders WHERE user_id = u.id) FROM users u", JOIN),
        ("SELECT 1 FROM users u, LATERAL (SELECT 1 FROM orders WHERE user_id = u.id) o", JOIN),
        (
            "WITH o AS (SELECT user_id AS who FROM orders) SELECT 1 FROM users, o WHERE id = who",
            JOIN,
        ),
        (
            "SELECT 1 FROM (SELECT user_id AS w, count(*) FROM orders GROUP BY 1) x, users "
            "WHERE id = w",
            JOIN,
        ),
        # A CTE hides the table of its name.
        ("WITH users AS (SELECT total AS id FROM orders) SELECT 1 FROM users WHERE id = 1",
         {"orders.total equal"}),
        ("SELECT 1 FROM active WHERE mail = 'x'", {"users.status equal", "users.email equal"}),
        (
            "SELECT 1 FROM (SELECT id FROM users UNION ALL SELECT user_id FROM orders) x "
            "WHERE id = 5",
            {"users.id equal", "orders.user_id equal"},
        ),
        ('SELECT 1 FROM "Mixed" WHERE "userId" = 1', {'"Mixed"."userId" equal'}),
        ("UPDATE users SET age = 1 WHERE email = $1", {"users.email equal"}),
        ("DELETE FROM users USING orders WHERE users.id = user_id", JOIN),
        ("SELECT 1 FROM users HAVING count(*) > 1", set()),
        # Not known which: never guessed.
        ("SELECT 1 FROM nowhere, users WHERE other = 1", set()),
    ],
)  # fmt: skip
def test_conditions_reach_their_columns(sql: str, expected: set[str]) -> None:
    assert asked(sql) == expected


def test_a_self_join_is_two_uses() -> None:
    one, other = uses("SELECT 1 FROM users a JOIN users b ON a.id = b.score WHERE b.age = 1")
    assert [p.key and p.key.sql for p in one.predicates] == ["id"]
    assert [p.key and p.key.sql for p in other.predicates] == ["score", "age"]


def test_only_what_is_read_of_a_derived_table_is_needed() -> None:
    [use] = uses("SELECT a FROM (SELECT id AS a, email, created FROM users) x WHERE a > 1")
    assert set(use.needed) == {"id"}


def test_a_star_needs_every_column() -> None:
    [use] = uses("SELECT * FROM users")
    assert set(use.needed) == set(use.table.columns)


def test_what_all_arms_of_an_or_demand_is_demanded_always() -> None:
    [use] = uses("SELECT 1 FROM users WHERE (age = 1 AND id = 2) OR (id = 2 AND age = 3)")
    assert [(p.columns, p.constant) for p in use.predicates if p.constant] == [(("id",), "id = 2")]


def test_orders_keep_direction_and_stop_at_another_table() -> None:
    one, other = uses(
        "SELECT 1 FROM users u JOIN orders o ON user_id = u.id ORDER BY u.age DESC, u.id, total"
    )
    [order] = one.orders
    assert [(k.key.sql, k.descending, k.nulls_first) for k in order] == [
        ("age", True, True),
        ("id", False, False),
    ]
    assert other.orders == []


def test_positions_and_output_names_are_understood() -> None:
    [use] = uses("SELECT status AS s, count(*) FROM users GROUP BY 1 ORDER BY s")
    assert [[k.sql for k in group] for group in use.groups] == [["status"]]
    assert [[k.key.sql for k in order] for order in use.orders] == [["status"]]


@settings(deadline=None)
@given(st.lists(st.sampled_from(["age = 1", "id > 2", "email LIKE 'x%'", "status IS NULL"]),
                min_size=1, max_size=5), st.integers(0, 3))  # fmt: skip
def test_nesting_does_not_change_what_is_asked(conditions: list[str], depth: int) -> None:
    where = " AND ".join(conditions)
    sql = f"SELECT * FROM users WHERE {where}"
    nested = sql
    for _ in range(depth):
        nested = f"SELECT * FROM ({nested}) AS x"
    assert asked(nested) == asked(sql)
