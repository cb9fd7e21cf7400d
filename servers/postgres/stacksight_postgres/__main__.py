"""The stacksight-postgres command."""

from stacksight_core.start import start
from stacksight_postgres.about import ABOUT


def main() -> None:
    """Serve MCP on stdin and stdout."""
    start(ABOUT, "stacksight_postgres.server")


if __name__ == "__main__":
    main()
