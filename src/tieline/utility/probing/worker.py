"""Carries probes out in the background: many at once, each taken for a while, its answer taken down with others'.

Several workers may do this at the same time. What one took and did not settle, because it was killed, is free again
once its lease is over; asking twice does no harm, and the answer is told once.
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import timedelta

from tieline.platform.clock import Clock
from tieline.platform.db import Database
from tieline.platform.settings import Settings
from tieline.platform.wiring import Runtime
from tieline.standards.socks5 import Target
from tieline.utility import inventory
from tieline.utility.inventory import Reach
from tieline.utility.probing import service, store
from tieline.utility.probing.asking import ask
from tieline.utility.probing.model import Answer, Settled, Taken, Why
from tieline.utility.probing.policy import Limits, Proxy, again_after, may_be_asked, port_of, read_ports, read_proxy

IDLE_S = 0.5
SETTLE_S = 0.1
"""Answers that come within so short a time are taken down together."""
BATCH = 500
GRACE_S = 20.0
"""How much longer a lease lasts than the longest that a probe can take."""
FORGET_S = 3600.0
FORGET_BATCH = 5000


class Asker:
    """One worker's probing."""

    def __init__(self, db: Database, clock: Clock, settings: Settings) -> None:
        """Take the settings; raises ``Invalid`` for a proxy that cannot be read."""
        secret = settings.probing_proxy
        self._db = db
        self._clock = clock
        self._ports = read_ports(settings.probing_ports)
        self._keep = timedelta(days=settings.probing_keep_days)
        self._proxy: Proxy | None = read_proxy(secret.get_secret_value() if secret else "")
        self.limits = Limits(
            settings.probing_connect_s,
            settings.probing_answer_s,
            settings.probing_attempts,
            settings.probing_pause_s,
            settings.probing_at_once,
        )
        self._under_way: set[asyncio.Task[Settled]] = set()

    async def run(self) -> None:
        """Work until cancelled; what is under way then is free again when its lease is over."""
        forget_at = 0.0
        try:
            while True:
                took = await self.take()
                await self.settle(IDLE_S if not took and not self._under_way else SETTLE_S)
                if time.monotonic() >= forget_at:
                    forget_at = time.monotonic() + FORGET_S
                    await self.forget()
        finally:
            for task in self._under_way:
                task.cancel()
            await asyncio.gather(*self._under_way, return_exceptions=True)
            self._under_way.clear()

    async def round(self) -> int:
        """Carry out everything that is due now; gives how many probes came to an end."""
        ended = 0
        while await self.take() or self._under_way:
            ended += await self.settle(IDLE_S)
        return ended

    async def take(self) -> int:
        """Begin with as many probes as may be under way at once; gives how many."""
        room = min(BATCH, self.limits.at_once - len(self._under_way))
        if room < max(1, self.limits.at_once // 10):
            return 0
        now = self._clock.now()
        longest = timedelta(seconds=self.limits.connect_s + self.limits.answer_s + GRACE_S)
        async with self._db.transaction() as tx:
            taken = await store.take(tx, now, now + longest, room)
            reached = {
                one.subscription_id: one
                for one in await inventory.reach(tx, service.SCOPE, [probe.subscription_id for probe in taken])
            }
        for probe in taken:
            self._under_way.add(asyncio.create_task(self._one(probe, reached.get(probe.subscription_id))))
        return len(taken)

    async def settle(self, seconds: float) -> int:
        """Wait at most so long for answers, and take down those that are there; gives how many probes ended."""
        if not self._under_way:
            await asyncio.sleep(seconds)
            return 0
        await asyncio.wait(self._under_way, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        done = [task for task in self._under_way if task.done()][:BATCH]
        if not done:
            return 0
        async with self._db.transaction() as tx:
            ended = await service.settle(tx, _in_order([task.result() for task in done]))
        self._under_way.difference_update(done)
        return ended

    async def forget(self) -> None:
        """Forget answers that are older than they are kept."""
        while True:
            async with self._db.transaction() as tx:
                if await store.forget(tx, self._clock.now() - self._keep, FORGET_BATCH) < FORGET_BATCH:
                    return

    async def _one(self, probe: Taken, reached: Reach | None) -> Settled:
        address = reached.address if reached is not None else None
        if reached is None or address is None:
            answer = Answer(Why.NO_ADDRESS)
        elif not may_be_asked(address):
            answer = Answer(Why.NOT_ALLOWED)
        else:
            port = port_of(self._ports, reached.operator_code, reached.site_kind)
            answer = await ask(Target(address, port), self._proxy, self.limits)
        now = self._clock.now()
        wait = again_after(answer, probe.attempts + 1, self.limits)
        return Settled(probe, address, answer, now, None if wait is None else now + wait)


def _in_order(settled: Sequence[Settled]) -> list[Settled]:
    return sorted(settled, key=lambda one: one.probe.id)


async def work(runtime: Runtime) -> None:
    """Carry probes out for as long as the worker lives."""
    await Asker(runtime.db, runtime.clock, runtime.settings).run()
