"""``subscription.revert``: write our values again where an operator has others. A change like any other."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import msgspec

from tieline.platform.errors import Invalid, Problem
from tieline.utility.changes import (
    Materials,
    PlainKind,
    PlannedItem,
    Reason,
    busy,
    current,
    first,
    place,
    refusals,
    reported,
)
from tieline.utility.incidents.policy.deviations import same
from tieline.utility.inventory import FIELDS, FleetRow

REVERT = "subscription.revert"

_LISTS = frozenset({"rat_restriction", "lan_groups"})
"""Fields that are empty, and not null, where nothing is set."""


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which incident is put right, in which fields.

    ``told``: what an operator was told, by subscription, where its network does not show that yet.
    """

    incident_id: int
    fields: tuple[str, ...]
    told: dict[str, dict[str, Any]] = {}


class Revert(PlainKind):
    """See the module."""

    name = REVERT
    title = "Put foreign changes right"
    sentence = "Writes our values again where the operator has others; nothing else of the subscription is touched."
    schema: type[msgspec.Struct] = Parameters

    def disruptive(self, _parameters: Parameters) -> bool:
        """A live line may drop while it is configured."""
        return True

    def check(self, parameters: Parameters) -> None:
        """The fields are those of a subscription."""
        strange = [name for name in parameters.fields if name not in FIELDS]
        if strange or not parameters.fields:
            problem = Problem("parameters.fields", "known", f"Some of {', '.join(FIELDS)}.", ", ".join(strange)[:80])
            raise Invalid("These are no fields of a subscription.", [problem])

    def plan(self, rows: Sequence[FleetRow], parameters: Parameters, materials: Materials) -> Iterator[PlannedItem]:
        """One item for each subscription; its before-image is what the operator has."""
        for row in rows:
            yield self._item(row, parameters, materials)

    def _item(self, row: FleetRow, parameters: Parameters, materials: Materials) -> PlannedItem:
        ours = current(row)
        theirs = {**reported(row), **parameters.told.get(str(row.subscription_id), {})}
        differing = [name for name in parameters.fields if name in theirs and not same(ours[name], theirs[name])]
        before = {name: theirs[name] if name not in _LISTS else theirs[name] or [] for name in differing}
        desired = {name: ours[name] for name in differing}
        facts = materials.operators[row.operator_id].granting_anything()
        blocked = first(
            chain(
                _idle(desired),
                busy(row.subscription_id, materials),
                refusals({**ours, **before}, desired, facts),
            )
        )
        return replace(
            PlannedItem(**place(row)),
            subscription_id=row.subscription_id,
            ref=row.operator_ref,
            version=row.version,
            before=before,
            desired=desired,
            blocked=blocked,
        )


def _idle(desired: Mapping[str, Any]) -> Iterator[Reason]:
    if not desired:
        yield Reason("nothing-to-do", "The operator has our values again.")
