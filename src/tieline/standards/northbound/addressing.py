"""Static addresses: ``AddressingParamProvision`` of TS 29.522 (V19, base ``/3gpp-addr-pp/v1``).

The file at hand is of Release 19/20 and its references leave its folder; in the tests they are resolved in Release 17,
where the types that it needs are the same.
"""

from collections.abc import Iterable
from typing import Annotated, Any

import msgspec

from tieline.standards.northbound.common import (
    Cause,
    Gpsi,
    IpAddr,
    Snssai,
    SupportedFeatures,
    Text,
    address_of,
    check_dnn,
    read,
    wrong,
)


class StaticAddress(msgspec.Struct, frozen=True, rename="camel"):
    """``StaticIpAddrParams``: a subscriber's addresses in one data network and slice (one IPv4, one IPv6 at most)."""

    dnn: str
    snssai: Snssai
    gpsi: Gpsi
    static_ip_addresses: Annotated[tuple[IpAddr, ...], msgspec.Meta(min_length=1, max_length=2)]


Addresses = Annotated[tuple[StaticAddress, ...], msgspec.Meta(min_length=1)]


class Provisioning(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``AddrPpData``: addresses that were provisioned together."""

    af_id: Text = msgspec.field(name="afId")
    addresses: Addresses | None = msgspec.field(name="staticIpaddrParams", default=None)
    supp_feat: SupportedFeatures | None = msgspec.field(name="suppFeat", default=None)


class ProvisioningPatch(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``AddrPpDataPatch``: the list takes the former one's place."""

    addresses: Addresses | None = msgspec.field(name="staticIpaddrParams", default=None)


def read_provisioning(body: bytes | Any) -> Provisioning:
    """Read the body of a POST or PUT. Raises ``NorthboundError`` (400) naming what is wrong."""
    found = read(body, Provisioning)
    _check(found.addresses or ())
    return found


def read_provisioning_patch(body: bytes | Any) -> ProvisioningPatch:
    """Read the body of a PATCH. Raises ``NorthboundError`` (400) naming what is wrong."""
    found = read(body, ProvisioningPatch)
    _check(found.addresses or ())
    return found


def _check(addresses: Iterable[StaticAddress]) -> None:
    for place, one in enumerate(addresses):
        where = f"/staticIpaddrParams/{place}"
        check_dnn(one.dnn, f"{where}/dnn")
        if any(address_of(given) is None for given in one.static_ip_addresses):
            raise wrong(f"{where}/staticIpAddresses", "holds addresses, each IPv4 or IPv6", cause=_INCORRECT)


_INCORRECT = Cause.MANDATORY_IE_INCORRECT
