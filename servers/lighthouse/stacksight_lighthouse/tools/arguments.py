"""Parameters that several tools have."""

from typing import Annotated

from pydantic import Field, StringConstraints

SECONDS_PER_RUN = 60

# Copied addresses often have blanks around them; browsers pass over those too.
Address = Annotated[str, StringConstraints(strip_whitespace=True)]
AuditId = Annotated[str, Field(description="From run_audit, e.g. audit-3fa9c1d2.", max_length=40)]
Cursor = Annotated[str | None, Field(description="From the previous page.", max_length=500)]
