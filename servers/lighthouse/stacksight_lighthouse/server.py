"""What an agent sees of this server."""

from stacksight_core.server import ServerSpec
from stacksight_lighthouse.about import ABOUT
from stacksight_lighthouse.prompts import PROMPTS
from stacksight_lighthouse.resources import RESOURCES
from stacksight_lighthouse.settings import Settings
from stacksight_lighthouse.source.lighthouse import connect, translate
from stacksight_lighthouse.tools.audit_pages import audit_pages
from stacksight_lighthouse.tools.check_budget import check_budget
from stacksight_lighthouse.tools.compare_audits import compare_audits
from stacksight_lighthouse.tools.inspect_audit import inspect_audit
from stacksight_lighthouse.tools.list_audits import list_audits
from stacksight_lighthouse.tools.read_field_data import read_field_data
from stacksight_lighthouse.tools.run_audit import run_audit
from stacksight_lighthouse.tools.show_audit import show_audit

SERVER = ServerSpec(
    ABOUT,
    Settings,
    (
        run_audit,
        audit_pages,
        inspect_audit,
        show_audit,
        compare_audits,
        check_budget,
        list_audits,
        read_field_data,
    ),
    connect,
    translate,
    PROMPTS,
    RESOURCES,
)
