"""A table moved to the front of FROM leaves the rows of a query what they were."""

import pytest

from stacksight_postgres.advice.leading import with_leading
from stacksight_postgres.advice.plain import as_plain_query
from stacksight_postgres.advice.untyped import untyped

NAMES = {("", "b"), ("s", "b")}


@pytest.mark.parametrize(
    ("sql", "led"),
    [
        ("SELECT 1 FROM a, b, c", "SELECT 1 FROM b, a, c"),
        ("SELECT 1 FROM a JOIN s.b ON a.i = b.i", "SELECT 1 FROM s.b INNER JOIN a ON a.i = b.i"),
        ("SELECT 1 FROM a LEFT JOIN b USING (i)", "SELECT 1 FROM b RIGHT JOIN a USING (i)"),
        (
            "SELECT 1 FROM c, a JOIN b ON a.i = b.i LEFT JOIN d ON d.i = a.i",
            "SELECT 1 FROM b INNER JOIN a ON a.i = b.i LEFT JOIN d ON d.i = a.i, c",
        ),
        (
            "SELECT 1 FROM a WHERE EXISTS (SELECT 1 FROM c, b)",
            "SELECT 1 FROM a WHERE EXISTS (SELECT 1 FROM b, c)",
        ),
    ],
)
def test_the_table_comes_first_in_every_from(sql: str, led: str) -> None:
    assert with_leading(sql, NAMES) == led


def test_without_the_table_there_is_nothing_to_move() -> None:
    assert with_leading("SELECT 1 FROM a, t.b", NAMES) is None


@pytest.mark.parametrize(
    ("condition", "quoted"),
    [
        ("price < 24", "price < '24'"),
        ("rate BETWEEN 0.5 AND 7", "rate BETWEEN '0.5' AND '7'"),
        ("kind IN (1, 2)", "kind IN ('1', '2')"),
        ("mod(id, 2) = 0", "mod(id, 2) = 0"),
        ("deleted_at IS NULL", "deleted_at IS NULL"),
    ],
)
def test_numbers_that_columns_are_compared_with_are_quoted(condition: str, quoted: str) -> None:
    assert untyped(condition) == quoted


@pytest.mark.parametrize(
    ("sql", "plain"),
    [
        ("SELECT 1 FROM a FOR UPDATE SKIP LOCKED", "SELECT 1 FROM a"),
        (
            "CREATE VIEW v (n) AS SELECT x FROM a; SELECT n FROM v; DROP VIEW v;",
            "WITH v(n) AS (SELECT x FROM a) SELECT n FROM v",
        ),
        ("SELECT 1; SELECT 2", "SELECT 1; SELECT 2"),
        ("SELECT FROM WHERE", "SELECT FROM WHERE"),
    ],
)
def test_a_query_is_made_plain(sql: str, plain: str) -> None:
    assert as_plain_query(sql) == plain
