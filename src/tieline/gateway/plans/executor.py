"""Carries jobs out in the background, one chunk of changes after the other.

A chunk is asked of the network, then made, logged and counted in one transaction: after a crash the job goes on behind
the last chunk that was committed. The oldest job of each utility gets a chunk in turn. An ATOMIC plan is one chunk.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
import structlog

from tieline.gateway.backends.port import Verdict
from tieline.gateway.model import Actor, Consumer, Party
from tieline.gateway.objects import service
from tieline.gateway.objects.policy import Step, Tree
from tieline.gateway.parts import Parts, until
from tieline.gateway.plans import jobs as use_cases
from tieline.gateway.plans.judging import Planned, judge, planned
from tieline.gateway.plans.model import DESCRIPTOR, GROUP, Job, number_in
from tieline.gateway.plans.store import descriptors, jobs
from tieline.gateway.plans.undo import Undoing, undoing
from tieline.gateway.utilities import store as utilities
from tieline.platform.db import Tx
from tieline.platform.errors import Unavailable
from tieline.standards.mns.errors import ErrorDetail
from tieline.standards.mns.patch import Operation
from tieline.standards.mns.plans import ActivationMode, ConfigChange, JobState, ValidationMode, next_step

IDLE_S = 5.0
"""Jobs are looked for so often even if nothing says that there are any."""
REMEMBERED = 16
"""Jobs whose changes are kept in memory between their chunks."""
SMALL = 40
"""Changes made in one transaction while requests come in: each of them is not to wait long for its turn."""
TRIES = 3
REST_S = 0.5
"""Pause before a chunk that failed is tried again, longer each time; jobs of other utilities go on meanwhile."""
_BREATH = 10
"""Operations judged before others get their turn on the processor."""
_READ = 100
"""Changes read before others get their turn."""

_log: structlog.stdlib.BoundLogger = structlog.get_logger("tieline.gateway")


@dataclass(frozen=True, slots=True)
class _Work:
    """A job's changes, with their index within their plan, and what each undoes in a job that takes another back."""

    changes: list[tuple[ConfigChange, int]]
    undoing: list[Undoing]

    async def chunk(self, start: int, size: int) -> list[Planned]:
        """Read so many changes; an ATOMIC plan and a dry run take all at once, so others get their turn in between."""
        found: list[Planned] = []
        for place, (change, index) in enumerate(self.changes[start : start + size], start):
            found.append(planned(change, place, index, self.undoing[place] if self.undoing else None))
            if len(found) % _READ == 0:
                await asyncio.sleep(0)
        return found


@dataclass(slots=True)
class _Verdicts:
    """What came of the operations of a chunk."""

    dealt: int
    failures: list[tuple[int, list[ErrorDetail]]]
    stop: str = "continue"


