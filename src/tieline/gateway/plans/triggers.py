"""Triggers as the utility sees them, and the worker that starts the jobs which wait for one.

A trigger is a clock here: ``conditionExpression`` can only be ``true``. When it fires is known from the start, so that
nothing is evaluated in between.
"""

from datetime import datetime

import msgspec
import structlog
from psycopg.rows import DictRow

from tieline.gateway.model import Consumer
from tieline.gateway.parts import Parts, until
from tieline.gateway.plans.faults import in_the_way, missing, senseless
from tieline.gateway.plans.model import ACTIVATION, TRIGGER, number_in, public_id
from tieline.gateway.plans.store import triggers as store
from tieline.platform.db import Tx
from tieline.standards.mns.plans import (
    ALWAYS,
    DescriptorListEntry,
    Timing,
    TriggerDescriptor,
    TriggerDescriptorRequest,
    self_link,
    timing,
)

TRIGGERS = "trigger-descriptors"
MOST = 1000
"""Triggers of one utility."""
IDLE_S = 5.0
"""Triggers are looked for so often even if nothing says that there are new ones."""

_log: structlog.stdlib.BoundLogger = structlog.get_logger("tieline.gateway")


async def create(
    tx: Tx, consumer: Consumer, request: TriggerDescriptorRequest, *, root: str, now: datetime
) -> TriggerDescriptor:
    """Keep a trigger.

    Raises:
        PlanError: 422 for a condition that is not understood, a trigger that would never fire, a job that has begun;
            404 for a job that does not exist; 409 for one trigger too many.

    """
    times, jobs = await _checked(tx, consumer, request, now)
    if await store.count(tx, consumer.id) >= MOST:
        raise in_the_way(f"There are {MOST} triggers already: delete some.")
    row = await store.add(tx, consumer.id, msgspec.to_builtins(request), jobs, times=times, now=now)
    return _trigger(row, root, now)


async def replace(
    tx: Tx, consumer: Consumer, identifier: str, request: TriggerDescriptorRequest, *, now: datetime
) -> None:
    """Replace a trigger as a whole; it is evaluated anew. Raises ``PlanError``: 404 if there is none, or as above."""
    row = await _found(tx, consumer, identifier)
    times, jobs = await _checked(tx, consumer, request, now)
    await store.replace(tx, consumer.id, row["id"], msgspec.to_builtins(request), jobs, times=times, now=now)


async def show(tx: Tx, consumer: Consumer, identifier: str, *, root: str, now: datetime) -> TriggerDescriptor:
    """Show a trigger. Raises ``PlanError`` (404) if there is none."""
    return _trigger(await _found(tx, consumer, identifier), root, now)


async def delete(tx: Tx, consumer: Consumer, identifier: str) -> None:
    """Delete a trigger; its jobs go on waiting. Raises ``PlanError`` (404) if there is none."""
    await store.remove(tx, consumer.id, (await _found(tx, consumer, identifier))["id"])


async def entries(tx: Tx, consumer: Consumer, name: str | None) -> list[DescriptorListEntry]:
    """List the newest triggers, of a name if one is given."""
    return [
        DescriptorListEntry(
            id=public_id(TRIGGER, row["id"]),
            name=row["name"],
            version=row["request"].get("version"),
            description=row["request"].get("description"),
        )
        for row in await store.listed(tx, consumer.id, name)
    ]


class TriggerClock:
    """The background worker that starts jobs whose trigger fires; one a gateway."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def run(self) -> None:
        """Start jobs until cancelled."""
        while True:
            pause = await self.round()
            if pause > 0:
                await until(self._parts.signals.triggers, pause)

    async def round(self) -> float:
        """Start what is due; gives the seconds until it is worth looking again."""
        now = self._parts.clock.now()
        async with self._parts.db.transaction() as tx:
            started = await store.fire(tx, now)
            due = await store.next_due(tx, now)
        if started:
            _log.info("triggers started jobs", jobs=started)
            self._parts.signals.plans.set()
        return IDLE_S if due is None else min(IDLE_S, max(0.0, (due - self._parts.clock.now()).total_seconds()))


async def _checked(
    tx: Tx, consumer: Consumer, request: TriggerDescriptorRequest, now: datetime
) -> tuple[Timing, list[int]]:
    if request.condition_expression.strip() != ALWAYS:
        raise senseless(
            "Conditions on the state of the network are not evaluated here: conditionExpression can only be true.",
            "/conditionExpression",
        )
    times = timing(request, now)
    if times.never_fires:
        raise senseless("This trigger would never fire: its evaluation stops before.", "/stopEvaluationAt")
    numbers = {job: number_in(ACTIVATION, job) for job in request.activation_jobs}
    known = await store.waiting(tx, consumer.id, [number for number in numbers.values() if number is not None])
    for job, number in numbers.items():
        if number is None or number not in known:
            raise missing("plan activation job", job)
        if not known[number]:
            raise senseless(f"{job} does not wait for a trigger.", "/activationJobs")
    return times, [number for number in numbers.values() if number is not None]


async def _found(tx: Tx, consumer: Consumer, identifier: str) -> DictRow:
    number = number_in(TRIGGER, identifier)
    row = None if number is None else await store.find(tx, consumer.id, number)
    if row is None:
        raise missing("trigger descriptor", identifier)
    return row


def _trigger(row: DictRow, root: str, now: datetime) -> TriggerDescriptor:
    request = msgspec.convert(row["request"], TriggerDescriptorRequest)
    times = Timing(row["begins_at"], row["fires_at"], row["ends_at"])
    identifier = public_id(TRIGGER, row["id"])
    over = times.ends_at is not None and now > times.ends_at
    return TriggerDescriptor(
        **{name: getattr(request, name) for name in TriggerDescriptorRequest.__struct_fields__},
        id=identifier,
        last_modified_at=row["last_modified_at"],
        # As the standard says it: when the condition began to hold, which is before a hysteresis is over.
        last_triggered_at=times.begins_at if times.begins_at <= now else None,
        current_evaluation_result=times.holds_at(now),
        is_trigger_active=not over and not (request.is_trigger_once and row["fired_at"] is not None),
        links=self_link(TRIGGERS, identifier, root),
    )
