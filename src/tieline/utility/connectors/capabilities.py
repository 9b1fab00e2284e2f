"""What an operator's platform can do, declared: the capability matrix that plans and drivers go by."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from tieline.standards.mns.profile import DEFAULT_TRANSITIONS
from tieline.utility.connectors.model import Field, SimState

Transitions = Mapping[SimState, frozenset[SimState]]

PROFILE_TRANSITIONS: Transitions = {
    SimState(before): frozenset(map(SimState, following)) for before, following in DEFAULT_TRANSITIONS.items()
}
"""The transitions of the operator profile; a retired subscription stays retired."""


class Extra(StrEnum):
    """What an operator may have, or not, beside the reading and changing of subscriptions."""

    LAN_GROUPS = "lan_groups"
    STATIC_ADDRESSES = "static_addresses"
    DEVICE_EVENTS = "device_events"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """One operator's platform, as its connector and its contract declare it.

    ``max_batch`` operations go into a call, ``in_flight`` batches may be open at once, and at most
    ``calls_per_second`` calls are permitted (``None``: no limit is known). ``apply_seconds`` is the usual time, least
    and most, from acceptance until the network does it. ``batch_calls`` is how many calls a batch costs in all.
    ``lan_group_members`` is how many may be in one 5G LAN group (0: there are none); ``static_addresses``: there is a
    way of its own for these; ``tells_devices``: word of a SIM that is used with another device.
    """

    states: frozenset[SimState] = frozenset(SimState)
    transitions: Transitions = field(default_factory=lambda: PROFILE_TRANSITIONS)
    writable: frozenset[Field] = frozenset(Field) - {Field.LAN_GROUPS}
    max_batch: int = 1
    in_flight: int = 1
    calls_per_second: float | None = None
    batch_calls: int = 3
    synchronous: bool = False
    validates: bool = False
    undoes: bool = False
    notifies: bool = False
    cancels: bool = False
    reports_cell: bool = True
    reports_operational: bool = True
    finds_by_key: bool = True
    apply_seconds: tuple[float, float] = (1.0, 30.0)
    lan_group_members: int = 0
    static_addresses: bool = False
    tells_devices: bool = False

    def allows(self, before: SimState, after: SimState) -> bool:
        """Whether a subscription may go from one state to the other; staying is always legal."""
        return before == after or (after in self.states and after in self.transitions.get(before, frozenset()))

    def without(self, extras: frozenset[Extra]) -> "Capabilities":
        """The same platform where some of what it may have beside the rest is not ours to use."""
        barred = {Field.LAN_GROUPS} if Extra.LAN_GROUPS in extras else set()
        return replace(
            self,
            writable=self.writable - barred,
            lan_group_members=0 if barred else self.lan_group_members,
            static_addresses=self.static_addresses and Extra.STATIC_ADDRESSES not in extras,
            tells_devices=self.tells_devices and Extra.DEVICE_EVENTS not in extras,
        )

    def unwritable(self, fields: frozenset[Field]) -> frozenset[Field]:
        """Those of the fields that this platform does not let a utility set."""
        return fields - self.writable
