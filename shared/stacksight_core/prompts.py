"""Prompts: workflows that a person starts by name, e.g. as a slash command in Claude Code.

A prompt is a pure function from its arguments to what the agent is asked to do. Its name, docstring
and parameters are the prompt's; they are described as a tool's are.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.prompts.base import Message, Prompt, UserMessage
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS

from stacksight_core.completions import Names
from stacksight_core.names import did_you_mean
from stacksight_core.untrusted import clean, inline

MAX_ARGUMENT_CHARS = 20_000

ERROR_UNKNOWN_ARGUMENT = "The prompt {name} has no argument `{argument}`.{near}"
ERROR_MISSING_ARGUMENT = "The prompt {name} needs the argument `{argument}`: {description}"
ERROR_LONG_ARGUMENT = "`{argument}` is longer than {limit:,} characters; give the agent a file."


@dataclass(frozen=True)
class PromptDefinition:
    """A workflow.

    Attributes:
        handler: from strings to the text that the agent is given.
        title: for people, in a few words.
        names: by argument, what completes it.
    """

    handler: Callable[..., str]
    title: str
    names: Mapping[str, Names]


def prompt(*, title: str, **names: Names) -> Callable[[Callable[..., str]], PromptDefinition]:
    """Make a function a prompt.

    Args:
        title: for people, in a few words.
        names: by argument, what completes it.
    """

    def define(handler: Callable[..., str]) -> PromptDefinition:
        return PromptDefinition(handler, title, names)

    return define


class ServedPrompt(Prompt):
    """A definition as the SDK serves it, with errors that say what is wrong."""

    async def render(
        self,
        arguments: dict[str, Any] | None,
        context: Context[Any, Any],  # noqa: ARG002 - the SDK's signature
    ) -> list[Message]:
        """Return the one message that starts the workflow.

        Raises:
            MCPError: an argument is missing, unknown or too long.
        """
        # An argument that a form left empty is one that was not given.
        given = {key: clean(str(value)) for key, value in (arguments or {}).items() if value}
        self._check(given)
        text = self.fn(**given)
        assert isinstance(text, str)
        return [UserMessage(text)]

    def _check(self, given: Mapping[str, str]) -> None:
        known = {argument.name: argument for argument in self.arguments or ()}
        for name, value in given.items():
            if name not in known:
                shown, near = inline(name, 60), did_you_mean(name, known)
                raise _refusal(
                    ERROR_UNKNOWN_ARGUMENT.format(name=self.name, argument=shown, near=near)
                )
            if len(value) > MAX_ARGUMENT_CHARS:
                raise _refusal(ERROR_LONG_ARGUMENT.format(argument=name, limit=MAX_ARGUMENT_CHARS))
        for name, argument in known.items():
            if argument.required and name not in given:
                raise _refusal(
                    ERROR_MISSING_ARGUMENT.format(
                        name=self.name, argument=name, description=argument.description
                    )
                )


def serve_prompt(definition: PromptDefinition) -> ServedPrompt:
    """Turn a definition into what the SDK serves."""
    served = ServedPrompt.from_function(
        definition.handler,
        title=definition.title,
        description=inspect.getdoc(definition.handler),
    )
    assert isinstance(served, ServedPrompt)
    return served


def _refusal(text: str) -> MCPError:
    return MCPError(INVALID_PARAMS, text)
