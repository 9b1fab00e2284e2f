"""``subscription.preprovision``: prepare a new subscription from stock for each selected link; the old one stays.

The new one gets what the old one has (APN, group, plan), a reserved address where the old one has one, and is set to
test-ready, so that a crew that fits its card finds a working line. Undone, it goes back to stock as it was.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any, Literal

import msgspec

from tieline.utility.changes.kinds.base import Materials, PlainKind, Text, busy, current, first, key_of, place
from tieline.utility.changes.model import PlannedItem, Reason
from tieline.utility.changes.policy.compatibility import at_least, refusals, visit
from tieline.utility.inventory import AddressWant, FleetRow, NoAddress, StockCard, StockWant


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is prepared. A value that is left out is taken from the old subscription."""

    generation: Literal["4G", "5G"] = "4G"
    card_kind: Literal["plastic", "euicc"] | None = None
    state: Literal["TEST_READY", "ACTIVE"] = "TEST_READY"
    apn: Text | None = None
    data_plan: Text | None = None
    subscription_group: Text | None = None
    fixed_address: bool = True


class Preprovision(PlainKind):
    """See the module."""

    name = "subscription.preprovision"
    title = "Prepare new subscriptions"
    sentence = "Takes a card from stock for each selected link and sets its subscription up like the present one."
    schema: type[msgspec.Struct] = Parameters

    def disruptive(self, _parameters: Parameters) -> bool:
        """Nothing that serves a site is touched."""
        return False

    def stock_wants(
        self, rows: Sequence[FleetRow], parameters: Parameters, materials: Materials
    ) -> Mapping[str, list[StockWant]]:
        """A card of the same operator for each link that can be prepared for."""
        wants: dict[str, list[StockWant]] = {}
        for row in rows:
            if self._unfit(row, materials) is None:
                want = StockWant(key_of(row, materials), parameters.generation, parameters.card_kind)
                wants.setdefault(row.operator_code, []).append(want)
        return wants

    def address_wants(
        self, rows: Sequence[FleetRow], parameters: Parameters, materials: Materials
    ) -> Sequence[AddressWant]:
        """An address for each that has one now, in the APN it will have."""
        wants = []
        for row in rows:
            card, apn = materials.stock.get(key_of(row, materials)), parameters.apn or row.apn
            if card is None or apn is None or not self._wants_address(row, parameters):
                continue
            facts = materials.operators.get(row.operator_id)
            if facts and first(refusals(_present(card, materials), self._desired(row, parameters), facts)):
                continue
            wants.append(AddressWant(key_of(row, materials), row.operator_code, apn, card.subscription_id))
        return wants

    def plan(self, rows: Sequence[FleetRow], parameters: Parameters, materials: Materials) -> Iterator[PlannedItem]:
        """One item for each link."""
        for row in rows:
            item = PlannedItem(**place(row))
            unfit = self._unfit(row, materials)
            card = materials.stock.get(key_of(row, materials))
            if unfit or card is None:
                yield replace(item, blocked=unfit or self._no_stock(row, parameters))
            else:
                yield self._item(item, row, card, parameters, materials)

    def _item(
        self, item: PlannedItem, row: FleetRow, card: StockCard, parameters: Parameters, materials: Materials
    ) -> PlannedItem:
        desired = self._desired(row, parameters)
        present = _present(card, materials)
        address = materials.addresses.get(key_of(row, materials))
        blocked = first(
            chain(
                busy(card.subscription_id, materials), refusals(present, desired, materials.operators[row.operator_id])
            )
        )
        if blocked is None and self._wants_address(row, parameters):
            if address is None or address.address is None:
                blocked = _no_address(row, parameters.apn or row.apn, address.problem if address else None)
            else:
                desired["ip_address"] = address.address
        return replace(
            item,
            subscription_id=card.subscription_id,
            ref=card.operator_ref,
            version=card.version,
            card_id=card.card_id,
            reservation_id=address.reservation_id if address else None,
            before={name: present.get(name) for name in desired},
            desired=desired,
            notes=tuple(self._notes(row, card)),
            blocked=blocked,
        )

    def _unfit(self, row: FleetRow, materials: Materials) -> Reason | None:
        if row.link_id is None:
            return Reason("not-fitted", "The subscription serves no site; there is nothing to prepare for.")
        if row.state == "RETIRED":
            return Reason("retired", "The present subscription is retired; there is nothing to take over.")
        prepared = materials.prepared.get(row.subscription_id)
        if prepared is not None:
            return Reason("already-prepared", f"Change {prepared} has prepared a subscription for this link.")
        facts = materials.operators.get(row.operator_id)
        if facts is None or facts.capabilities is None:
            return Reason("no-connection", f"There is no connection to operator {row.operator_code}.")
        return None

    def _desired(self, row: FleetRow, parameters: Parameters) -> dict[str, Any]:
        wanted = {
            "state": parameters.state,
            "apn": parameters.apn or row.apn,
            "subscription_group": parameters.subscription_group or row.subscription_group,
            "data_plan": parameters.data_plan or row.data_plan,
        }
        return {name: value for name, value in wanted.items() if value is not None}

    def _wants_address(self, row: FleetRow, parameters: Parameters) -> bool:
        return parameters.fixed_address and row.ip_address is not None

    def _notes(self, row: FleetRow, card: StockCard) -> Iterator[Reason]:
        needed = visit(row.device_generations, card.generation)
        if needed:
            yield needed
        if row.state == "SUSPENDED":
            yield Reason("old-suspended", "The present subscription is suspended.")
        if at_least(row.generation, card.generation):
            yield Reason("no-newer", f"The present subscription is {row.generation} already.")

    def _no_stock(self, row: FleetRow, parameters: Parameters) -> Reason:
        kind = f" {parameters.card_kind}" if parameters.card_kind else ""
        return Reason(
            "no-stock",
            f"Operator {row.operator_code} has no{kind} card of {parameters.generation} or later left in stock.",
        )


def _no_address(row: FleetRow, apn: str | None, problem: NoAddress | None) -> Reason:
    if problem is NoAddress.EXHAUSTED:
        return Reason("no-address", f"Every address of {apn} at operator {row.operator_code} is taken.")
    return Reason("no-pool", f"There is no address pool for {apn} at operator {row.operator_code}.")


def _present(card: StockCard, materials: Materials) -> Mapping[str, Any]:
    spare = materials.spares.get(card.subscription_id)
    return current(spare) if spare else {"state": "INVENTORY"}
