"""From what the agent calls a container to the container."""

from collections.abc import Iterable, Sequence

from stacksight_core.errors import ToolFailure
from stacksight_core.names import did_you_mean
from stacksight_core.untrusted import inline
from stacksight_docker.facts import Listed

MIN_ID_CHARS = 4
SHOWN_NAMES = 12

ERROR_NO_CONTAINER = (
    "There is no container, compose service or project `{wanted}`.{near} {known} "
    "list_containers shows all of them."
)
ERROR_SEVERAL = "`{wanted}` is {count} containers: {names}. Name one of them."
KNOWN_NONE = "The engine has no containers."
KNOWN = "The engine has: {names}{more}."


def find_containers(wanted: Iterable[str], listed: Sequence[Listed]) -> list[Listed]:
    """Return the containers meant, each once, in the order asked for.

    Each of ``wanted`` is a name, an id (or its first characters), ``project/service``, a service or
    a project, tried in this order.

    Raises:
        ToolFailure: nothing goes by one of them; the message has near names.
    """
    found = {match.id: match for name in wanted for match in _matches(name, listed)}
    return list(found.values())


def find_container(wanted: str, listed: Sequence[Listed]) -> Listed:
    """Return the one container meant.

    Raises:
        ToolFailure: nothing goes by it, or several containers do.
    """
    matches = _matches(wanted, listed)
    if len(matches) > 1:
        names = ", ".join(match.name for match in matches[:SHOWN_NAMES])
        shown = inline(wanted, 60)
        raise ToolFailure(ERROR_SEVERAL.format(wanted=shown, count=len(matches), names=names))
    return matches[0]


def _matches(wanted: str, listed: Sequence[Listed]) -> list[Listed]:
    # A name may come as texts show it: `shop-api-1 (shop/api)`.
    name = wanted.strip().removeprefix("/").partition(" (")[0]
    by_service = [c for c in listed if c.compose is not None]
    attempts = (
        [c for c in listed if c.name == name],
        [c for c in listed if len(name) >= MIN_ID_CHARS and c.id.startswith(name.lower())],
        [c for c in by_service if c.compose and f"{c.compose.project}/{c.compose.service}" == name],
        [c for c in by_service if c.compose and c.compose.service == name],
        [c for c in by_service if c.compose and c.compose.project == name],
    )
    matches = next((attempt for attempt in attempts if attempt), None)
    if matches is None:
        raise _unknown(name, listed)
    return matches


def _unknown(name: str, listed: Sequence[Listed]) -> ToolFailure:
    names = [c.name for c in listed]
    services = [c.compose.service for c in listed if c.compose]
    known = KNOWN_NONE
    if names:
        more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
        known = KNOWN.format(names=", ".join(names[:SHOWN_NAMES]), more=more)
    near = did_you_mean(name, dict.fromkeys([*names, *services]))
    return ToolFailure(ERROR_NO_CONTAINER.format(wanted=inline(name, 60), near=near, known=known))
