"""What an agent sees of this server."""

from stacksight_core.server import ServerSpec
from stacksight_lighthouse.about import ABOUT
from stacksight_lighthouse.settings import Settings
from stacksight_lighthouse.source.lighthouse import connect, translate

TOOLS = {
    "run_audit": "stacksight_lighthouse.tools.run_audit",
    "audit_pages": "stacksight_lighthouse.tools.audit_pages",
    "inspect_audit": "stacksight_lighthouse.tools.inspect_audit",
    "show_audit": "stacksight_lighthouse.tools.show_audit",
    "compare_audits": "stacksight_lighthouse.tools.compare_audits",
    "check_budget": "stacksight_lighthouse.tools.check_budget",
    "list_audits": "stacksight_lighthouse.tools.list_audits",
    "read_field_data": "stacksight_lighthouse.tools.read_field_data",
}

SERVER = ServerSpec(
    ABOUT,
    Settings,
    TOOLS,
    connect,
    translate,
    "stacksight_lighthouse.prompts",
    "stacksight_lighthouse.resources",
)
