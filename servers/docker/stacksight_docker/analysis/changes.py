"""What was changed in a container, or run in it."""

from typing import Literal

from pydantic import BaseModel

Action = Literal["start", "stop", "restart", "pause", "unpause"]
_EFFECTS: dict[Action, str] = {
    "start": "Its command runs again, with the settings it was made with.",
    "stop": "It ends and stays down, also when its restart policy would start it.",
    "restart": "It ends and is started again; what it is doing is interrupted.",
    "pause": "Its processes stand still and it answers nothing until it is unpaused.",
    "unpause": "Its processes go on.",
}


class Controlled(BaseModel):
    """What became of a container."""

    container: str
    service: str | None = None
    action: Action
    changed: bool
    before: str
    after: str
    trouble: str | None = None


class Ran(BaseModel):
    """What a command did in a container; without an exit code it has not ended yet."""

    container: str
    service: str | None = None
    command: list[str]
    exit_code: int | None
    seconds: float
    output: str
    bytes_left_out: int = 0


def describe_effect(action: Action) -> str:
    """Say what an action does, for the question to the user."""
    return _EFFECTS[action]