class Executor:
    """The background worker of plan management; one a gateway."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._work: OrderedDict[int, _Work] = OrderedDict()
        self._tries: dict[int, int] = {}
        self._rest_until: dict[int, float] = {}

    async def run(self) -> None:
        """Carry jobs out until cancelled."""
        while True:
            try:
                if not await self.round():
                    await until(self._parts.signals.plans, IDLE_S)
            except Unavailable as error:
                _log.warning("the network does not answer", retry_after=error.retry_after)
                await asyncio.sleep(error.retry_after)

    async def round(self) -> bool:
        """Carry out one chunk for each utility that has a job; False if none has."""
        async with self._parts.db.snapshot() as tx:
            found = await jobs.next_of_each(tx)
            consumers = await utilities.by_ids(tx, [job.utility_id for job in found])
        now = asyncio.get_running_loop().time()
        ready = [job for job in found if self._rest_until.get(job.id, now) <= now]
        for job in ready:
            await self._step(job, consumers[job.utility_id])
            await self._parts.traffic.give_way()
        if found and not ready:
            await asyncio.sleep(REST_S)
        return bool(found)

    def _chunk_size(self) -> int:
        settings = self._parts.settings
        return min(settings.chunk, SMALL) if self._parts.traffic.recent else settings.chunk

    async def _step(self, job: Job, consumer: Consumer) -> None:
        """Carry out a chunk of one job; a job that fails again and again is given up, so that others get their turn."""
        try:
            if job.kind == "validation":
                await self._validate(job, consumer)
            else:
                await self._activate(job, consumer)
        except (Unavailable, psycopg.OperationalError):
            raise
        except Exception:  # noqa: BLE001 - whatever it was, it is logged, and the job is given up in the end
            tries = self._tries[job.id] = self._tries.get(job.id, 0) + 1
            _log.exception("chunk failed", job=job.public_id, position=job.position, tries=tries)
            if tries >= TRIES:
                async with self._parts.db.transaction() as tx:
                    message = "The gateway could not carry the job out; the operator's log tells more."
                    await jobs.end(tx, job.id, JobState.FAILED, self._parts.clock.now(), message=message)
                self._forget(job.id)
            else:
                self._rest_until[job.id] = asyncio.get_running_loop().time() + REST_S * tries
        else:
            self._tries.pop(job.id, None)
            self._rest_until.pop(job.id, None)

    def _forget(self, job: int) -> None:
        for kept in (self._work, self._tries, self._rest_until):
            kept.pop(job, None)

    async def _activate(self, job: Job, consumer: Consumer) -> None:
        work = await self._load(job)
        atomic = job.mode == ActivationMode.ATOMIC
        chunk = await work.chunk(job.position, job.total if atomic else self._chunk_size())
        verdicts = await self._ask(chunk)
        now = self._parts.clock.now()
        actor = Actor(_party(job), job.requested_by, job.public_id, job.id, client=job.client)
        async with self._parts.db.transaction() as tx:
            held = await jobs.lock(tx, job.id)
            if held is None or held.state.is_final or held.position != job.position:
                return
            if held.state is JobState.CANCELLING:
                await jobs.end(tx, job.id, JobState.CANCELLED, now, message="Cancelled.")
                return
            await jobs.begin(tx, job.id, now)
            tree = await service.load(tx, consumer, _operations(chunk))
            result = await self._judge(tree, chunk, Step(actor, now), verdicts, job)
            if result.stop == "roll back":
                await _roll_back(tx, job, result, now)
                return
            seconds = {name: verdict.seconds for name, verdict in verdicts.items()}
            await service.write(tx, tree, actor, now, interference=self._parts.interference, seconds=seconds)
            if await _advance(tx, job, result, now):
                self._work.pop(job.id, None)
        self._parts.signals.changed()

    async def _judge(
        self, tree: Tree, chunk: Sequence[Planned], step: Step, verdicts: dict[str, Verdict], job: Job
    ) -> _Verdicts:
        result = _Verdicts(0, [])
        for item in chunk:
            name = item.operation.dn.id if item.operation is not None else ""
            errors = judge(tree, item, step, verdicts.get(name))
            result.dealt += 1
            if errors:
                result.failures.append((item.place, errors))
                result.stop = _after_failure(job)
                if result.stop != "continue":
                    break
            if result.dealt % _BREATH == 0:
                await asyncio.sleep(0)
        return result

    async def _validate(self, job: Job, consumer: Consumer) -> None:
        """Try the whole of a plan on the objects as they are; nothing is locked and nothing written but the result."""
        work = await self._load(job)
        chunk = await work.chunk(0, job.total)
        verdicts = await self._ask(chunk)
        now = self._parts.clock.now()
        async with self._parts.db.transaction() as tx:
            await jobs.begin(tx, job.id, now)
        async with self._parts.db.snapshot() as tx:
            tree = await service.load(tx, consumer, _operations(chunk), lock=False)
        actor = Actor(_party(job), job.requested_by)
        result = await self._judge(tree, chunk, Step(actor, now), verdicts, job)
        now = self._parts.clock.now()
        async with self._parts.db.transaction() as tx:
            held = await jobs.lock(tx, job.id)
            if held is None or held.state.is_final:
                return
            if held.state is JobState.CANCELLING:
                await jobs.end(tx, job.id, JobState.CANCELLED, now, message="Cancelled.")
                return
            await jobs.advance(tx, job.id, position=result.dealt, failed=len(result.failures), failures=result.failures)
            await jobs.end(tx, job.id, JobState.COMPLETED, now)
            await _note_validity(tx, job, result, now)

    async def _ask(self, chunk: Sequence[Planned]) -> dict[str, Verdict]:
        """Ask the network about a chunk's subscriptions; no transaction is open meanwhile."""
        names = service.subscriptions_of(_operations(chunk))
        if not names:
            return {}
        return dict(zip(names, await self._parts.backend.admit(names), strict=True))

    async def _load(self, job: Job) -> _Work:
        known = self._work.get(job.id)
        if known is None:
            async with self._parts.db.snapshot() as tx:
                changes = [
                    (change, index)
                    for _, found in await use_cases.changes_of(tx, job)
                    for index, change in enumerate(found)
                ]
                ways = [] if job.fallback_of is None else await undoing(tx, job.utility_id, job.fallback_of)
            known = self._work[job.id] = _Work(changes, ways)
            if len(self._work) > REMEMBERED:
                self._work.popitem(last=False)
        return known


