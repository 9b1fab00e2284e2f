"""Addresses, and the arithmetic of their pools."""

import ipaddress
from dataclasses import dataclass

_BIGGEST_OFFSET = 2**62
"""Larger pools (IPv6) are used up to here: offsets stay within PostgreSQL's bigint."""


def plain(text: str) -> str:
    """An IP address in canonical form; without a zone (RFC 4007), which means something on one machine only.

    Raises ``ValueError``.
    """
    if "%" in text:
        raise ValueError(text)
    return str(ipaddress.ip_address(text))


@dataclass(frozen=True, slots=True)
class Usable:
    """Which addresses of a pool may be handed out: offsets from its network address, both ends included."""

    network: str
    first: int
    last: int

    @property
    def count(self) -> int:
        """How many addresses these are."""
        return self.last - self.first + 1

    def address(self, offset: int) -> str:
        """The address at an offset."""
        return str(ipaddress.ip_address(self.network) + offset)


def usable(cidr: str) -> Usable:
    """The addresses of ``cidr`` that a subscription may be given.

    The network and broadcast addresses of IPv4 and the subnet-router anycast address of IPv6 (RFC 4291 clause 2.6.1)
    are left out, except where the pool is so small that it has none (RFC 3021, RFC 6164). Raises ``ValueError``.
    """
    network = ipaddress.ip_network(cidr)
    spare = network.max_prefixlen - network.prefixlen
    size = 2**spare
    if spare <= 1:
        first, last = 0, size - 1
    else:
        first, last = 1, size - (2 if network.version == 4 else 1)  # noqa: PLR2004 - the version is the number
    return Usable(str(network.network_address), first, min(last, _BIGGEST_OFFSET))
