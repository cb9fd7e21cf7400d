"""What an agent sees of this server: its tools, in the order in which they help."""

from stacksight_core.errors import ToolFailure
from stacksight_core.server import ServerSpec
from stacksight_redis.about import ABOUT
from stacksight_redis.settings import RedisSettings
from stacksight_redis.source.connection import open_source

TOOLS = {
    "list_queues": "stacksight_redis.tools.queues",
    "diagnose_queue": "stacksight_redis.tools.diagnosis",
    "inspect_queue": "stacksight_redis.tools.queues",
    "inspect_message": "stacksight_redis.tools.messages",
    "list_workers": "stacksight_redis.tools.workers",
    "watch_queues": "stacksight_redis.tools.rates",
    "list_channels": "stacksight_redis.tools.channels",
    "capture_messages": "stacksight_redis.tools.captures",
    "check_health": "stacksight_redis.tools.health",
    "inspect_keys": "stacksight_redis.tools.keys",
    "requeue_messages": "stacksight_redis.tools.changes",
    "delete_messages": "stacksight_redis.tools.changes",
    "enqueue_message": "stacksight_redis.tools.sends",
    "publish_message": "stacksight_redis.tools.sends",
}


def translate(_: Exception) -> ToolFailure | None:
    """Nothing is left to translate: the source explains the driver's errors itself."""
    return None


SERVER = ServerSpec(
    ABOUT,
    RedisSettings,
    TOOLS,
    open_source,
    translate,
    "stacksight_redis.prompts",
    "stacksight_redis.resources",
)
