"""A line to an operator: a connector with the manners around it that every connector needs.

Rate, number of calls at once, circuit breaker, retries where safe. It is itself a ``Connector``, so that callers do not
know the difference. It never asks by key on its own after an unknown submit: that is for the driver, which knows what
was promised.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from tieline.platform.clock import Clock, SystemClock
from tieline.utility.connectors.breaker import Circuit, CircuitState, Trip
from tieline.utility.connectors.capabilities import Capabilities
from tieline.utility.connectors.errors import ConnectorError, Throttled, Unknown, Unreachable
from tieline.utility.connectors.limiter import Limiter, Rate
from tieline.utility.connectors.model import Batch, Outcome, Report, Verdict
from tieline.utility.connectors.port import Connector, Feed
from tieline.utility.connectors.retry import Patience, wait_before_retry

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Manners:
    """How a line behaves."""

    patience: Patience = field(default_factory=Patience)
    trip: Trip = field(default_factory=Trip)
    calls_at_once: int = 4


@dataclass(slots=True)
class Health:
    """What a line has seen lately, for people."""

    circuit: CircuitState = CircuitState.CLOSED
    last_ok_at: datetime | None = None
    last_error_at: datetime | None = None
    last_error: str = ""
    calls: int = 0
    failures: int = 0
    throttled: int = 0


@dataclass(slots=True)
class _State:
    circuit: Circuit
    probing: bool = False
    health: Health = field(default_factory=Health)


class Line:
    """A connector under manners. ``now`` and ``sleep`` are those of a monotonic clock in seconds."""

    def __init__(
        self,
        connector: Connector,
        manners: Manners | None = None,
        *,
        clock: Clock | None = None,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        rate = connector.capabilities.calls_per_second
        self._connector = connector
        self._manners = manners or Manners()
        self._clock = clock or SystemClock()
        self._now = now
        self._sleep = sleep
        self._limiter = Limiter(Rate.per_second(rate) if rate else None, now=now, sleep=sleep)
        self._room = asyncio.Semaphore(self._manners.calls_at_once)
        self._state = _State(Circuit(self._manners.trip))

    @property
    def capabilities(self) -> Capabilities:
        """What the platform can do."""
        return self._connector.capabilities

    @property
    def health(self) -> Health:
        """What the line has seen lately."""
        self._state.health.circuit = self._state.circuit.ticked(self._now()).state
        return self._state.health

    def wait(self) -> float:
        """Seconds until the circuit lets a call through; zero when it does now."""
        return self._state.circuit.wait(self._now())

    async def validate(self, batch: Batch) -> Sequence[Verdict]:
        """See :meth:`Connector.validate`."""
        return await self._call(lambda: self._connector.validate(batch))

    async def submit(self, batch: Batch, key: str) -> str:
        """See :meth:`Connector.submit`. Repeated only when it surely had no effect."""
        return await self._call(lambda: self._connector.submit(batch, key), repeatable=False)

    async def find(self, key: str) -> str | None:
        """See :meth:`Connector.find`."""
        return await self._call(lambda: self._connector.find(key))

    async def outcome(self, reference: str) -> Outcome:
        """See :meth:`Connector.outcome`."""
        return await self._call(lambda: self._connector.outcome(reference))

    async def read_back(self, reference: str, refs: Sequence[str]) -> Sequence[Report]:
        """See :meth:`Connector.read_back`."""
        return await self._call(lambda: self._connector.read_back(reference, refs))

    async def read_all(self) -> AsyncIterator[Sequence[Report]]:
        """See :meth:`Connector.read_all`. Not repeated: the reader begins again when it fails."""
        await self._admit()
        try:
            async for page in self._connector.read_all():
                yield page
        except ConnectorError as error:
            self._failed(error)
            raise
        self._succeeded()

    async def cancel(self, reference: str) -> None:
        """See :meth:`Connector.cancel`."""
        await self._call(lambda: self._connector.cancel(reference))

    async def subscribe(self, recipient: str, *, heartbeat_seconds: int) -> Feed:
        """See :meth:`Connector.subscribe`."""
        return await self._call(lambda: self._connector.subscribe(recipient, heartbeat_seconds=heartbeat_seconds))

    async def unsubscribe(self, feed: str) -> None:
        """See :meth:`Connector.unsubscribe`."""
        await self._call(lambda: self._connector.unsubscribe(feed))

    async def close(self) -> None:
        """Give up connections."""
        await self._connector.close()

    async def _call(self, call: Callable[[], Awaitable[T]], *, repeatable: bool = True) -> T:
        attempt = 0
        while True:
            attempt += 1
            try:
                return await self._once(call)
            except ConnectorError as error:
                wait = wait_before_retry(error, attempt, self._manners.patience, repeatable=repeatable)
                if wait is None or self._state.circuit.state is not CircuitState.CLOSED:
                    raise
            await self._sleep(wait)

    async def _once(self, call: Callable[[], Awaitable[T]]) -> T:
        async with self._room:
            await self._admit()
            try:
                answer = await call()
            except ConnectorError as error:
                self._failed(error)
                raise
            finally:
                self._state.probing = False
            self._succeeded()
            return answer

    async def _admit(self) -> None:
        """Take a slot, unless the circuit is open; half open it lets one call through at a time."""
        self._check_circuit()
        await self._limiter.slot()
        self._check_circuit()
        self._state.circuit = self._state.circuit.ticked(self._now())
        self._state.probing = self._state.circuit.state is CircuitState.HALF_OPEN
        self._state.health.calls += 1

    def _check_circuit(self) -> None:
        circuit = self._state.circuit
        wait = circuit.wait(self._now())
        half_open = circuit.ticked(self._now()).state is CircuitState.HALF_OPEN
        if wait > 0 or (half_open and self._state.probing):
            raise Unreachable(
                f"Calls to this operator pause after {circuit.failures} failures in a row.",
                retry_after=wait or circuit.pause,
            )

    def _succeeded(self) -> None:
        self._state.circuit = self._state.circuit.succeeded()
        self._state.health.last_ok_at = self._clock.now()

    def _failed(self, error: ConnectorError) -> None:
        health = self._state.health
        health.last_error_at = self._clock.now()
        health.last_error = error.detail
        if isinstance(error, Throttled):
            health.throttled += 1
            self._limiter.hold(error.retry_after)
        elif isinstance(error, Unreachable | Unknown):
            health.failures += 1
            self._state.circuit = self._state.circuit.failed(self._now())
        else:
            # The operator answered, if only to refuse: it is there.
            self._state.circuit = self._state.circuit.succeeded()
