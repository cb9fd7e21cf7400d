"""Whom a host name or address means, seen from a container."""

import ipaddress
from collections.abc import Iterator

from stacksight_docker.diagnosis.model import Case
from stacksight_docker.facts import Listed

DEFAULT_BRIDGE = "bridge"


def goes_by(case: Case, host: str) -> Iterator[Listed]:
    """Yield the containers that a host name or address may mean, the most likely first."""
    found = [other for other in case.scene.listed.values() if _has_name(case, other, host)]
    found.sort(key=lambda c: (not shares_network(case, c), not same_project(case, c)))
    yield from found


def _has_name(case: Case, other: Listed, host: str) -> bool:
    if other.id == case.container.id:
        return False
    if is_address(host):
        return host in other.networks.values()
    if host == other.name or (other.compose and other.compose.service == host):
        return True
    inspected = case.scene.inspected.get(other.id)
    return inspected is not None and any(host in a.aliases for a in inspected.attachments)


def shares_network(case: Case, other: Listed) -> bool:
    """Tell whether both are on a network with names, which the default bridge is not."""
    mine = {a.network for a in case.container.attachments} - {DEFAULT_BRIDGE}
    return bool(mine & set(other.networks))


def is_near(case: Case, other: Listed, host: str) -> bool:
    """Tell whether a name or address can mean a container seen from another one."""
    return is_address(host) or shares_network(case, other) or same_project(case, other)


def same_project(case: Case, other: Listed) -> bool:
    """Tell whether both are of one compose project."""
    mine, theirs = case.container.compose, other.compose
    return bool(mine and theirs and mine.project == theirs.project)


def is_itself(host: str) -> bool:
    """Tell whether a host is the machine, or container, that asks."""
    return host.lower() == "localhost" or host.startswith("127.") or host == "::1"


def is_address(host: str) -> bool:
    """Tell whether a host is an address and no name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
