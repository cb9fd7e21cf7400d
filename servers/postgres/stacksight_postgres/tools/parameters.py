"""Parameters that several tools have."""

from typing import Annotated, Any

from pydantic import Field

from stacksight_postgres.guard.statement import MAX_SQL_CHARS

Sql = Annotated[
    str, Field(min_length=1, max_length=MAX_SQL_CHARS, description="One SQL statement.")
]
Params = Annotated[
    list[Any] | None,
    Field(max_length=200, description='Values of $1, $2, … in order, e.g. [7, "2026-01-31"].'),
]
TimeoutS = Annotated[
    float | None,
    Field(gt=0, le=3600, description="Seconds it may run; at most the server's setting."),
]
Hypothetical = Annotated[
    list[Annotated[str, Field(max_length=1000)]] | None,
    Field(
        max_length=10,
        description='Plan as if these existed, e.g. ["captions (video_id)"]. Needs hypopg.',
    ),
]
