"""``subscription.revert``: write our values again where an operator has others. A change like any other."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
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

LAN_GROUPS = "lan_groups"
_LISTS = frozenset({"rat_restriction", LAN_GROUPS})
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
        """The fields are those of a subscription; groups go alone, for operators have a way of their own for them."""
        strange = [name for name in parameters.fields if name not in FIELDS]
        if strange or not parameters.fields:
            problem = Problem("parameters.fields", "known", f"Some of {', '.join(FIELDS)}.", ", ".join(strange)[:80])
            raise Invalid("These are no fields of a subscription.", [problem])
        if len(parameters.fields) > 1 and LAN_GROUPS in parameters.fields:
            problem = Problem("parameters.fields", "alone", f"{LAN_GROUPS} alone, or the others without it.")
            raise Invalid("5G LAN groups are put right by a change of their own.", [problem])

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
                _strange(row, set(before.get(LAN_GROUPS, ())) ^ set(desired.get(LAN_GROUPS, ())), materials),
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


def _strange(row: FleetRow, names: Iterable[str], materials: Materials) -> Iterator[Reason]:
    """A group that we know nothing of but its name cannot be told to an operator."""
    for name in sorted(names):
        if (row.operator_id, name) not in materials.groups:
            yield Reason(
                "no-such-group",
                f"The group {name} is not known here. Make it here with the data network and slice that it has at"
                f" operator {row.operator_code}; then its members can stay or leave.",
            )


def _idle(desired: Mapping[str, Any]) -> Iterator[Reason]:
    if not desired:
        yield Reason("nothing-to-do", "The operator has our values again.")
