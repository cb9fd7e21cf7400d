"""compare_plans: handles, statements, hypothetical indexes and settings."""

import re

import pytest

from tests.support.stdio import ServerClient

pytestmark = pytest.mark.usefixtures("hypopg")
SLOW = "SELECT * FROM orders WHERE customer_id = 7"


async def handle_of(shop: ServerClient, sql: str, *, analyze: bool = False) -> str:
    answer = await shop.call("explain_query", sql=sql, analyze=analyze)
    found = re.match(r"plan-[0-9a-f]{8}", answer.text)
    assert found, answer.text
    return found[0]


async def test_index_makes_it_better(shop: ServerClient) -> None:
    handle = await handle_of(shop, SLOW)
    answer = await shop.call(
        "compare_plans", before=handle, hypothetical_indexes=["orders (customer_id)"]
    )
    assert answer.text.startswith("Better: another plan, estimated cost")
    assert "reading orders | Seq Scan" in answer.text
    assert "btree_orders_customer_id" in answer.text


async def test_setting_makes_it_worse(shop: ServerClient) -> None:
    answer = await shop.call(
        "compare_plans",
        before="SELECT * FROM orders WHERE id = 7",
        settings={"enable_indexscan": "off", "enable_bitmapscan": "off"},
    )
    assert answer.text.startswith("Worse: another plan")
    assert "Index Scan using orders_pkey" in answer.text
    assert "enable_indexscan = off" in answer.text


async def test_same_plan_measured(shop: ServerClient) -> None:
    before = await handle_of(shop, SLOW, analyze=True)
    after = await handle_of(shop, SLOW, analyze=True)
    answer = await shop.call("compare_plans", before=before, after=after)
    assert "the same plan, measured time" in answer.text
    assert "Every table is read the same way" in answer.text


async def test_statements_may_differ(shop: ServerClient) -> None:
    answer = await shop.call(
        "compare_plans",
        before="SELECT * FROM orders ORDER BY note",
        after="SELECT * FROM orders ORDER BY id",
    )
    assert answer.text.startswith("Better")
    assert "Sort (orders.note) | gone" in answer.text
    assert "different statements" in answer.text


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"before": "plan-00000000", "after": SLOW}, "no plan `plan-00000000`"),
        ({"before": SLOW}, "nothing to compare with"),
        ({"before": SLOW, "settings": {"work_mme": "1MB"}}, "Did you mean `work_mem`"),
        ({"before": SLOW, "settings": {"search_path": "x"}}, "not a setting"),
        ({"before": SLOW, "settings": {"work_mem": "lots"}}, "invalid value"),
        ({"before": SLOW, "settings": {"work_mem": "1MB'; DROP TABLE orders"}}, "invalid value"),
        ({"before": "DROP TABLE orders", "after": SLOW}, "only reads"),
        (
            {"before": SLOW, "analyze": True, "hypothetical_indexes": ["orders (note)"]},
            "cannot be measured",
        ),
    ],
)
async def test_errors(shop: ServerClient, arguments: dict[str, object], expected: str) -> None:
    answer = await shop.call("compare_plans", **arguments)
    assert answer.is_error
    assert expected in answer.text