def _operations(chunk: Sequence[Planned]) -> list[Operation]:
    return [item.operation for item in chunk if item.operation is not None]


def _after_failure(job: Job) -> str:
    if job.kind == "validation":
        return "stop" if job.mode == ValidationMode.STOP_ON_ERROR else "continue"
    return next_step(ActivationMode(job.mode), 1)


async def _advance(tx: Tx, job: Job, result: _Verdicts, now: datetime) -> bool:
    """Note what came of a chunk; True if the job is over with it."""
    position = job.position + result.dealt
    await jobs.advance(tx, job.id, position=position, failed=len(result.failures), failures=result.failures)
    if result.stop == "stop":
        await jobs.end(tx, job.id, JobState.FAILED, now, message="Stopped at the first error, as the plan says.")
    elif position >= job.total:
        await jobs.end(tx, job.id, JobState.COMPLETED, now)
    else:
        return False
    return True


async def _roll_back(tx: Tx, job: Job, result: _Verdicts, now: datetime) -> None:
    """Note that an ATOMIC plan failed: what had been judged before the failure is not written."""
    await jobs.advance(tx, job.id, position=result.dealt, failed=len(result.failures), failures=result.failures)
    await jobs.end(
        tx,
        job.id,
        JobState.FAILED,
        now,
        message="One change failed, so none was made, as the plan says.",
        rolled_back=result.dealt - len(result.failures),
    )


async def _note_validity(tx: Tx, job: Job, result: _Verdicts, now: datetime) -> None:
    plan, group = job.request.get("planConfigDescrId"), job.request.get("planConfigGroupDescrId")
    valid = not result.failures
    if plan is not None:
        number = number_in(DESCRIPTOR, plan)
        if number is not None:
            content = job.parts[0].content_id
            await descriptors.set_validity(tx, job.utility_id, number, content_id=content, valid=valid, now=now)
    if group is not None:
        number = number_in(GROUP, group)
        state = "VALID" if valid else "INVALID" if len(result.failures) == result.dealt else "PARTIALLY_VALID"
        if number is not None:
            await descriptors.set_group_validity(tx, job.utility_id, number, state, now)


def _party(job: Job) -> Party:
    """Whose hand a job is: the utility's, unless the operator's staff takes one of its plans back."""
    return Party.STAFF if job.requested_by.startswith("staff:") else Party.UTILITY
