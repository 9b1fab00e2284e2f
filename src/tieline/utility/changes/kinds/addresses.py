"""``address.provision``: give subscriptions fixed addresses in bulk, the operator's way for these (TS 29.522).

What it sets is the address that is desired of a subscription, as ``subscription.configure`` would; what differs is the
way to the operator, and that the APN is stated with it: an address belongs to a data network, and somebody who changes
that meanwhile is a conflict.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Annotated, Any

import msgspec

from tieline.utility.changes.kinds.base import Materials, PlainKind, busy, current, first, key_of, place
from tieline.utility.changes.model import PlannedItem, Reason
from tieline.utility.changes.policy.compatibility import OperatorFacts, refusals
from tieline.utility.inventory import AddressWant, FleetRow, NoAddress, Reserved


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The slice in which the addresses hold. ``renew``: also for those that have a fixed address already."""

    sst: Annotated[int, msgspec.Meta(ge=0, le=255)] = 1
    sd: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{6}$")] | None = None
    renew: bool = False


class AddressProvision(PlainKind):
    """See the module."""

    name = "address.provision"
    title = "Provision fixed addresses"
    sentence = "Gives each selected subscription a fixed address from the pool of its APN."
    schema: type[msgspec.Struct] = Parameters

    def disruptive(self, _parameters: Parameters) -> bool:
        """A session begins anew with its address."""
        return True

    def address_wants(
        self, rows: Sequence[FleetRow], parameters: Parameters, materials: Materials
    ) -> Sequence[AddressWant]:
        """An address of its APN for each subscription that can be given one."""
        return [
            AddressWant(key_of(row, materials), row.operator_code, row.apn, row.subscription_id)
            for row in rows
            if row.apn and first(self._before(row, parameters, materials)) is None
        ]

    def plan(self, rows: Sequence[FleetRow], parameters: Parameters, materials: Materials) -> Iterator[PlannedItem]:
        """One item for each subscription."""
        for row in rows:
            yield self._item(row, parameters, materials)

    def _item(self, row: FleetRow, parameters: Parameters, materials: Materials) -> PlannedItem:
        reserved = materials.addresses.get(key_of(row, materials))
        address = reserved.address if reserved else None
        desired: dict[str, Any] = {"apn": row.apn, "ip_address": address} if address else {}
        blocked = first(chain(self._before(row, parameters, materials), _addressless(row, reserved)))
        return replace(
            PlannedItem(**place(row)),
            subscription_id=row.subscription_id,
            ref=row.operator_ref,
            version=row.version,
            reservation_id=reserved.reservation_id if reserved else None,
            before={"apn": row.apn, "ip_address": row.ip_address} if desired else {},
            desired=desired,
            blocked=blocked,
        )

    def _before(self, row: FleetRow, parameters: Parameters, materials: Materials) -> Iterator[Reason]:
        """Why a subscription cannot be given an address, whether there is one or not."""
        facts = materials.operators[row.operator_id]
        if row.apn is None:
            yield Reason("no-apn", "It has no APN, and an address belongs to one.")
        if row.ip_address is not None and not parameters.renew:
            yield Reason("nothing-to-do", f"It has the fixed address {row.ip_address}.")
        yield from _without_way(facts)
        yield from busy(row.subscription_id, materials)
        yield from refusals(current(row), {"ip_address": ""}, facts)


def _without_way(facts: OperatorFacts) -> Iterator[Reason]:
    if facts.capabilities is not None and not facts.capabilities.static_addresses:
        yield Reason(
            "no-static-addresses", f"Operator {facts.code} has no way of its own for addresses; configure them instead."
        )


def _addressless(row: FleetRow, reserved: Reserved | None) -> Iterator[Reason]:
    if reserved is not None and reserved.address is None:
        if reserved.problem is NoAddress.EXHAUSTED:
            yield Reason("no-address", f"Every address of {row.apn} at operator {row.operator_code} is taken.")
        else:
            yield Reason("no-pool", f"There is no address pool for {row.apn} at operator {row.operator_code}.")
