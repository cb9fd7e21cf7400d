"""What the captioning service's users do, so that there is something to look at."""

import urllib.request

from redis import Redis

from devstack.process import ServerProcess

CAPTIONINGS, EXPORTS, THUMBNAILS, DIGESTS = 20, 6, 12, 3
# Two threads, each with one message at work and one at hand.
HELD = 4
TIMEOUT_S = 20.0

CAPTIONINGS_LEFT = "dramatiq:captions.msgs"
DEAD_EXPORTS = "dramatiq:exports.XQ"
HELD_THUMBNAILS = "dramatiq:__acks__.*.thumbnails"
HEARTBEATS = "dramatiq:__heartbeats__"
# A worker counts as dead a minute after its last heartbeat, which a demo need not wait for.
DIED_AGO_MS = 10 * 60 * 1000


def is_up(web_url: str) -> bool:
    """True when the application answers."""
    try:
        _get(f"{web_url}/health")
    except OSError:
        return False
    return True


def browse(web_url: str) -> None:
    """Read pages and endpoints, the slow ones among them."""
    for number in range(1, 21):
        _get(f"{web_url}/videos/{number * 7}")
        _get(f"{web_url}/videos/{number * 7}/captions")
        _get(f"{web_url}/users/{number}/videos")
    _get(web_url)


def enqueue(web_url: str) -> None:
    """Ask for captions, thumbnails, subtitles and digests."""
    for video in range(1, THUMBNAILS + 1):
        _post(f"{web_url}/videos/{video}/thumbnail")
    for video in range(1, EXPORTS + 1):
        _post(f"{web_url}/videos/{video}/subtitles")
    for video in range(1, CAPTIONINGS + 1):
        _post(f"{web_url}/videos/{video * 25}/captions")
    for user in range(1, DIGESTS + 1):
        _post(f"{web_url}/users/{user}/digest")


def kill_while_it_holds_messages(redis: Redis, worker: ServerProcess) -> None:
    """Kill the thumbnail worker once it has fetched all it can, and date its death back."""
    worker.wait_until(lambda: sum(map(redis.scard, _holders(redis))) == HELD, TIMEOUT_S)
    worker.kill()
    for key in _holders(redis):
        process = key.removeprefix("dramatiq:__acks__.").removesuffix(".thumbnails")
        redis.zincrby(HEARTBEATS, -DIED_AGO_MS, process)


def wait_until_settled(redis: Redis, worker: ServerProcess) -> None:
    """Return when every export has failed for good and every captioning is done."""
    worker.wait_until(
        lambda: redis.zcard(DEAD_EXPORTS) == EXPORTS and not redis.exists(CAPTIONINGS_LEFT),
        TIMEOUT_S,
    )


def _holders(redis: Redis) -> list[str]:
    return [key.decode() for key in redis.scan_iter(HELD_THUMBNAILS)]


def _get(url: str) -> None:
    with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer:
        answer.read()


def _post(url: str) -> None:
    request = urllib.request.Request(url, method="POST")
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
        answer.read()
