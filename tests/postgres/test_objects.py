"""list_objects and describe_table."""

import re

from syrupy.assertion import SnapshotAssertion

from tests.support.stdio import ServerClient

VARYING = [
    (re.compile(r"untrusted-[0-9a-f]{6}"), "untrusted-tag"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC"), "TIME"),
    (re.compile(r"\d[\d,]* (sequential scans?|index scans?|scans?)\b"), r"N \1"),
    (re.compile(r"[\d.]+ [kM]B"), "SIZE"),
    (re.compile(r"PostgreSQL [\d.]+"), "PostgreSQL N"),
    (re.compile(r"last (analyze|vacuum) (never|TIME)"), r"last \1 …"),
]


def steady(text: str) -> str:
    for pattern, replacement in VARYING:
        text = pattern.sub(replacement, text)
    return text


async def test_list_shows_tables_with_rows_and_references(shop: ServerClient) -> None:
    answer = await shop.call("list_objects")
    assert "orders | table | 60,000 |" in answer.text
    assert "| customers | -" in answer.text
    assert "Everybody who ever bought something" in answer.text
    assert "events | partitioned table, 2 partitions | 20,000 |" in answer.text
    assert "events_2025" not in answer.text
    assert "totals | materialized view" in answer.text


async def test_list_is_paged(shop: ServerClient) -> None:
    names: list[str] = []
    cursor = None
    while True:
        answer = await shop.call("list_objects", limit=2, cursor=cursor)
        body = answer.text.split("comment\n")[1].split("\n</")[0]
        names += [line.split(" | ")[0] for line in body.splitlines()]
        found = re.search(r'cursor="([^"]+)"', answer.text)
        if found is None:
            break
        cursor = found[1]
    everything = await shop.call("list_objects")
    assert len(names) == len(set(names)) > 4
    assert all(f"\n{name} | " in everything.text for name in names)


async def test_cursor_of_another_call_is_refused(shop: ServerClient) -> None:
    first = await shop.call("list_objects", limit=1)
    cursor = re.search(r'cursor="([^"]+)"', first.text)
    assert cursor
    assert (await shop.call("list_objects", limit=1, match="x", cursor=cursor[1])).is_error
    assert (await shop.call("list_objects", cursor="nonsense")).is_error


async def test_other_kinds(shop: ServerClient) -> None:
    assert "new, paid, sent" in (await shop.call("list_objects", kind="enum")).text
    functions = await shop.call("list_objects", kind="function")
    assert "vat | (amount numeric) → numeric, sql, immutable" in functions.text
    assert "plpgsql" in (await shop.call("list_objects", kind="extension")).text


async def test_superuser_is_told_how_to_have_fewer_rights(shop: ServerClient) -> None:
    answer = await shop.call("list_objects")
    assert "Connected as superuser `stacksight`" in answer.text
    assert "GRANT pg_read_all_data, pg_monitor" in answer.text


async def test_describe_a_table(shop: ServerClient, snapshot: SnapshotAssertion) -> None:
    answer = await shop.call("describe_table", table="orders")
    # ANALYZE samples, so that large numbers of distinct values differ a little each time.
    assert re.sub(r"\d+,\d+ distinct", "N distinct", steady(answer.text)) == snapshot


async def test_describe_shows_quoted_columns_checks_and_references(shop: ServerClient) -> None:
    text = (await shop.call("describe_table", table="public.customers")).text
    assert "isVip | boolean NOT NULL" in text
    assert "has_at CHECK" in text
    assert "(id) ← orders (customer_id) ON DELETE CASCADE (no index on the referencing" in text


async def test_describe_partitions_and_views(shop: ServerClient) -> None:
    events = (await shop.call("describe_table", table="events")).text
    assert "Partitioned by RANGE (at)" in events
    assert "events_2026 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')" in events
    assert "partition of events" in (await shop.call("describe_table", table="events_2025")).text
    view = (await shop.call("describe_table", table="paid_orders")).text
    assert "status = 'paid'::status" in view


async def test_unknown_table_has_near_names(shop: ServerClient) -> None:
    answer = await shop.call("describe_table", table="ordres")
    assert answer.is_error
    assert "Did you mean `orders`" in answer.text


async def test_what_is_no_name_is_refused(shop: ServerClient) -> None:
    for table in ("orders; DROP TABLE orders", "a b", "1", "count(*)", "'x'"):
        answer = await shop.call("describe_table", table=table)
        assert answer.is_error
        assert "not the name of a table" in answer.text
