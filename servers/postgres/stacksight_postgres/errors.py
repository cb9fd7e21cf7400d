"""Turns the driver's exceptions into sentences with a next step."""

import asyncpg

from stacksight_core.errors import ToolFailure
from stacksight_core.redact import redact_text
from stacksight_postgres.positions import describe_position

ERROR_DOWN = (
    "No connection to PostgreSQL: {reason}. Is it running, and is DATABASE_URL right? Start the "
    "development stack with `make up` (or `docker compose up -d`); the next call tries again."
)
ERROR_LOGIN = (
    "PostgreSQL refused the login: {reason}. Check user, password and database in DATABASE_URL."
)
ERROR_FULL = (
    "PostgreSQL takes no more connections: {reason}. Raise max_connections, or end sessions that "
    "are idle."
)
ERROR_TIMEOUT = (
    "The statement was ended after its time limit. Look at its plan with explain_query without "
    "analyze, narrow it, or raise STACKSIGHT_STATEMENT_TIMEOUT_S (or the argument timeout_s)."
)
ERROR_LOCKED = (
    "The statement waited for a lock longer than STACKSIGHT_LOCK_TIMEOUT_S and was ended; another "
    "session holds it."
)
ERROR_DENIED = (
    "{reason}. The role that this server connects as lacks the right; a superuser can give it: "
    "GRANT pg_read_all_data TO role."
)
ERROR_LOST = (
    "The connection to PostgreSQL was lost: {reason}. The next call connects again; if this one "
    "ended the server's process, do not repeat it unchanged."
)
ERROR_SQL = "PostgreSQL: {message}{where}.{detail}{hint}"
NO_ANSWER = "no answer within 3 seconds"

_TEMPLATES: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    ((asyncpg.TooManyConnectionsError,), ERROR_FULL),
    ((asyncpg.CannotConnectNowError,), ERROR_DOWN),
    (
        (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError),
        ERROR_LOGIN,
    ),
    ((asyncpg.LockNotAvailableError,), ERROR_LOCKED),
    ((asyncpg.QueryCanceledError,), ERROR_TIMEOUT),
    ((asyncpg.InsufficientPrivilegeError,), ERROR_DENIED),
    (
        (
            asyncpg.AdminShutdownError,
            asyncpg.CrashShutdownError,
            asyncpg.PostgresConnectionError,
            asyncpg.InterfaceError,
            asyncpg.InternalClientError,
        ),
        ERROR_LOST,
    ),
    ((TimeoutError, OSError), ERROR_DOWN),
)


def translate(error: Exception) -> ToolFailure | None:
    """Turn an exception of asyncpg or of the network into a ToolFailure, or return None."""
    for types, template in _TEMPLATES:
        if isinstance(error, types):
            reason = redact_text(str(error)).rstrip(".") or NO_ANSWER
            return ToolFailure(template.format(reason=reason))
    return ToolFailure(describe_error(error)) if isinstance(error, asyncpg.PostgresError) else None


def describe_error(error: asyncpg.PostgresError, sql: str | None = None, near: str = "") -> str:
    """Write a server's error as a sentence.

    Args:
        error: as raised by asyncpg.
        sql: the statement as the caller wrote it, to show the position in it.
        near: near names, as a sentence.
    """
    fields = error.as_dict()
    position = fields.get("position")
    index = int(position) - 1 if sql is not None and position else None
    where = describe_position(sql or "", index) if index is not None else ""
    detail, hint = fields.get("detail"), fields.get("hint")
    return ERROR_SQL.format(
        message=str(fields.get("message") or error).rstrip("."),
        where=where,
        detail=f" {detail}" if detail else "",
        hint=(f" Hint: {hint}" if hint else "") + near,
    )
