"""Captures as resources: what was published or enqueued, as JSON."""

from stacksight_core.captures import capture_resources
from stacksight_redis.source.connection import Source
from stacksight_redis.tools.captures import tell_capture


def known_captures(source: Source) -> dict[str, str]:
    """Return what each capture is about, by handle, newest first."""
    return {
        handle: f"{', '.join(kept.subjects)}, {'running' if kept.running else 'ended'}"
        for handle, kept in source.captures.newest_first()
    }


RESOURCES = capture_resources(
    "redis",
    "What capture_messages has recorded of channels or queues: totals and the newest 50 messages. "
    "The last 4 are kept while the server runs; secrets are masked.",
    known_captures,
    tell_capture,
)
