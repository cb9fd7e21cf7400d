"""What an agent sees of this server: its tools, in the order in which they help."""

from stacksight_core.errors import ToolFailure
from stacksight_core.server import ServerSpec
from stacksight_redis.about import ABOUT
from stacksight_redis.prompts import PROMPTS
from stacksight_redis.resources import RESOURCES
from stacksight_redis.settings import RedisSettings
from stacksight_redis.source.connection import open_source
from stacksight_redis.tools.captures import capture_messages
from stacksight_redis.tools.changes import delete_messages, requeue_messages
from stacksight_redis.tools.channels import list_channels
from stacksight_redis.tools.diagnosis import diagnose_queue
from stacksight_redis.tools.health import check_health
from stacksight_redis.tools.keys import inspect_keys
from stacksight_redis.tools.messages import inspect_message
from stacksight_redis.tools.queues import inspect_queue, list_queues
from stacksight_redis.tools.rates import watch_queues
from stacksight_redis.tools.sends import enqueue_message, publish_message
from stacksight_redis.tools.workers import list_workers

TOOLS = (
    list_queues,
    diagnose_queue,
    inspect_queue,
    inspect_message,
    list_workers,
    watch_queues,
    list_channels,
    capture_messages,
    check_health,
    inspect_keys,
    requeue_messages,
    delete_messages,
    enqueue_message,
    publish_message,
)


def translate(_: Exception) -> ToolFailure | None:
    """Nothing is left to translate: the source explains the driver's errors itself."""
    return None


SERVER = ServerSpec(ABOUT, RedisSettings, TOOLS, open_source, translate, PROMPTS, RESOURCES)
