"""The stacksight-lighthouse command."""

from stacksight_core.start import start
from stacksight_lighthouse.about import ABOUT


def main() -> None:
    """Serve MCP on stdin and stdout."""
    start(ABOUT, "stacksight_lighthouse.server")


if __name__ == "__main__":
    main()
