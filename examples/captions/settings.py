"""Where the service finds its database and its Redis."""

import os

DATABASE_URL = os.environ.get(
    "DATABASE_URL", "postgresql://stacksight:stacksight@127.0.0.1:5332/captions"
)
REDIS_URL = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")
