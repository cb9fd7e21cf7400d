"""What an agent sees of this server: its tools, in the order in which they help."""

from stacksight_core.errors import ToolFailure
from stacksight_core.server import ServerSpec
from stacksight_redis.about import ABOUT
from stacksight_redis.channel_tools import capture_messages, list_channels
from stacksight_redis.queue_tools import inspect_queue, list_queues
from stacksight_redis.settings import RedisSettings
from stacksight_redis.source import open_source

TOOLS = (list_queues, inspect_queue, list_channels, capture_messages)


def translate(_: Exception) -> ToolFailure | None:
    """Nothing is left to translate: the source explains the driver's errors itself."""
    return None


SERVER = ServerSpec(ABOUT, RedisSettings, TOOLS, open_source, translate)
