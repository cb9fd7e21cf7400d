"""The actors for a worker process: ``dramatiq tests.redis.worker_app:broker``."""

import os

from tests.redis.jobs import make_jobs

broker = make_jobs(os.environ["REDIS_URL"]).broker
