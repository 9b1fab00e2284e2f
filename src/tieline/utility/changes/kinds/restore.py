"""``subscription.restore``: take an earlier change back, wholly or in part.

It is planned from the before-images of the items that had an effect. An item that somebody changed since is a conflict:
shown, and left alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import msgspec

from tieline.utility.changes.kinds.base import (
    Effect,
    Materials,
    PlainKind,
    busy,
    current,
    first,
    key_of,
    place,
    reported,
)
from tieline.utility.changes.model import Fields, PlannedItem, Reason
from tieline.utility.changes.policy import undo
from tieline.utility.changes.policy.compatibility import refusals
from tieline.utility.connectors import SimState
from tieline.utility.inventory import AddressWant, FleetRow, NoAddress, Reserved


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which change is taken back, and which part of it: empty lists mean all of it."""

    change_id: int
    regions: tuple[str, ...] = ()
    operators: tuple[str, ...] = ()
    waves: tuple[int, ...] = ()
    item_ids: tuple[int, ...] = ()
    disruptive: bool = True


class Restore(PlainKind):
    """See the module."""

    name = "subscription.restore"
    title = "Undo a change"
    sentence = "Sets the fields that an earlier change set back to what they were; what was changed since stays."
    schema: type[msgspec.Struct] = Parameters

    def disruptive(self, parameters: Parameters) -> bool:
        """As what is taken back."""
        return parameters.disruptive

    def address_wants(
        self, rows: Sequence[FleetRow], _parameters: Parameters, materials: Materials
    ) -> Sequence[AddressWant]:
        """The very addresses that are set back: they were free meanwhile, and may be somebody else's."""
        wants = []
        giving = _giving(rows, materials)
        for row in rows:
            effect = materials.effects.get(row.subscription_id)
            desired = undo.undone(effect.before, effect.desired) if effect else {}
            address = desired.get("ip_address")
            if address is not None and address != row.ip_address:
                apn = desired.get("apn") or row.apn or ""
                giver = giving.get((row.operator_id, str(address)))
                wants.append(
                    AddressWant(
                        key_of(row, materials), row.operator_code, apn, row.subscription_id, str(address), giver
                    )
                )
        return wants

    def plan(self, rows: Sequence[FleetRow], parameters: Parameters, materials: Materials) -> Iterator[PlannedItem]:
        """One item for each subscription that the earlier change wrote to; whoever gives an address back goes first."""
        giving = _giving(rows, materials)
        for row in rows:
            effect = materials.effects.get(row.subscription_id)
            if effect is None:
                continue
            item = self._item(row, effect, parameters, materials)
            giver = giving.get((row.operator_id, str(item.desired.get("ip_address"))))
            yield replace(item, after_id=giver) if giver != row.subscription_id else item

    def _item(self, row: FleetRow, effect: Effect, parameters: Parameters, materials: Materials) -> PlannedItem:
        present = current(row)
        desired = undo.undone(effect.before, effect.desired)
        went_over = parameters.disruptive and effect.source_id != effect.subscription_id
        notes = tuple(_stays(desired, present, materials)) if went_over else ()
        if notes:
            desired = {name: value for name, value in desired.items() if name != "state"}
        reserved = materials.addresses.get(key_of(row, materials))
        blocked = first(
            chain(
                busy(row.subscription_id, materials),
                _taken(desired, reserved),
                refusals(present, desired, materials.operators[row.operator_id].granting_anything()),
            )
        )
        return replace(
            PlannedItem(**_where(row, effect)),
            subscription_id=row.subscription_id,
            ref=row.operator_ref,
            version=row.version,
            reservation_id=reserved.reservation_id if reserved else None,
            undoes_id=effect.item_id,
            before={name: present.get(name) for name in desired},
            desired=desired,
            notes=notes,
            conflict=(None if went_over else _fitted(row, effect))
            or undo.conflict(effect.desired, present)
            or undo.conflict_there(effect.desired, effect.before, reported(row)),
            blocked=blocked,
        )


def _where(row: FleetRow, effect: Effect) -> dict[str, Any]:
    """Where the subscription serves now or, for one that serves nowhere, whom it was prepared for."""
    if row.link_id is not None:
        return place(row)
    return place(row) | {
        "site_id": effect.site_id,
        "site": effect.site,
        "site_name": effect.site_name,
        "region": effect.region,
        "criticality": effect.criticality,
        "customers": effect.customers,
        "link_id": effect.link_id,
        "role": effect.role,
    }


def _fitted(row: FleetRow, effect: Effect) -> Reason | None:
    """What was prepared and serves a site by now is not taken away from it."""
    if effect.source_id != effect.subscription_id and row.link_id is not None:
        return Reason("fitted-since", "Its card was fitted since and serves a site. It is left alone.")
    return None


def _giving(rows: Sequence[FleetRow], materials: Materials) -> dict[tuple[int, str], int]:
    """Which subscription gives an address up when the change is taken back, by operator and address."""
    found = {}
    for row in rows:
        effect = materials.effects.get(row.subscription_id)
        if effect is None or row.ip_address is None:
            continue
        if effect.desired.get("ip_address") == row.ip_address != effect.before.get("ip_address"):
            found[row.operator_id, row.ip_address] = row.subscription_id
    return found


def _stays(desired: Fields, present: Mapping[Any, Any], materials: Materials) -> Iterator[Reason]:
    """Why a subscription that took over keeps its state when it gives the link back, if the other fields can go."""
    capabilities = [one.capabilities for one in materials.operators.values() if one.capabilities]
    before, after = present.get("state"), desired.get("state")
    if len(desired) == 1 or not before or not after or before == after:
        return
    if not any(one.allows(SimState(before), SimState(after)) for one in capabilities):
        yield Reason("state-stays", f"It stays {before}: no operator here takes a subscription back to {after}.")


def _taken(desired: Fields, reserved: Reserved | None) -> Iterator[Reason]:
    if reserved is not None and reserved.problem is NoAddress.TAKEN:
        yield Reason("address-taken", f"Somebody else has the address {desired['ip_address']} by now.")
