"""``card.block``: takes the line away from cards that were lost or stolen.

A kind of its own, so that a policy can allow exactly this beforehand: a standard change then blocks a lost card at
once. What it sets is what ``subscription.configure`` sets: an active line is suspended, one that is ready for test goes
back to where it gives no service. Found again, the change is undone like any other.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from tieline.utility.changes import KINDS, Materials, PlainKind, PlannedItem
from tieline.utility.inventory import FleetRow

NAME: Final = "card.block"
LIVE: Final = frozenset({"ACTIVE", "TEST_READY"})
"""States in which a line gives service to whoever has the card."""
_AFTER: Final[Mapping[str, str]] = {"TEST_READY": "INVENTORY"}


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Nothing needs to be said."""


class BlockCards(PlainKind):
    """See the module."""

    name = NAME
    title = "Block lost cards"
    sentence = "Suspends the lines of cards that were lost or stolen."
    schema: type[msgspec.Struct] = Parameters

    def disruptive(self, _parameters: Parameters) -> bool:
        """A line that is still in use goes down."""
        return True

    def plan(self, rows: Sequence[FleetRow], _parameters: Parameters, materials: Materials) -> Iterator[PlannedItem]:
        """One item for each line."""
        configure = KINDS.get("subscription.configure")
        for row in rows:
            wanted: Any = msgspec.convert({"state": _AFTER.get(row.state, "SUSPENDED")}, configure.schema)
            yield from configure.plan([row], wanted, materials)


KINDS.register(BlockCards())
