"""What can go wrong when a real system is to be started, as exceptions that name the fix."""


class DevstackError(Exception):
    """Something the reader can do something about; the text says what."""


class SystemMissingError(DevstackError):
    """This machine cannot offer a system: no binary, no engine, not enough rights."""


class PortInUseError(DevstackError):
    """The port that was asked for already has a listener."""

    def __init__(self, name: str, port: int) -> None:
        super().__init__(
            f"port {port} on 127.0.0.1 is already in use, so {name} cannot start there: "
            "stop what listens on it, or ask for port 0 to get a free one"
        )


class StartError(DevstackError):
    """A server was started and did not come up; carries the end of what it wrote."""

    def __init__(self, name: str, reason: str, output: str) -> None:
        shown = output.strip() or "(it wrote nothing)"
        super().__init__(f"{name} {reason}; the end of its output:\n{shown}")
