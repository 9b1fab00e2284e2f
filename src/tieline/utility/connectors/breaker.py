"""The circuit breaker: stop calling an operator that does not answer, and try it again carefully.

===========  ========  ==========================================  ===========
state        event     condition                                   next state
===========  ========  ==========================================  ===========
closed       failure   the ``threshold``-th in a row               open
closed       failure   fewer                                       closed
open         tick      the pause is over                           half-open
half-open    success                                               closed
half-open    failure                                               open, the pause doubled up to ``longest``
any          success                                               closed
===========  ========  ==========================================  ===========
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum


class CircuitState(StrEnum):
    """Whether calls go out."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(frozen=True, slots=True)
class Trip:
    """When to stop and for how long: failures in a row, seconds of the first and of the longest pause."""

    threshold: int = 5
    pause: float = 2.0
    longest: float = 60.0


@dataclass(frozen=True, slots=True)
class Circuit:
    """One operator's circuit. ``since`` and ``until`` are seconds of the caller's clock."""

    trip: Trip = field(default_factory=Trip)
    state: CircuitState = CircuitState.CLOSED
    failures: int = 0
    pause: float = 0.0
    until: float = 0.0

    def ticked(self, now: float) -> "Circuit":
        """An open circuit whose pause is over lets one call through."""
        if self.state is CircuitState.OPEN and now >= self.until:
            return replace(self, state=CircuitState.HALF_OPEN)
        return self

    def succeeded(self) -> "Circuit":
        """A call came back: all is well."""
        return Circuit(trip=self.trip)

    def failed(self, now: float) -> "Circuit":
        """A call did not come back."""
        failures = self.failures + 1
        if self.state is CircuitState.OPEN:
            return replace(self, failures=failures)
        if self.state is CircuitState.HALF_OPEN:
            return self._opened(now, failures, min(self.pause * 2, self.trip.longest))
        if failures >= self.trip.threshold:
            return self._opened(now, failures, self.trip.pause)
        return replace(self, failures=failures)

    def wait(self, now: float) -> float:
        """Seconds until a call may be tried; zero when it may now."""
        return max(0.0, self.until - now) if self.state is CircuitState.OPEN else 0.0

    def _opened(self, now: float, failures: int, pause: float) -> "Circuit":
        return replace(self, state=CircuitState.OPEN, failures=failures, pause=pause, until=now + pause)
