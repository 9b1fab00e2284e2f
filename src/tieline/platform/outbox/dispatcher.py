"""Brings events to their handlers: woken by NOTIFY, and by the clock in case a notice was lost.

One process at a time dispatches (an advisory lock of the database says which), so that the order of a key holds;
another takes over as soon as the first one's connection is gone. That an event takes effect once does not hang on
this lock: the row of the delivery is taken in the handler's own transaction.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import psycopg
import structlog
from psycopg.rows import dict_row

from tieline.platform.clock import Clock
from tieline.platform.db import Database, Tx, fetch_value, is_lost, lock_key, sql
from tieline.platform.outbox import store
from tieline.platform.outbox.model import ATTEMPTS, CHANNEL, RETENTION, Delivery, wait_after
from tieline.platform.wiring import Handler, Runtime

_LOCK = lock_key("outbox.dispatcher")
_POLL = 2.0
_BATCH = 500
_FORGET_EVERY = timedelta(minutes=10)
_AT_ONCE = 4
_HANDLER_SECONDS = 120
_ERROR_LENGTH = 2000

log = structlog.get_logger(__name__)


class Dispatcher:
    """Delivers the events of one database to the given handlers."""

    def __init__(self, handlers: Sequence[Handler], *, attempts: int = ATTEMPTS) -> None:
        self._handlers: dict[str, dict[str, Handler]] = defaultdict(dict)
        for handler in handlers:
            if handler.topic in self._handlers[handler.name]:
                raise ValueError(f"two handlers of {handler.topic} are called {handler.name}")
            self._handlers[handler.name][handler.topic] = handler
        self._attempts = attempts

    async def run(self, runtime: Runtime) -> None:
        """Deliver for ever. Raises when the database goes away; whoever runs services starts it again."""
        # A connection of its own: what it listens to and the lock that it holds end with it.
        connection = await psycopg.AsyncConnection.connect(runtime.db.url, autocommit=True, row_factory=dict_row)
        async with connection:
            await self._lead(connection)
            await connection.execute(sql(f"LISTEN {CHANNEL}"))
            forgotten = datetime.min.replace(tzinfo=UTC)
            while True:
                await self.drain(runtime.db, runtime.clock)
                if runtime.clock.now() - forgotten > _FORGET_EVERY:
                    forgotten = await _forget(runtime)
                await self._sleep(connection, runtime)

    async def drain(self, db: Database, clock: Clock) -> int:
        """Deliver everything that is due now; gives how many deliveries were attempted."""
        pairs = [(name, topic) for name, topics in self._handlers.items() for topic in topics]
        tried = 0
        while True:
            async with db.transaction() as tx:
                new = await store.spread(tx, pairs)
                names = await store.awaited(tx, list(self._handlers), clock.now())
            counts = await asyncio.gather(*(self._deliver(db, clock, name) for name in names))
            tried += sum(counts)
            if not new and not any(counts):
                return tried

    async def _lead(self, connection: Tx) -> None:
        # Asked again and again: waiting inside the database would hold back its vacuum for as long.
        while True:
            if await fetch_value(connection, "SELECT pg_try_advisory_lock(%s) AS held", (_LOCK,)):
                return
            await asyncio.sleep(_POLL)

    async def _sleep(self, connection: Tx, runtime: Runtime) -> None:
        async with runtime.db.transaction() as tx:
            again = await store.next_attempt(tx)
        seconds = _POLL
        if again is not None:
            seconds = min(max((again - runtime.clock.now()).total_seconds(), 0.01), _POLL)
        async for _ in connection.notifies(timeout=seconds, stop_after=1):
            pass

    async def _deliver(self, db: Database, clock: Clock, name: str) -> int:
        async with db.transaction() as tx:
            deliveries = await store.due(tx, name, list(self._handlers[name]), clock.now(), _BATCH)
        if len(deliveries) > 1 and await self._together(db, clock, name, deliveries):
            return len(deliveries)
        streams: dict[str, list[Delivery]] = defaultdict(list)
        for delivery in deliveries:
            streams[delivery.event.key or f"\0{delivery.event.id}"].append(delivery)
        free = asyncio.Semaphore(_AT_ONCE)

        async def stream(of_one_key: list[Delivery]) -> None:
            async with free:
                for delivery in of_one_key:
                    if not await self._attempt(db, clock, name, delivery):
                        return

        async with asyncio.TaskGroup() as group:
            for of_one_key in streams.values():
                group.create_task(stream(of_one_key))
        return len(deliveries)

    async def _together(self, db: Database, clock: Clock, name: str, deliveries: Sequence[Delivery]) -> bool:
        """Hand over several events at once, if their handler takes them so; if that fails each is tried by itself."""
        many = self._handlers[name][deliveries[0].event.topic].handle_many
        if many is None or any(delivery.attempts for delivery in deliveries):
            return False
        try:
            async with asyncio.timeout(_HANDLER_SECONDS), db.transaction() as tx:
                taken = await store.take_many(tx, name, [delivery.event.id for delivery in deliveries], clock.now())
                events = [delivery.event for delivery in deliveries if delivery.event.id in taken]
                if events:
                    await many(tx, events)
        except Exception as error:
            if is_lost(error):
                raise
            log.warning("events.apart", handler=name, events=len(deliveries), exc_info=error)
            return False
        return True

    async def _attempt(self, db: Database, clock: Clock, name: str, delivery: Delivery) -> bool:
        """Hand over one event; False when the later ones of its key must wait."""
        event = delivery.event
        try:
            async with asyncio.timeout(_HANDLER_SECONDS), db.transaction() as tx:
                if await store.take(tx, name, event.id, clock.now()):
                    await self._handlers[name][event.topic].handle(tx, event)
        except Exception as error:
            if is_lost(error):
                raise  # the database went away, which is not the handler's fault
            return await self._failed(db, clock, name, delivery, error)
        return True

    async def _failed(self, db: Database, clock: Clock, name: str, delivery: Delivery, error: Exception) -> bool:
        event, attempt = delivery.event, delivery.attempts + 1
        async with db.transaction() as tx:
            dead = await store.fail(
                tx,
                name,
                event.id,
                error=f"{type(error).__name__}: {error}"[:_ERROR_LENGTH].replace("\0", ""),
                next_at=clock.now() + wait_after(attempt),
                most=self._attempts,
            )
        what = "event.dead" if dead else "event.failed"
        log.error(what, handler=name, topic=event.topic, event_id=event.id, attempt=attempt, exc_info=error)
        return dead


async def _forget(runtime: Runtime) -> datetime:
    now = runtime.clock.now()
    async with runtime.db.transaction() as tx:
        await store.forget(tx, now - RETENTION)
    return now
