"""Who a server says it is. Standard library only: it is needed before the SDK is imported."""

from typing import NamedTuple


class About(NamedTuple):
    """A server's name and its instructions to the agent, as sent in the first answer.

    Attributes:
        name: the distribution and command, e.g. ``stacksight-postgres``.
        title: the name shown to people.
        version: of the distribution.
        description: one sentence, for lists of servers.
        instructions: what the server is for and where to begin; under 2,000 characters, since
            older clients cut there.
    """

    name: str
    title: str
    version: str
    description: str
    instructions: str
