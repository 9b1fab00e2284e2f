"""One batch, from its intent to its end. It may be taken up at any step, by any process, any number of times."""

import asyncio
from datetime import timedelta

from tieline.platform.clock import SteadyClock
from tieline.platform.errors import NotFound
from tieline.utility.changes.driver import results
from tieline.utility.changes.driver.context import SYSTEM, Context
from tieline.utility.changes.driver.progress import advance
from tieline.utility.changes.kinds import KINDS
from tieline.utility.changes.model import BatchState, ChangeState
from tieline.utility.changes.policy.states import Step
from tieline.utility.changes.service import grouping
from tieline.utility.changes.store import changes as store
from tieline.utility.changes.store import driving, guarding
from tieline.utility.changes.store.driving import Batch, Item
from tieline.utility.connectors import Batch as Message
from tieline.utility.connectors import (
    Capabilities,
    ConnectorError,
    Line,
    Operation,
    Outcome,
    OutcomeState,
    Rejected,
    Report,
    ResultState,
    Throttled,
    Unknown,
    Unreachable,
    backoff,
)


class _NotNow(Exception):
    """The batch may not be sent now: its change was paused or stopped, its window closed, or something holds it."""


class BatchRun:
    """Takes a batch to its end.

    ``fresh`` says that it was committed just now by this process, so that it cannot be at the operator yet; any other
    is looked up there first.
    """

    def __init__(self, context: Context, batch_id: int, *, fresh: bool) -> None:
        self._context = context
        self._batch_id = batch_id
        self._ask = not fresh
        self._cancelled = False
        self._items: list[Item] | None = None
        self.settled = asyncio.Event()

    async def run(self) -> None:
        """Go from step to step until the batch is closed; an operator that does not answer is asked again later."""
        failures = 0
        while True:
            async with self._context.db.transaction() as tx:
                batch = await driving.batch(tx, self._batch_id)
                if batch is None or batch.state == BatchState.CLOSED:
                    self.settled.set()
                    return
                # What was intended of the items does not change until the batch is settled.
                if self._items is None or batch.state == BatchState.SETTLED:
                    self._items = await driving.batch_items(tx, self._batch_id)
            try:
                await self._step(batch, self._items)
                failures = 0
            except (ConnectorError, NotFound) as error:
                # Not found is the connection: it was switched off meanwhile.
                failures += 1
                await self._put_off(batch, error, failures)

    async def _step(self, batch: Batch, items: list[Item]) -> None:
        if batch.state == BatchState.INTENDED:
            await self._send(batch, items)
        elif batch.state == BatchState.SENT:
            await self._settle(batch, items)
        else:
            self.settled.set()
            await self._follow(batch, items)

    async def _put_off(self, batch: Batch, error: ConnectorError | NotFound, failures: int) -> None:
        if isinstance(error, Unknown):
            self._ask = True
        wait = backoff(min(failures, 16), self._context.pace.retry)
        if isinstance(error, Throttled | Unreachable) and error.retry_after:
            wait = max(wait, min(error.retry_after, 300.0))
        now = self._context.clock.now()
        async with self._context.db.transaction() as tx:
            await self._context.lease.hold(tx)
            await driving.put_off(tx, batch.id, error.detail, now + timedelta(seconds=wait))
        await asyncio.sleep(wait)

    # ── intended → sent ───────────────────────────────────────────────────────────────────────────────────────────────

    async def _send(self, batch: Batch, items: list[Item]) -> None:
        line = await self._context.line()
        reference = await line.find(batch.key) if self._ask else None
        if reference is None:
            self._ask = False
            try:
                reference = await self._submit(line, batch, items)
            except _NotNow:
                await self._give_back(batch)
                return
            if reference is None:
                return
        self._context.boundary("submitted")
        async with self._context.db.transaction() as tx:
            await self._context.lease.hold(tx)
            await driving.sent(tx, batch.id, reference, self._context.clock.now())
            await driving.move_batch(tx, batch.id, Step.SEND)
        self._context.boundary("sent")

    async def _submit(self, line: Line, batch: Batch, items: list[Item]) -> str | None:
        operations = tuple(Operation(str(item.id), item.ref, results.wanted(item.desired)) for item in items)
        async with self._context.db.snapshot() as tx:
            pairs = [(item.before, item.desired) for item in items]
            groups = await grouping.groups_of(tx, SYSTEM, batch.operator_id, pairs)
        message = Message(
            f"Change {batch.change_id}: {batch.title}",
            operations,
            groups=groups,
            addresses=grouping.slice_of(batch.kind, batch.parameters),
        )
        try:
            return await line.submit(message, batch.key, ready=self._check)
        except Rejected as error:
            # Some refuse a repetition of what they have: an earlier call that we took for lost may have got there.
            reference = await line.find(batch.key)
            if reference is not None:
                return reference
            found = results.Sorted(failed={item.id: ("refused", error.detail) for item in items})
            await results.settle(self._context, batch, items, found, reports=())
            return None

    async def _check(self) -> None:
        """Raise ``_NotNow`` unless the batch may be sent this very moment.

        Two plain reads: what a transaction would lock it would give up before the request goes, and the time that it
        takes would come between the call's slot and its leaving.
        """
        async with self._context.db.autocommit() as tx:
            await self._context.lease.check(tx)
            now = self._context.clock.now()
            if not await guarding.sendable(tx, self._batch_id, now, self._context.high_water.reach(now)):
                raise _NotNow

    async def _give_back(self, batch: Batch) -> None:
        """Nothing of it is at the operator and it may not be sent now."""
        now = self._context.clock.now()
        async with self._context.db.transaction() as tx:
            await self._context.lease.hold(tx)
            change = await store.get(tx, batch.change_id, lock=True)
            await driving.give_back(tx, batch.id, cancel=change.state is ChangeState.STOPPED, at=now)
            await driving.set_batch(tx, batch.id, BatchState.CLOSED, now)
            await advance(tx, self._context, batch.change_id, [])

    # ── sent → settled ────────────────────────────────────────────────────────────────────────────────────────────────

    async def _settle(self, batch: Batch, items: list[Item]) -> None:
        line = await self._context.line()
        reference = batch.reference or ""
        outcome = await self._outcome(line, batch, reference)
        self._context.boundary("outcome")
        told = outcome.by_id(str(item.id) for item in items)
        refs = [item.ref for item in items if told[str(item.id)].state is ResultState.SUCCEEDED]
        reports = {report.ref: report for report in await line.read_back(reference, refs)} if refs else {}
        self._context.boundary("read")
        found = results.sort(items, outcome, reports, self._context.code, KINDS.get(batch.kind).grade)
        await results.settle(self._context, batch, items, found, reports=reports.values(), fallback=outcome.fallback)
        self._context.boundary("settled")

    async def _outcome(self, line: Line, batch: Batch, reference: str) -> Outcome:
        pause, longest = self._context.pace.poll
        while True:
            try:
                outcome = await line.outcome(reference)
            except Rejected as error:
                return Outcome(OutcomeState.FAILED, message=f"it does not know the batch any more ({error.detail})")
            if outcome.state.over:
                return outcome
            await self._cancel_if_stopped(line, batch, reference)
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, longest)

    async def _cancel_if_stopped(self, line: Line, batch: Batch, reference: str) -> None:
        if self._cancelled or not line.capabilities.cancels:
            return
        async with self._context.db.transaction() as tx:
            now = await driving.batch(tx, batch.id)
        if now is not None and now.change_state == ChangeState.STOPPED:
            # Only once the operator has heard it: a call that is lost is made again.
            await line.cancel(reference)
            self._cancelled = True

    # ── settled → closed ──────────────────────────────────────────────────────────────────────────────────────────────

    async def _follow(self, batch: Batch, items: list[Item]) -> None:
        line = await self._context.line()
        kind = KINDS.get(batch.kind)
        seconds = self._context.pace.deadline or kind.patience or deadline(line.capabilities)
        pause, longest = self._context.pace.follow
        # A clock that is set meanwhile would end the network's time, or lengthen it.
        clock = SteadyClock(self._context.clock)
        reports: dict[str, Report] = {}
        waiting = items
        while True:
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, longest)
            refs = [item.ref for item in waiting]
            reports = {report.ref: report for report in await line.read_back(batch.reference or "", refs)}
            found = results.follow(
                waiting,
                reports,
                self._context.code,
                now=clock.now(),
                seconds=seconds,
                needed=kind.grade,
            )
            if found.verified or found.failed or not waiting:
                break
        self._context.boundary("followed")
        ended = {item.id for item in found.verified} | set(found.failed)
        wanted = {item.ref for item in waiting if item.id in ended}
        told = [report for report in reports.values() if report.ref in wanted]
        await results.settle(self._context, batch, items, found, reports=told)
        self._context.boundary("closed")


def deadline(capabilities: Capabilities) -> float:
    """Seconds that a network may take: twice the longest usual time, and ten."""
    return capabilities.apply_seconds[1] * 2 + 10
