"""What the tools that change something answer."""

from pydantic import BaseModel, Field


class Change(BaseModel):
    """What was done; ``done`` counts messages, or the clients that received a publication."""

    conclusion: str
    done: int
    message_id: str | None = None
    next: list[str] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)


def render_change(answer: Change) -> str:
    """The text of a tool that changes something."""
    following = [f"Next: {'; '.join(answer.next)}"] if answer.next else []
    return "\n".join([answer.conclusion, *following, *answer.notes])
