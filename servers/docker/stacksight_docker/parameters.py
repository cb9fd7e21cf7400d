"""Parameters that several tools take."""

from typing import Annotated

from pydantic import Field

Name = Annotated[
    str,
    Field(
        description="Name, id, compose service, or project/service.", min_length=1, max_length=200
    ),
]
Names = Annotated[
    list[Name],
    Field(description="Names, ids, services or compose projects.", min_length=1, max_length=20),
]
