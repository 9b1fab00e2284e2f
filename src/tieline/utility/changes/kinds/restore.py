"""``subscription.restore``: take an earlier change back, wholly or in part.

It is planned from the before-images of the items that had an effect. An item that somebody changed since is a conflict:
shown, and left alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain

import msgspec

from tieline.utility.changes.kinds.base import Effect, Materials, busy, current, first, place
from tieline.utility.changes.model import Grade, PlannedItem
from tieline.utility.changes.policy import undo
from tieline.utility.changes.policy.compatibility import refusals
from tieline.utility.inventory import AddressWant, FleetRow, StockWant


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which change is taken back, and which part of it: empty lists mean all of it."""

    change_id: int
    regions: tuple[str, ...] = ()
    operators: tuple[str, ...] = ()
    waves: tuple[int, ...] = ()
    item_ids: tuple[int, ...] = ()
    disruptive: bool = True


class Restore:
    """See the module."""

    name = "subscription.restore"
    title = "Take a change back"
    sentence = "Sets the fields that an earlier change set back to what they were; what was changed since stays."
    grade = Grade.OPERATIONAL
    patience = 0.0
    schema: type[msgspec.Struct] = Parameters

    def disruptive(self, parameters: Parameters) -> bool:
        """As what is taken back."""
        return parameters.disruptive

    def check(self, _parameters: Parameters) -> None:
        """The service makes these parameters; they are well formed."""

    def stock_wants(
        self, _rows: Sequence[FleetRow], _parameters: Parameters, _materials: Materials
    ) -> Mapping[str, list[StockWant]]:
        """Nothing is taken from stock."""
        return {}

    def address_wants(
        self, _rows: Sequence[FleetRow], _parameters: Parameters, _materials: Materials
    ) -> Sequence[AddressWant]:
        """Nothing is reserved."""
        return []

    def plan(self, rows: Sequence[FleetRow], _parameters: Parameters, materials: Materials) -> Iterator[PlannedItem]:
        """One item for each subscription that the earlier change wrote to."""
        for row in rows:
            effect = materials.effects.get(row.subscription_id)
            if effect is not None:
                yield self._item(row, effect, materials)

    def _item(self, row: FleetRow, effect: Effect, materials: Materials) -> PlannedItem:
        present = current(row)
        desired = undo.undone(effect.before, effect.desired)
        blocked = first(
            chain(
                busy(row.subscription_id, materials),
                refusals(present, desired, materials.operators[row.operator_id].granting_anything()),
            )
        )
        where = place(row) | {
            "site_id": effect.site_id,
            "site": effect.site,
            "site_name": effect.site_name,
            "region": effect.region,
            "criticality": effect.criticality,
            "customers": effect.customers,
            "link_id": effect.link_id,
            "role": effect.role,
        }
        return replace(
            PlannedItem(**where),
            subscription_id=row.subscription_id,
            ref=row.operator_ref,
            version=row.version,
            undoes_id=effect.item_id,
            before={name: present.get(name) for name in desired},
            desired=desired,
            conflict=undo.conflict(effect.desired, present),
            blocked=blocked,
        )
