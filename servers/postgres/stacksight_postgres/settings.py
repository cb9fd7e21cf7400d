"""What this server can be told."""

import re

from pydantic import Field, field_validator

from stacksight_core.settings import ServerSettings

ERROR_NOT_POSTGRES = (
    "it has to begin with postgresql:// or postgres://, as in "
    "postgresql://user:password@host:5432/database"
)

_DRIVER = re.compile(r"^(postgres(?:ql)?)\+\w+://")


class Settings(ServerSettings):
    """The settings of the Postgres server."""

    database_url: str = Field(
        "postgresql://stacksight:stacksight@127.0.0.1:5332/captions",
        validation_alias="DATABASE_URL",
        description="The database, as a URL: postgresql://user:password@host:port/database. "
        "A driver as in postgresql+asyncpg:// is ignored.",
    )
    statement_timeout_s: float = Field(
        30.0,
        gt=0,
        le=3600,
        validation_alias="STACKSIGHT_STATEMENT_TIMEOUT_S",
        description="Seconds after which the database ends a statement.",
    )
    lock_timeout_s: float = Field(
        3.0,
        gt=0,
        le=3600,
        validation_alias="STACKSIGHT_LOCK_TIMEOUT_S",
        description="Seconds that a statement may wait for a lock.",
    )

    @field_validator("database_url")
    @classmethod
    def _only_postgres(cls, value: str) -> str:
        url = _DRIVER.sub(r"\1://", value.strip())
        if not url.startswith(("postgresql://", "postgres://")):
            raise ValueError(ERROR_NOT_POSTGRES)
        return url
