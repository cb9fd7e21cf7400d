"""What is in the environment: ``${VAR}`` and ``${VAR:-default}`` from ``.mcp.json``, and switches.

Standard library only: it is needed before anything else is imported.
"""

import os
import re
from collections.abc import Mapping, Sequence

HTTP_VARIABLE = "STACKSIGHT_HTTP"

_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")


def expand(text: str, environment: Mapping[str, str]) -> str:
    """Put in the values of variables, as Claude Code does.

    A variable that is set but empty counts as unset where there is a default; an unset one without
    a default stays as it is written.
    """

    def value(match: re.Match[str]) -> str:
        name, default = match.groups()
        if default is None:
            return environment.get(name, match[0])
        return environment.get(name) or default

    return _VARIABLE.sub(value, text)


def expand_own_environment() -> None:
    """Put in the defaults that the client left standing; MCP Inspector expands nothing.

    Such a client hides the variable's real value behind the literal ``${VAR:-default}``, so that
    only the default is left to take.
    """
    for name, value in list(os.environ.items()):
        if f"${{{name}:-" in value:
            others = {key: other for key, other in os.environ.items() if key != name}
            os.environ[name] = expand(value, others)


def asks_for_http(arguments: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Tell whether a server is to listen on a port, so that stdin and stdout are not the wire."""
    flags = {argument.partition("=")[0] for argument in arguments}
    return "--http" in flags or bool(environment.get(HTTP_VARIABLE))
