"""run_query: rows, values, limits, pages and errors."""

import re

import pytest

from tests.support.stdio import ServerClient


async def test_values_are_written_as_postgres_writes_them(shop: ServerClient) -> None:
    answer = await shop.call(
        "run_query",
        sql="SELECT 1.50::numeric AS n, true AS b, NULL AS x, ARRAY[1, NULL] AS a, "
        "'2026-01-02 03:04+00'::timestamptz AS t, '{\"k\": 1}'::jsonb AS j, 'p|q' AS s, '' AS e, "
        "interval '1 day 2 hours' AS i, '\\x00ff'::bytea AS y",
    )
    row = answer.text.splitlines()[3]
    assert row == (
        '1.50 | true | - | {1,NULL} | 2026-01-02 03:04:00+00 | {"k": 1} | p\\|q | "" | '
        "1 day 02:00:00 | \\x00ff"
    )


@pytest.mark.parametrize(
    ("type_", "value", "shown"),
    [
        ("int", 7, "7"),
        ("int", "7", "7"),
        ("text", 7, "7"),
        ("text", 'it\'s \\ "quoted"', 'it\'s \\ "quoted"'),
        ("timestamptz", "2026-01-02T03:04:05Z", "2026-01-02 03:04:05+00"),
        ("int[]", [1, 2], "{1,2}"),
        ("text[]", ["a,b", 'c"d', None], '{"a,b","c\\"d",NULL}'),
        ("jsonb", {"a": [1]}, '{"a": [1]}'),
        ("boolean", True, "true"),
        ("numeric", 1.25, "1.25"),
        ("status", "paid", "paid"),
    ],
)
async def test_parameters_of_every_type(
    shop: ServerClient, type_: str, value: object, shown: str
) -> None:
    answer = await shop.call("run_query", sql=f"SELECT $1::{type_} AS v", params=[value])
    assert answer.text.splitlines()[3] == shown


async def test_parameter_null(shop: ServerClient) -> None:
    answer = await shop.call(
        "run_query", sql="SELECT count(*) FROM orders WHERE id = $1", params=[None]
    )
    assert answer.text.splitlines()[3] == "0"


@pytest.mark.parametrize(
    ("sql", "params", "expected"),
    [
        ("SELECT * FROM ordres", [], "Did you mean `orders`"),
        ("SELECT totall FROM orders", [], "Did you mean `total`"),
        ("SELECT uper('a')", [], "Did you mean `upper`"),
        ("SELECT frm x y", [], "at line 1, column 14"),
        ("SELECT 1\nFROM orders\nWHERE nope = 1", [], "at line 3, column 7"),
        ("SELECT $1", [], "params"),
        ("SELECT $1::int", [1, 2], "Leave out what is not used"),
        ("SELECT $1::int", ["seven"], "invalid input syntax"),
        ("SELECT 1 / 0", [], "division by zero"),
        ("", [], "sql"),
        ("   ", [], "no statement"),
        ("-- nothing", [], "no statement"),
        ("DELETE FROM orders", [], "explain_query"),
        ("EXPLAIN SELECT 1", [], "explain_query"),
    ],
)
async def test_errors_say_what_to_do(
    shop: ServerClient, sql: str, params: list[object], expected: str
) -> None:
    answer = await shop.call("run_query", sql=sql, params=params)
    assert answer.is_error
    assert expected in answer.text


async def test_pages_join_to_the_whole(shop: ServerClient) -> None:
    seen: list[str] = []
    cursor = None
    for _ in range(4):
        answer = await shop.call(
            "run_query",
            sql="SELECT id FROM orders WHERE id <= 10 ORDER BY id",
            limit=3,
            cursor=cursor,
        )
        lines = answer.text.splitlines()
        seen += lines[3 : lines.index(next(x for x in lines if x.startswith("</")))]
        found = re.search(r'cursor="([^"]+)"', answer.text)
        cursor = found[1] if found else None
        if cursor is None:
            break
    assert seen == [str(n) for n in range(1, 11)]


async def test_pages_without_an_order_are_warned_about(shop: ServerClient) -> None:
    answer = await shop.call("run_query", sql="SELECT id FROM orders", limit=2)
    assert "add one on a unique column" in answer.text


async def test_long_cells_and_many_rows_are_cut_and_said_so(shop: ServerClient) -> None:
    answer = await shop.call(
        "run_query", sql="SELECT repeat('x', 5000) FROM generate_series(1, 100)"
    )
    assert len(answer.text) < 8_500
    assert "cut at 200 characters" in answer.text
    assert "more follow" in answer.text
    wide = await shop.call(
        "run_query",
        sql="SELECT repeat('x', 5000) FROM generate_series(1, 1000)",
        limit=1000,
        cell_chars=10_000,
    )
    assert len(wide.text) <= 20_000
    assert "cursor=" in wide.text


async def test_statement_with_comment_and_semicolon_runs(shop: ServerClient) -> None:
    answer = await shop.call("run_query", sql="SELECT 'é;' AS x; -- done")
    assert "é;" in answer.text


async def test_duplicate_and_unnamed_columns(shop: ServerClient) -> None:
    answer = await shop.call("run_query", sql="SELECT 1 AS a, 2 AS a, 3")
    assert "a int4 | a int4 | ?column? int4\n1 | 2 | 3" in answer.text


async def test_secrets_in_cells_are_masked(shop: ServerClient) -> None:
    answer = await shop.call("run_query", sql="SELECT 'postgresql://u:hunter2@h/d' AS url")
    assert "hunter2" not in answer.text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("host=a user=b password=hunter2 port=1", "host=a user=b password=*** port=1"),
        ("user=b password = 'hun ter2' host=a", "user=b password = *** host=a"),
        ("{user=b,password=hunter2}", "{user=b,password=***}"),
        ("postgresql://u:hunter2@h/db?a=1", "postgresql://u:***@h/db?a=1"),
        ("postgresql://h/db?password=hunter2&a=1", "postgresql://h/db?password=***&a=1"),
        ("ALTER ROLE r PASSWORD 'hunter2'", "ALTER ROLE r PASSWORD ***"),
        ("WHERE user = $1 AND password = $2", "WHERE user = $1 AND password = $2"),
        ("the password=words are kept", "the password=words are kept"),
        ("Basic understanding of tokens: none", "Basic understanding of tokens: none"),
        (
            "https://example.org/sk-hotels-in-the-capital?a=b@c",
            "https://example.org/sk-hotels-in-the-capital?a=b@c",
        ),
    ],
)
async def test_passwords_of_connections_are_masked(
    shop: ServerClient, value: str, shown: str
) -> None:
    answer = await shop.call("run_query", sql="SELECT $1::text AS setting", params=[value])
    assert answer.text.splitlines()[3] == shown


async def test_columns_with_the_name_of_a_secret_are_masked(shop: ServerClient) -> None:
    answer = await shop.call(
        "run_query",
        sql="SELECT 'hunter2' AS password, NULL::text AS api_token, now() > '2000-01-01' AS "
        "has_password, 5 AS token_count, 'key' AS primary_key",
    )
    assert answer.text.splitlines()[3] == "*** | - | true | 5 | key"
    assert "1 cell masked" in answer.text
