"""The stacksight-lighthouse command."""

from stacksight_core.start import start
from stacksight_lighthouse.about import ABOUT
from stacksight_lighthouse.kept import nothing_kept


def main() -> None:
    """Serve MCP on stdin and stdout."""
    start(ABOUT, "stacksight_lighthouse.server", nothing_kept=nothing_kept)


if __name__ == "__main__":
    main()
