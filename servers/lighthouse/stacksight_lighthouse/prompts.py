"""Workflows that a person starts by name."""

from typing import Annotated

from pydantic import Field

from stacksight_core.prompts import prompt
from stacksight_lighthouse.names import audit_names, page_names

FIX = """\
Make the page {url} fast and accessible, in this project's own code.

1. run_audit(url="{url}"). If it fails, say why and how to start the page; do not go on.
2. For the three findings with the greatest impact: inspect_audit(audit_id, topic=<the check>) for \
every element at fault, then inspect_audit(audit_id, topic="sources") for the files and lines of \
this project that they come from. show_audit(audit_id) where it matters how it looks.
3. Change the code: the smallest change that removes the cause, one cause at a time. Change \
nothing that no finding asks for.
4. run_audit again in the same way, then compare_audits(before, after). A difference that it calls \
chance is not a success.
5. Report: each cause with its file and line, the figures before and after, what is left and why.\
"""
CHECK = """\
Find out whether the page has become worse since the audit {before}.

1. list_audits() for what was audited then: the same address and device are what counts.
2. run_audit with that address and device.
3. compare_audits(before="{before}", after=<the new one>): it tells a real difference from chance. \
When it cannot decide, repeat run_audit with runs=5 and compare again.
4. For each real regression: inspect_audit on the new audit for the elements, \
inspect_audit(topic="sources") for their lines, and the change in this project's history that \
caused it (git log, git diff).
5. Report: better, worse or the same, each with both figures; the commit or the line that did it. \
Change nothing.\
"""


@prompt(title="Fix a page", url=page_names)
def fix_page(
    url: Annotated[str, Field(description="Address of the page, e.g. http://localhost:3000/")],
) -> str:
    """Find what makes a page slow or inaccessible, fix it in the code, and prove it."""
    return FIX.format(url=url)


@prompt(title="Check for regressions", before=audit_names)
def check_regression(
    before: Annotated[str, Field(description="Handle of the audit to compare with: audit-…")],
) -> str:
    """Tell whether a page has become worse since an audit, and what did it."""
    return CHECK.format(before=before)


PROMPTS = (fix_page, check_regression)
