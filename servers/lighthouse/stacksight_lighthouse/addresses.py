"""Which addresses a page may be at: the rule, without looking anything up."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

# Link-local addresses (RFC 3927, RFC 4291) with the metadata services of the clouds, which hand out
# credentials; and those that the clouds have elsewhere.
METADATA = (
    "169.254.0.0/16",
    "fe80::/10",
    "fd00:ec2::/32",  # AWS over IPv6
    "fd20:ce::/32",  # Google over IPv6
    "100.100.100.200/32",  # Alibaba
    "168.63.129.16/32",  # Azure
    "192.0.0.192/32",  # Oracle
)
NOWHERE = ("224.0.0.0/4", "240.0.0.0/4", "ff00::/8")  # multicast, reserved
PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")

# Ports of other services, which no browser connects to ("bad ports" of the Fetch standard).
_BAD_PORTS = frozenset(
    int(port)
    for port in (
        "0 1 7 9 11 13 15 17 19 20 21 22 23 25 37 42 43 53 69 77 79 87 95 101 102 103 104 "
        "109 110 111 113 115 117 119 123 135 137 139 143 161 179 389 427 465 512 513 514 "
        "515 526 530 531 532 540 548 554 556 563 587 601 636 989 990 993 995 1719 1720 "
        "1723 2049 3659 4045 4190 5060 5061 6000 6566 6665 6666 6667 6668 6669 6679 6697 "
        "10080"
    ).split()
)

_NAT64 = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))  # RFC 6052, RFC 8215

REASON_METADATA = "a link-local or cloud metadata address, which is never audited"
REASON_NOWHERE = "not the address of a single machine"
REASON_PRIVATE = (
    "in a private network, which is audited only when the server runs with --private-network "
    "(STACKSIGHT_PRIVATE_NETWORK=1)"
)


def refused_networks(*, private_allowed: bool) -> Sequence[str]:
    """Return the networks that no page may reach, in CIDR notation."""
    return [*METADATA, *NOWHERE, *([] if private_allowed else PRIVATE)]


def why_refused(address: str, *, private_allowed: bool) -> str | None:
    """Return why an IP address may not be reached, or None when it may.

    An IPv4 address inside an IPv6 one counts as itself.
    """
    ip = _unwrapped(ip_address(address))
    for networks, reason in (
        (METADATA, REASON_METADATA),
        (NOWHERE, REASON_NOWHERE),
        (() if private_allowed else PRIVATE, REASON_PRIVATE),
    ):
        if any(ip in ip_network(network) for network in networks):
            return reason
    return None


def browsers_refuse(port: int) -> bool:
    """Tell whether no browser connects to a port, whatever answers there."""
    return port in _BAD_PORTS


def _unwrapped(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if isinstance(ip, IPv4Address):
        return ip
    if ip.ipv4_mapped:
        return ip.ipv4_mapped
    if ip.sixtofour:
        return ip.sixtofour
    if any(ip in network for network in _NAT64):
        return IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip
