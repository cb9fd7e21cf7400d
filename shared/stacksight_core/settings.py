"""Settings: from the environment and from command-line flags, typed and validated once."""

import argparse
import os
from collections.abc import Sequence
from typing import Any, Literal, TypeVar

from pydantic import Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from stacksight_core.about import About
from stacksight_core.logs import LogLevel
from stacksight_core.redact import is_secret_name, redact_text
from stacksight_core.variables import HTTP_VARIABLE

ERROR_UNEXPANDED = (
    "{variable} is literally `{value}`: the variable was not set where the client was started. Set "
    "it there, or write a default in .mcp.json: ${{{variable}:-value}}."
)
ERROR_INVALID = "{where} is not valid: {reason}."
ERROR_BAD_FLAG = "The command line is not valid: {reason}. See --help."
ERROR_UNKNOWN_FLAGS = "Unknown command-line arguments: {arguments}. See --help."

SettingsT = TypeVar("SettingsT", bound="ServerSettings")


class InvalidSettings(Exception):
    """The settings cannot be used; the message says which, why, and what to do."""


class ServerSettings(BaseSettings):
    """What all four servers can be told.

    A field's environment variable is its validation alias, its flag its name with dashes; its
    description is what ``--help`` prints.
    """

    # By alias alone: by name, LOG_LEVEL or ALLOW_WRITES of another program would be read as ours.
    model_config = SettingsConfigDict(env_ignore_empty=True, frozen=True)

    output: Literal["text", "structured"] = Field(
        "text",
        validation_alias="STACKSIGHT_OUTPUT",
        description="text: compact text for agents. structured: also output schemas and typed JSON "
        "(some clients then hide the text from the model).",
    )
    allow_writes: bool = Field(
        False,
        validation_alias="STACKSIGHT_ALLOW_WRITES",
        description="Offer the tools that change something; without it they do not exist.",
    )
    log_level: LogLevel = Field(
        "WARNING",
        validation_alias="STACKSIGHT_LOG_LEVEL",
        description="Least level of what is logged to stderr: DEBUG, INFO, WARNING or ERROR.",
    )
    http: int | None = Field(
        None,
        ge=0,
        le=65_535,
        validation_alias=HTTP_VARIABLE,
        description="Serve over streamable HTTP on this port of 127.0.0.1 instead of stdin and "
        "stdout; 0 is any free one. Everybody on this machine can then use the server.",
    )


def load_settings(
    settings_type: type[SettingsT], about: About, arguments: Sequence[str]
) -> SettingsT:
    """Read the settings; flags win over the environment, the environment over defaults.

    Args:
        settings_type: the server's settings.
        about: who the server is, for ``--help``.
        arguments: the command line without the program's name.

    Raises:
        InvalidSettings: a value or a flag is wrong.
        SystemExit: ``--help`` or ``--version`` was asked for and has been printed.
    """
    variables = {name: str(f.validation_alias) for name, f in settings_type.model_fields.items()}
    try:
        given, unknown = _parser(settings_type, about).parse_known_args(arguments)
    except argparse.ArgumentError as error:
        raise InvalidSettings(ERROR_BAD_FLAG.format(reason=error)) from error
    if unknown:
        raise InvalidSettings(ERROR_UNKNOWN_FLAGS.format(arguments=" ".join(unknown)))
    flags: dict[str, Any] = vars(given)
    for name, variable in variables.items():
        value = os.environ.get(variable, "")
        if "${" in value and name not in flags:
            raise InvalidSettings(ERROR_UNEXPANDED.format(variable=variable, value=value))
    try:
        return settings_type(**{variables[name]: value for name, value in flags.items()})
    except ValidationError as error:
        raise InvalidSettings(_explain(error, variables)) from error


def _parser(settings_type: type[ServerSettings], about: About) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=about.name,
        description=f"{about.description}. An MCP server on stdio: an MCP client starts it and "
        "speaks JSON-RPC with it.",
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
        exit_on_error=False,
    )
    parser.add_argument("--version", action="version", version=f"{about.name} {about.version}")
    for name, field in settings_type.model_fields.items():
        _add_flag(parser, name, field)
    return parser


def _add_flag(parser: argparse.ArgumentParser, name: str, field: FieldInfo) -> None:
    flag = f"--{name.replace('_', '-')}"
    default = "" if field.default in (None, "") else f" Default: {redact_text(str(field.default))}."
    text = f"{field.description} Environment: {field.validation_alias}.{default}".replace("%", "%%")
    if field.annotation is bool:
        parser.add_argument(flag, dest=name, action="store_true", help=text)
    else:
        parser.add_argument(flag, dest=name, metavar="VALUE", nargs="?", const="", help=text)


def _explain(error: ValidationError, variables: dict[str, str]) -> str:
    names = {variable: name for name, variable in variables.items()}
    sentences = []
    for problem in error.errors(include_url=False):
        variable = str(problem["loc"][0]) if problem["loc"] else ""
        field = names.get(variable, variable)
        where = f"{variables.get(field, variable)} (--{field.replace('_', '-')})"
        shown = "" if is_secret_name(field) else f", got {str(problem['input'])[:80]!r}"
        reason = redact_text(f"{problem['msg']}{shown}")
        sentences.append(ERROR_INVALID.format(where=where, reason=reason))
    return " ".join(sentences)
