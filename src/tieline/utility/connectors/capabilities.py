"""What an operator's platform can do, declared: the capability matrix that plans and drivers go by."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tieline.standards.mns.profile import DEFAULT_TRANSITIONS
from tieline.utility.connectors.model import Field, SimState

Transitions = Mapping[SimState, frozenset[SimState]]

PROFILE_TRANSITIONS: Transitions = {
    SimState(before): frozenset(map(SimState, following)) for before, following in DEFAULT_TRANSITIONS.items()
}
"""The transitions of the operator profile; a retired subscription stays retired."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """One operator's platform, as its connector and its contract declare it.

    ``max_batch`` operations go into a call, ``in_flight`` batches may be open at once, and at most
    ``calls_per_second`` calls are permitted (``None``: no limit is known). ``apply_seconds`` is the usual time, least
    and most, from acceptance until the network does it. ``batch_calls`` is how many calls a batch costs in all.
    """

    states: frozenset[SimState] = frozenset(SimState)
    transitions: Transitions = field(default_factory=lambda: PROFILE_TRANSITIONS)
    writable: frozenset[Field] = frozenset(Field)
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

    def allows(self, before: SimState, after: SimState) -> bool:
        """Whether a subscription may go from one state to the other; staying is always legal."""
        return before == after or (after in self.states and after in self.transitions.get(before, frozenset()))

    def unwritable(self, fields: frozenset[Field]) -> frozenset[Field]:
        """Those of the fields that this platform does not let a utility set."""
        return fields - self.writable
