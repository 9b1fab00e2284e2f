"""``subscription.cutover``: a link goes over to the subscription that was prepared for it, with its fixed address.

Two items for each link, one after the other: the old subscription gives up its fixed address; once the network shows
that, the new one becomes active with it. Where a crew has to fit the card first, both wait until they are released.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any, Literal

import msgspec

from tieline.utility.changes.kinds.base import Materials, PlainKind, busy, current, first, key_of, place
from tieline.utility.changes.model import PlannedItem, Reason
from tieline.utility.changes.policy.compatibility import changed, refusals
from tieline.utility.inventory import AddressWant, FleetRow, NoAddress

_AWAITS = "a crew fits the new card"


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """``release``: each link goes over when its visit says so, or all at once. ``activate``: bill it from then on."""

    release: Literal["on_visit", "at_once"] = "on_visit"
    activate: bool = True


class CutOver(PlainKind):
    """See the module."""

    name = "subscription.cutover"
    title = "Cut over to prepared subscriptions"
    sentence = "Moves each selected link's fixed address to the subscription prepared for it, and makes that active."
    successors = True
    approved_by_two = "each link goes over to another subscription, and is down meanwhile"
    schema: type[msgspec.Struct] = Parameters

    def disruptive(self, _parameters: Parameters) -> bool:
        """The link is down between its two items."""
        return True

    def address_wants(
        self, rows: Sequence[FleetRow], _parameters: Parameters, materials: Materials
    ) -> Sequence[AddressWant]:
        """The address of each old subscription is promised to the new one, so that nobody else gets it in between."""
        wants = []
        for row in rows:
            heir = materials.successors.get(row.subscription_id)
            if heir is not None and row.ip_address is not None and row.apn is not None:
                wants.append(
                    AddressWant(
                        key_of(row, materials),
                        row.operator_code,
                        row.apn,
                        heir.subscription_id,
                        row.ip_address,
                        moves_from=row.subscription_id,
                    )
                )
        return wants

    def plan(self, rows: Sequence[FleetRow], parameters: Parameters, materials: Materials) -> Iterator[PlannedItem]:
        """For each link: the old subscription gives up what the new one takes."""
        for row in rows:
            heir = materials.successors.get(row.subscription_id)
            if heir is None:
                why = Reason("not-prepared", "No subscription is prepared for this link.")
                yield replace(PlannedItem(**place(row)), blocked=why)
            else:
                yield from self._pair(row, heir, parameters, materials)

    def _pair(
        self, row: FleetRow, heir: FleetRow, parameters: Parameters, materials: Materials
    ) -> Iterator[PlannedItem]:
        given = {"ip_address": None} if row.ip_address is not None else {}
        taken = changed(current(heir), self._taken(row, parameters))
        facts = materials.operators[row.operator_id]
        blocked = first(
            chain(
                _unfit(row, heir),
                _idle(taken),
                busy(row.subscription_id, materials),
                busy(heir.subscription_id, materials),
                refusals(current(row), given, facts),
                refusals(current(heir), taken, facts),
                _taken_elsewhere(row, materials),
            )
        )
        awaits = _AWAITS if parameters.release == "on_visit" else ""
        common = replace(PlannedItem(**place(row)), awaits=awaits, blocked=blocked)
        if given:
            yield _one(common, row, given)
        yield replace(_one(common, heir, taken), after_id=row.subscription_id if given else None)

    def _taken(self, row: FleetRow, parameters: Parameters) -> dict[str, Any]:
        wanted: dict[str, Any] = {"state": "ACTIVE"} if parameters.activate else {}
        if row.ip_address is not None:
            wanted["ip_address"] = row.ip_address
        return wanted


def _one(item: PlannedItem, row: FleetRow, desired: Mapping[str, Any]) -> PlannedItem:
    present = current(row)
    return replace(
        item,
        subscription_id=row.subscription_id,
        ref=row.operator_ref,
        version=row.version,
        before={name: present.get(name) for name in desired},
        desired=dict(desired),
    )


def _unfit(row: FleetRow, heir: FleetRow) -> Iterator[Reason]:
    if row.link_id is None:
        yield Reason("not-fitted", "The subscription serves no site; there is nothing to take over.")
    if heir.state == "RETIRED":
        yield Reason("retired", "The subscription that was prepared is retired.")
    if heir.site_id is not None and heir.site_id != row.site_id:
        yield Reason("elsewhere", f"The card that was prepared is fitted at {heir.site_name}.")
    if row.ip_address is not None and row.apn != heir.apn:
        yield Reason("another-apn", f"The address {row.ip_address} is of APN {row.apn}, and {heir.apn} was prepared.")


def _idle(taken: Mapping[str, Any]) -> Iterator[Reason]:
    if not taken:
        yield Reason("nothing-to-do", "The prepared subscription has taken over already.")


def _taken_elsewhere(row: FleetRow, materials: Materials) -> Iterator[Reason]:
    promised = materials.addresses.get(key_of(row, materials))
    if promised is not None and promised.problem is NoAddress.TAKEN:
        yield Reason("address-taken", f"Somebody else has the address {row.ip_address} as well.")
