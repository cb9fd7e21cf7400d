"""Asks the user, through the client, before a tool changes something.

A writing tool takes the answer as a parameter that the agent does not see, and whose resolver asks:

    async def ask_to_purge(ctx: Context[Source], queue: str) -> Question:
        return ask_user(ctx, f"Purge the queue {queue}?")

    @tool(title="Purge", render=str, read_only=False, destructive=True)
    async def purge(queue: str, answer: Annotated[UserAnswer, Resolve(ask_to_purge)]) -> Purged:
        require_yes(answer)
        ...

The SDK carries question and answer in both protocol eras, and asks again when the question has
changed meanwhile, so a question may hold what a dry run found.
"""

from typing import Any, TypeAlias

from mcp.server.mcpserver import AcceptedElicitation, Context, Elicit, ElicitationResult
from pydantic import BaseModel, Field

from stacksight_core.errors import ToolFailure
from stacksight_core.redact import redact_text
from stacksight_core.untrusted import clean

ERROR_CANNOT_ASK = (
    "Nothing was done: this changes the system and needs the user's consent, but the client cannot "
    "ask (it offers no form elicitation). The question was: {question}"
)
ERROR_REFUSED = (
    "Nothing was done: the user was asked and did not say yes. Do not try another way round; ask "
    "the user what they want instead. A client without a user in front of it answers no by itself."
)


class Consent(BaseModel):
    """The form that the user is shown under the question."""

    go_ahead: bool = Field(description="Yes, do it.")


Question: TypeAlias = Elicit[Consent]
UserAnswer: TypeAlias = ElicitationResult[Consent]


def ask_user(context: Context[Any], question: str) -> Question:
    """Return the question as the SDK asks it.

    Args:
        context: the call's.
        question: what is about to be done to what, and what cannot be undone.

    Raises:
        ToolFailure: the client cannot ask.
    """
    shown = redact_text(clean(question))
    capabilities = context.client_capabilities
    elicitation = capabilities.elicitation if capabilities else None
    # A client that declares neither form nor url means form: so it was before there were two.
    if elicitation is None or (elicitation.form is None and elicitation.url is not None):
        raise ToolFailure(ERROR_CANNOT_ASK.format(question=shown))
    return Elicit(shown, Consent)


def require_yes(answer: UserAnswer) -> None:
    """Return only if the user said yes.

    Raises:
        ToolFailure: the user declined, cancelled, or left the box unticked.
    """
    if isinstance(answer, AcceptedElicitation) and answer.data.go_ahead:
        return
    raise ToolFailure(ERROR_REFUSED)
