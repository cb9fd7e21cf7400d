"""Results under other namespaces and readable keys, and more than one database."""

from typing import Any

import dramatiq
import pytest
from dramatiq.brokers.redis import RedisBroker
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend

from tests.redis.jobs import wait_until
from tests.support.stdio import open_client


@pytest.mark.parametrize("readable", [False, True])
async def test_a_result_of_another_namespace(other_url: str, readable: bool) -> None:
    broker = RedisBroker(url=other_url)  # type: ignore[no-untyped-call]
    backend = RedisBackend(url=other_url, namespace="shop", use_namespace_prefix_keys=readable)
    results = Results(backend=backend, store_results=True)  # type: ignore[no-untyped-call]
    broker.add_middleware(results)

    def total(order: int) -> dict[str, Any]:
        return {"order": order, "api_key": "s3cret"}

    actor = dramatiq.actor(broker=broker, queue_name="orders")(total)
    message = actor.send(7)
    worker = dramatiq.Worker(broker, worker_timeout=50, worker_threads=1)
    worker.start()
    wait_until(lambda: not broker.client.hlen("dramatiq:orders.msgs"))
    worker.stop()
    env = {"REDIS_URL": other_url, "STACKSIGHT_RESULT_NAMESPACES": "dramatiq-results, shop"}
    async with open_client("redis", env=env) as client:
        answer = await client.call(
            "inspect_message", message_id=message.message_id, queue="orders", actor="total"
        )
    assert answer.text.startswith("Finished: its result is stored.")
    assert '{"order":7,"api_key":"***"}' in answer.text
