"""The one exception whose text an agent reads."""

ERROR_BUG = (
    "{tool} failed with an unexpected {kind}. This is a defect of the server, not of your call; "
    "the server's log (stderr) has the details. Other tools and other arguments may still work."
)


class ToolFailure(Exception):
    """A tool could not answer, for a reason the caller can understand and act on.

    The message says what is wrong, with what was tried, and what to do next, in plain sentences.
    It is sent to the agent as it is (cleaned and redacted), so it holds no secret.
    """
