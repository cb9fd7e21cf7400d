"""What this server can be told."""

import re

from pydantic import Field, field_validator

from stacksight_core.settings import ServerSettings

ERROR_NOT_POSTGRES = (
    "it has to begin with postgresql:// or postgres://, as in "
    "postgresql://user:password@host:5432/database"
)

ERROR_NOT_NAMED = (
    "write name=postgresql://user:password@host:port/database, several separated by spaces; a name "
    "is made of lower-case letters, digits, _ and -"
)
ERROR_NAME_TWICE = "the name {name} is given twice ({main} is DATABASE_URL)"

MAIN = "main"
"""The name of the database in DATABASE_URL."""

_NAMED = re.compile(r"([a-z][a-z0-9_-]{0,30})=(\S+)")
_DRIVER = re.compile(r"^(postgres(?:ql)?)\+\w+://")


class Settings(ServerSettings):
    """The settings of the Postgres server."""

    database_url: str = Field(
        "postgresql://stacksight:stacksight@127.0.0.1:5332/captions",
        validation_alias="DATABASE_URL",
        description="The database, as a URL: postgresql://user:password@host:port/database. "
        "A driver as in postgresql+asyncpg:// is ignored.",
    )
    databases: str = Field(
        "",
        validation_alias="STACKSIGHT_DATABASES",
        description="Further databases: name=postgresql://… name2=postgresql://…. The tools then "
        "take the name of one as `database`.",
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
        return _checked_url(value)

    @field_validator("databases")
    @classmethod
    def _only_named(cls, value: str) -> str:
        _named_urls(value)
        return value

    @property
    def urls(self) -> dict[str, str]:
        """The URL of each database by its name; the one in DATABASE_URL comes first."""
        return {MAIN: self.database_url, **_named_urls(self.databases)}


def _named_urls(value: str) -> dict[str, str]:
    urls: dict[str, str] = {}
    for word in value.split():
        named = _NAMED.fullmatch(word)
        if named is None:
            raise ValueError(ERROR_NOT_NAMED)
        if named[1] in (MAIN, *urls):
            raise ValueError(ERROR_NAME_TWICE.format(name=named[1], main=MAIN))
        urls[named[1]] = _checked_url(named[2])
    return urls


def _checked_url(value: str) -> str:
    url = _DRIVER.sub(r"\1://", value.strip())
    if not url.startswith(("postgresql://", "postgres://")):
        raise ValueError(ERROR_NOT_POSTGRES)
    return url
