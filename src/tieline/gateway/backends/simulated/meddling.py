"""What the simulated network does by itself: changes by the operator's own staff, and noting whom faults chose."""

import asyncio
import time
from typing import Any

import msgspec
import structlog

from tieline.gateway.backends import store
from tieline.gateway.backends.simulated import store as radio_store
from tieline.gateway.backends.simulated.faults import Faults, Rule, read_faults
from tieline.gateway.backends.simulated.network import SimulatedNetwork
from tieline.gateway.backends.simulated.radio import Coverage, SimulatedRadio
from tieline.gateway.backoffice import staff
from tieline.gateway.parts import Parts
from tieline.gateway.utilities import store as utilities
from tieline.platform.db import Database, Tx
from tieline.standards.mns.errors import MnsError
from tieline.standards.mns.profile import SUBSCRIPTION_CLASS

PACE_S = 0.25
LOOK_S = 1.0
"""Pause between two looks at who is attached, while a fault chooses among them."""
SETTLE_S = 60.0
"""Pause between two looks for subscriptions that a cell serves which is off: a crash may leave some."""
BATCH = 100

_log: structlog.stdlib.BoundLogger = structlog.get_logger("tieline.gateway")


async def install(db: Database, network: SimulatedNetwork, from_file: Faults) -> None:
    """Give the network its faults: those set through the back office, else those of the file."""
    async with db.snapshot() as tx:
        kept: Any = await store.read_faults(tx)
        strikes = await store.read_strikes(tx)
    network.install(from_file if kept is None else read_faults(msgspec.json.encode(kept)), strikes)


class Meddler:
    """The background worker of the simulation; one a gateway."""

    def __init__(self, parts: Parts, network: SimulatedNetwork) -> None:
        self._parts = parts
        self._network = network
        self._radio = SimulatedRadio(network)
        self._coverage = Coverage(parts.db, parts.clock, self._radio)

    async def run(self) -> None:
        """Work until cancelled."""
        settle_at = look_at = 0.0
        while True:
            now = time.monotonic()
            if now >= settle_at:
                settle_at = now + SETTLE_S
                await self._coverage.settle()
            if now >= look_at and self._network.looks_for_sessions():
                look_at = now + LOOK_S
                await self.strangers()
            await self.round()
            await asyncio.sleep(PACE_S)

    async def strangers(self) -> None:
        """Have cards turn up in foreign devices, as the faults say."""
        async with self._parts.db.snapshot() as tx:
            attached = await radio_store.attached_subscriptions(tx)
        found = list(self._network.strangers(attached))
        for start in range(0, len(found), BATCH):
            async with self._parts.db.transaction() as tx:
                for _rule, subscription, imei in found[start : start + BATCH]:
                    await self._move(tx, subscription, imei)
        if found:
            self._parts.signals.changed()

    async def _move(self, tx: Tx, subscription: str, imei: str) -> None:
        """Put a subscription's card into another device, at whichever utility has it."""
        for row in await utilities.listed(tx):
            consumer = await utilities.by_code(tx, row["code"])
            if consumer is None:
                continue
            moved = await radio_store.change_device(tx, consumer.id, subscription, imei)
            if moved is not None:
                await self._radio.judge(tx, consumer, [moved], self._parts.clock.now())

    async def round(self) -> None:
        """Make the changes that are due, and write down whom the faults have chosen."""
        for rule, subscription in list(self._network.meddling()):
            await self._change(rule, subscription)
        fresh, self._network.fresh = self._network.fresh, []
        if fresh:
            async with self._parts.db.transaction() as tx:
                await store.add_strikes(tx, fresh)

    async def _change(self, rule: Rule, subscription: str) -> None:
        """Change a subscription as staff do, at whichever utility has it."""
        parts = self._parts
        async with parts.db.transaction() as tx:
            for row in await utilities.listed(tx):
                consumer = await utilities.by_code(tx, row["code"])
                if consumer is None:
                    continue
                dn = consumer.root.child(SUBSCRIPTION_CLASS, subscription)
                actor = staff.member_of_staff("simulated", rule.reason)
                attributes = {str(rule.attribute): rule.value}
                try:
                    await staff.change(tx, parts, consumer, dn, attributes, actor=actor)
                except MnsError as error:
                    _log.info("staff could not change a subscription", subscription=subscription, why=error.detail)
        parts.signals.changed()
