"""The utility's private address plan: pools per operator and APN, with room for the addresses to come."""

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tieline.lab.world.catalogue import APN_LEGACY, APN_SCADA6, APNS
from tieline.lab.world.model import Operator, Pool
from tieline.platform.errors import Invalid

_FIRST_SECOND_OCTET = 16
_OCTETS_EACH = 32
_ROOM = 2.2
_UNUSED = 2
_V6_SITE = 0xFD5C_7E11_AE00


@dataclass(frozen=True, slots=True)
class Plan:
    """The pools of one operator, by APN."""

    pools: Mapping[str, Pool]

    def addresses(self, apn: str) -> Iterator[str]:
        """The addresses of an APN's pool in order: all of the legacy pool, else without the first and the last."""
        network = ipaddress.ip_network(self.pools[apn].cidr)
        whole = apn == APN_LEGACY
        for number in range(0 if whole else 1, network.num_addresses - (0 if whole else 1)):
            yield str(network[number])


def plan(operator: Operator, index: int, present: Mapping[str, int]) -> Plan:
    """Pools for ``present`` addresses per APN and as many new ones with a tenth in reserve.

    The legacy pool gets exactly the addresses present, so that it has no room: their number must be a power of two.
    Each operator has its own 32 blocks of 10.0.0.0/8; ``index`` says which. Raises ``Invalid`` when they are too few.
    """
    block = int(ipaddress.ip_address(f"10.{_FIRST_SECOND_OCTET + index * _OCTETS_EACH}.0.0"))
    end = block + _OCTETS_EACH * 2**16
    pools: dict[str, Pool] = {}
    wanted = {apn: _bits(apn, present.get(apn, 0)) for apn in APNS if apn != APN_SCADA6 and present.get(apn, 0)}
    for apn, bits in sorted(wanted.items(), key=lambda item: -item[1]):
        if block + 2**bits > end:
            raise Invalid(f"The private range of {operator.name} is too small for so many sites.")
        cidr = f"{ipaddress.ip_address(block)}/{32 - bits}"
        pools[apn] = Pool(operator.code, apn, cidr, f"{operator.name} {apn}")
        block += 2**bits
    if present.get(APN_SCADA6, 0):
        prefix = ipaddress.IPv6Address((_V6_SITE << 80) | (index + 1) << 64)
        pools[APN_SCADA6] = Pool(operator.code, APN_SCADA6, f"{prefix}/64", f"{operator.name} {APN_SCADA6}")
    return Plan(dict(sorted(pools.items())))


def _bits(apn: str, present: int) -> int:
    """Bits of host part that hold the addresses of an IPv4 pool."""
    if apn == APN_LEGACY:
        return (present - 1).bit_length()
    return (int(present * _ROOM) + _UNUSED).bit_length()
