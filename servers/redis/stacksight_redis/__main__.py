"""The stacksight-redis command."""

from stacksight_core.start import start
from stacksight_redis.about import ABOUT


def main() -> None:
    """Serve MCP on stdin and stdout."""
    start(ABOUT, "stacksight_redis.server")


if __name__ == "__main__":
    main()
