"""Actors for a worker of an older Dramatiq: ``dramatiq tests.redis.old_app``; also a producer.

Run as a program it enqueues what the test looks at. Nothing here needs Dramatiq 2.
"""

import os
import sys
import time

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend

broker = RedisBroker(url=os.environ["REDIS_URL"])  # type: ignore[no-untyped-call]
broker.add_middleware(
    Results(backend=RedisBackend(url=os.environ["REDIS_URL"]))  # type: ignore[no-untyped-call]
)
dramatiq.set_broker(broker)


@dramatiq.actor(queue_name="mail", store_results=True)
def mail(user: int) -> int:
    return user


@dramatiq.actor(queue_name="exports", max_retries=1, min_backoff=10, max_backoff=20)
def export(video: int) -> None:
    raise ValueError(f"no captions for video {video}")


@dramatiq.actor(queue_name="slow")
def block(seconds: float) -> None:
    time.sleep(seconds)


if __name__ == "__main__":
    if "block" in sys.argv:
        for _ in range(9):
            block.send(60)
    else:
        print(mail.send(7).message_id, export.send(1).message_id)  # noqa: T201
        mail.send_with_options(args=(8,), delay=600_000)
