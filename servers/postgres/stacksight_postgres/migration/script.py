"""A script, taken apart into its statements."""

from pglast import parse_sql, split
from pglast.parser import ParseError

from stacksight_core.errors import ToolFailure
from stacksight_postgres.guard.statement import ERROR_NUL
from stacksight_postgres.migration.names import Step
from stacksight_postgres.positions import describe_position

ERROR_EMPTY = (
    "`sql` has no statement in it. Write the migration, such as ALTER TABLE … ADD COLUMN …."
)
ERROR_SYNTAX = "`sql` is not valid SQL: {reason}{where}."


def read_script(sql: str) -> list[Step]:
    """Return the statements of a script.

    Raises:
        ToolFailure: it is not SQL, or empty.
    """
    if "\0" in sql:
        raise ToolFailure(ERROR_NUL)
    try:
        statements = parse_sql(sql)
        slices = split(sql, only_slices=True)
    except ParseError as error:
        reason, index = error.args[0], error.args[1] if len(error.args) > 1 else None
        raise ToolFailure(
            ERROR_SYNTAX.format(reason=reason, where=describe_position(sql, index))
        ) from error
    if not statements:
        raise ToolFailure(ERROR_EMPTY)
    return [
        Step(number, raw.stmt, sql[part], _position(sql, part.stop))
        for number, (raw, part) in enumerate(zip(statements, slices, strict=True), 1)
        if raw.stmt is not None
    ]


def _position(sql: str, index: int) -> tuple[int, int]:
    return sql.count("\n", 0, index), index - (sql.rfind("\n", 0, index) + 1)
