"""What an agent sees of this server: its tools, in the order in which they help."""

from stacksight_core.server import ServerSpec
from stacksight_docker.about import ABOUT
from stacksight_docker.settings import Settings
from stacksight_docker.source.source import connect, translate

TOOLS = {
    "list_containers": "stacksight_docker.tools.containers",
    "diagnose": "stacksight_docker.tools.diagnosis",
    "inspect_container": "stacksight_docker.tools.containers",
    "read_logs": "stacksight_docker.tools.logs",
    "measure_usage": "stacksight_docker.tools.usage",
    "list_events": "stacksight_docker.tools.history",
    "list_resources": "stacksight_docker.tools.resources",
    "capture_activity": "stacksight_docker.tools.captures",
    "compare_compose": "stacksight_docker.tools.compose",
    "control_container": "stacksight_docker.tools.control",
    "run_in_container": "stacksight_docker.tools.control",
}

SERVER = ServerSpec(
    ABOUT,
    Settings,
    TOOLS,
    connect,
    translate,
    "stacksight_docker.prompts",
    "stacksight_docker.resources",
)
