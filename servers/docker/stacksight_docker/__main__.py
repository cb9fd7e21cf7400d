"""The stacksight-docker command."""

from stacksight_core.start import start
from stacksight_docker.about import ABOUT


def main() -> None:
    """Serve MCP on stdin and stdout."""
    start(ABOUT, "stacksight_docker.server")


if __name__ == "__main__":
    main()
