"""Real Dramatiq actors on a broker of the test's choice."""

import re
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import GroupCallbacks
from dramatiq.rate_limits.backends import RedisBackend as RateLimits
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend


@dataclass
class Jobs:
    """A broker and its actors; ``block`` runs until ``release`` is set."""

    broker: RedisBroker
    actors: dict[str, dramatiq.Actor[Any, Any]] = field(default_factory=dict)
    release: threading.Event = field(default_factory=threading.Event)

    def send(self, actor: str, *args: Any, **kwargs: Any) -> str:
        """Enqueue one message and return its id."""
        return str(self.actors[actor].send(*args, **kwargs).message_id)

    def schedule(self, actor: str, *args: Any, delay_ms: int) -> str:
        """Enqueue one message for later and return its id."""
        message = self.actors[actor].send_with_options(args=args, delay=delay_ms)
        return str(message.message_id)


def make_jobs(url: str, **options: Any) -> Jobs:
    """Declare the actors on a new broker.

    Args:
        url: of the Redis database.
        options: for the broker: ``namespace``, ``maintenance_chance``.
    """
    broker = RedisBroker(url=url, **options)  # type: ignore[no-untyped-call]
    broker.add_middleware(Results(backend=RedisBackend(url=url)))  # type: ignore[no-untyped-call]
    limits = RateLimits(url=url)
    broker.add_middleware(GroupCallbacks(limits))
    jobs = Jobs(broker)

    def mail(user: int, **details: Any) -> dict[str, Any]:
        return {"user": user, **details}

    def export(video: int) -> None:
        raise ValueError(f"no captions for video {video}")

    def fail_once(user: int) -> None:
        raise KeyError(user)

    def thrown(user: int) -> None:
        raise PermissionError(user)

    def block(number: int, **details: Any) -> None:
        jobs.release.wait(60)

    def keep_gil(number: int) -> None:
        re.match(r"(a+)+$", "a" * 60 + "b")  # takes years, and no other thread runs meanwhile

    def done(*results: Any) -> None:
        return None

    retried = {"max_retries": 2, "min_backoff": 10, "max_backoff": 20}
    declare(jobs, mail, queue_name="mail", store_results=True)
    declare(jobs, export, queue_name="exports", store_results=True, **retried)
    declare(jobs, fail_once, queue_name="failing", max_retries=0)
    declare(jobs, thrown, queue_name="failing", throws=(PermissionError,))
    declare(jobs, block, queue_name="thumbnails", time_limit=3_600_000)
    declare(jobs, keep_gil, queue_name="thumbnails")
    declare(jobs, done, queue_name="mail")
    return jobs


def declare(jobs: Jobs, function: Any, **options: Any) -> None:
    """Add an actor to the broker, as `@dramatiq.actor(**options)` does."""
    actor = dramatiq.actor(broker=jobs.broker, **options)(function)
    jobs.actors[actor.actor_name] = actor


def wait_until(reached: Any, timeout_s: float = 20.0) -> None:
    """Return when a condition in Redis holds, which nothing announces."""
    deadline = time.monotonic() + timeout_s
    while not reached():
        assert time.monotonic() < deadline, "not reached in time"
        time.sleep(0.01)
