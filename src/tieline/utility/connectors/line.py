"""A line to an operator: a connector with the manners around it that every connector needs.

Rate, number of calls at once, circuit breaker, retries where safe. The rate counts requests to the operator, of which
one call of the port may make several: the connector waits for its turn before each. A line has the methods of a
``Connector``, so that callers do not know the difference. It never asks by key on its own after an unknown submit: that
is for the driver, which knows what was promised.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TypeVar

from tieline.platform.clock import Clock, SystemClock
from tieline.utility.connectors.breaker import Circuit, CircuitState, Trip
from tieline.utility.connectors.capabilities import Capabilities
from tieline.utility.connectors.errors import ConnectorError, Throttled, Unknown, Unreachable
from tieline.utility.connectors.limiter import Limiter, Pacer, Rate
from tieline.utility.connectors.model import Batch, Outcome, Report, Verdict
from tieline.utility.connectors.port import Connector, Feed, Leaves, at_once
from tieline.utility.connectors.retry import Patience, wait_before_retry

T = TypeVar("T")
Ready = Callable[[], Awaitable[None]]


async def _always() -> None:
    """Nobody needs to be asked."""


_READY: ContextVar[Ready] = ContextVar("ready", default=_always)
"""What is asked of the caller before the request of this task goes out."""


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


class _Paused(Unreachable):
    """The circuit is open: nobody was asked, so that it says nothing about the operator."""


@dataclass(slots=True)
class _State:
    circuit: Circuit
    probing: bool = False
    health: Health = field(default_factory=Health)


class Line:
    """A connector under manners. ``now`` and ``sleep`` are those of a monotonic clock in seconds.

    ``pacer`` keeps the rate together with others; without one the line keeps it for itself alone.
    """

    def __init__(
        self,
        connector: Connector,
        manners: Manners | None = None,
        *,
        pacer: Pacer | None = None,
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
        self._pacer = pacer or Limiter(Rate.per_second(rate) if rate else None, now=now, sleep=sleep)
        self._room = asyncio.Semaphore(self._manners.calls_at_once)
        self._state = _State(Circuit(self._manners.trip))
        connector.paced(self._turn)

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

    async def submit(self, batch: Batch, key: str, *, ready: Ready = _always) -> str:
        """See :meth:`Connector.submit`. Repeated only when it surely had no effect.

        ``ready`` is awaited each time right before the request goes out, after every wait; what it raises ends the
        call.
        """
        before = _READY.set(ready)
        try:
            return await self._call(lambda: self._connector.submit(batch, key), repeatable=False)
        finally:
            _READY.reset(before)

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
        self._admit()
        try:
            async for page in self._connector.read_all():
                yield page
        except ConnectorError as error:
            await self._failed(error)
            raise
        finally:
            self._state.probing = False
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

    async def turn_beside(self) -> Leaves:
        """Wait for a slot for a request to another interface of this operator: the rate counts them all.

        The circuit is not asked: what goes wrong at one interface says nothing of another one, either way.
        """
        leaves = partial(self._pacer.left, await self._pacer.slot())
        self._state.health.calls += 1
        return leaves

    async def hold(self, seconds: float) -> None:
        """Make no request to this operator for so long: it asked at another interface to wait."""
        self._state.health.throttled += 1
        await self._pacer.hold(seconds)

    async def watch_devices(self, recipient: str, *, until: datetime) -> str:
        """See :meth:`Connector.watch_devices`."""
        return await self._call(lambda: self._connector.watch_devices(recipient, until=until))

    async def unwatch_devices(self, watch: str) -> None:
        """See :meth:`Connector.unwatch_devices`."""
        await self._call(lambda: self._connector.unwatch_devices(watch))

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
            self._admit()
            try:
                answer = await call()
            except ConnectorError as error:
                await self._failed(error)
                raise
            finally:
                self._state.probing = False
            self._succeeded()
            return answer

    def _admit(self) -> None:
        """Let a call in unless the circuit is open; half open it lets one through at a time."""
        circuit = self._state.circuit.ticked(self._now())
        half_open = circuit.state is CircuitState.HALF_OPEN
        if circuit.state is CircuitState.OPEN or (half_open and self._state.probing):
            raise self._paused()
        self._state.circuit = circuit
        self._state.probing = half_open

    async def _turn(self) -> Leaves:
        """Wait for a slot before each request; the circuit may have opened meanwhile."""
        leaves = at_once
        if self._state.circuit.state is not CircuitState.OPEN:
            leaves = partial(self._pacer.left, await self._pacer.slot())
        if self._state.circuit.state is CircuitState.OPEN:
            raise self._paused()
        await _READY.get()()
        self._state.health.calls += 1
        return leaves

    def _paused(self) -> Unreachable:
        circuit = self._state.circuit
        told = f"Calls to this operator pause after {circuit.failures} failures in a row."
        return _Paused(told, retry_after=circuit.wait(self._now()) or circuit.pause)

    def _succeeded(self) -> None:
        self._state.circuit = self._state.circuit.succeeded()
        self._state.health.last_ok_at = self._clock.now()

    async def _failed(self, error: ConnectorError) -> None:
        if isinstance(error, _Paused):
            return
        health = self._state.health
        health.last_error_at = self._clock.now()
        health.last_error = error.detail
        if isinstance(error, Throttled):
            health.throttled += 1
            await self._pacer.hold(error.retry_after)
        elif isinstance(error, Unreachable | Unknown):
            health.failures += 1
            self._state.circuit = self._state.circuit.failed(self._now())
        else:
            # The operator answered, if only to refuse: it is there.
            self._state.circuit = self._state.circuit.succeeded()
