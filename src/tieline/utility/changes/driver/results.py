"""Results: what an operator says of a batch and shows of its network becomes the state of items, in one transaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tieline.platform import audit
from tieline.platform.db import Tx
from tieline.utility import inventory
from tieline.utility.changes.driver.context import SYSTEM, Context
from tieline.utility.changes.driver.progress import advance
from tieline.utility.changes.kinds.base import want_key
from tieline.utility.changes.model import BatchState, Fields, Grade
from tieline.utility.changes.policy.states import Step
from tieline.utility.changes.policy.words import field_word, shown
from tieline.utility.changes.store import driving
from tieline.utility.changes.store.driving import Batch, Item
from tieline.utility.connectors import Desired, Field, Outcome, OutcomeState, Report, ResultState, as_inventory_report
from tieline.utility.inventory import ApplyOutcome, DesiredChange


def wanted(fields: Fields) -> Desired:
    """An item's fields as connectors speak of them."""
    return {Field(name): tuple(value) if isinstance(value, list) else value for name, value in fields.items()}


@dataclass(slots=True)
class Sorted:
    """Items of a batch by what has become of them; ``failed`` with code and sentence.

    ``grades`` has the evidence for each of the others, as far as it is more than the operator's word.
    """

    verified: list[Item] = field(default_factory=list)
    accepted: list[Item] = field(default_factory=list)
    failed: dict[int, tuple[str, str]] = field(default_factory=dict)
    grades: dict[int, Grade] = field(default_factory=dict)

    def weigh(self, item: Item, report: Report | None, needed: Grade) -> bool:
        """Take an item for verified if the evidence suffices; returns whether it does."""
        reached = evidence(item, report)
        if reached > Grade.ACCEPTED:
            self.grades[item.id] = reached
        if reached >= needed:
            self.verified.append(item)
        return reached >= needed


def evidence(item: Item, report: Report | None) -> Grade:
    """How good the evidence of an accepted item is, by what the operator shows of its network.

    Operational: the network does what was asked. Seen: the subscription was besides in the network since it was sent.
    """
    if report is None or not report.shows(wanted(item.desired)):
        return Grade.ACCEPTED
    since = item.queued_at
    seen = report.attached and report.last_seen is not None and (since is None or report.last_seen > since)
    return Grade.SEEN if seen else Grade.OPERATIONAL


def sort(items: Sequence[Item], outcome: Outcome, reports: Mapping[str, Report], code: str, needed: Grade) -> Sorted:
    """What became of each item, from the operator's word and its network's state."""
    results = outcome.by_id(str(item.id) for item in items)
    found = Sorted()
    for item in items:
        result = results[str(item.id)]
        if result.state is ResultState.PENDING and outcome.state is OutcomeState.CANCELLED:
            found.failed[item.id] = ("cancelled", f"Operator {code} cancelled it before it was done.")
        elif result.state is ResultState.PENDING:
            why = outcome.message or "it ended the batch without carrying this out"
            found.failed[item.id] = ("not-done", f"Operator {code}: {why}.")
        elif result.state is ResultState.FAILED:
            found.failed[item.id] = ("refused", f"Operator {code} refuses: {result.message or result.code}")
        elif not found.weigh(item, reports.get(item.ref), needed):
            found.accepted.append(item)
    return found


def follow(
    items: Sequence[Item],
    reports: Mapping[str, Report],
    code: str,
    *,
    now: datetime,
    seconds: float,
    needed: Grade,
) -> Sorted:
    """What became of accepted items since; one that the network does not show after ``seconds`` has failed."""
    found = Sorted()
    for item in items:
        report = reports.get(item.ref)
        if found.weigh(item, report, needed):
            continue
        if item.accepted_at is not None and (now - item.accepted_at).total_seconds() > seconds:
            found.failed[item.id] = ("not-operational", _still(item, report, code, seconds))
        else:
            found.accepted.append(item)
    return found


def _still(item: Item, report: Report | None, code: str, seconds: float) -> str:
    if report is None:
        return f"Operator {code} says done, but does not show the subscription after {seconds:.0f} s."
    missing = report.missing(wanted(item.desired))
    if not missing:
        return f"Operator {code} has not seen the subscription in its network within {seconds:.0f} s."
    seen = ", ".join(f"{field_word(name)} {shown(report.operational.get(name))}" for name in missing)
    return f"Operator {code} says done, but after {seconds:.0f} s its network still shows {seen}."


async def settle(
    context: Context,
    batch: Batch,
    items: Sequence[Item],
    found: Sorted,
    *,
    reports: Iterable[Report],
    fallback: str = "",
) -> None:
    """Keep what became of a batch: items, desired values with before-images, reports, audit, in one transaction."""
    now = context.clock.now()
    async with context.db.transaction() as tx:
        await context.lease.hold(tx)
        # A verified item is written once, with its grade; what follows finds only the others lacking theirs.
        grades = {item.id: found.grades.get(item.id, Grade.ACCEPTED) for item in found.verified}
        await driving.verify(tx, grades, now)
        await driving.accept(tx, [item.id for item in found.accepted], now)
        await driving.grade(tx, found.grades, now)
        await driving.end(tx, Step.FAIL, found.failed, now)
        fresh = [item for item in (*found.verified, *found.accepted) if not item.applied]
        await _apply(tx, batch, fresh)
        await _take_reports(tx, context, reports)
        await _stock(tx, batch, fresh, found.verified)
        state = BatchState.SETTLED if found.accepted else BatchState.CLOSED
        await driving.set_batch(tx, batch.id, state, now, fallback=fallback)
        await advance(tx, context, batch.change_id, list(_told(batch, items, found)))
        context.boundary("settling")


async def _apply(tx: Tx, batch: Batch, items: Sequence[Item]) -> None:
    """The operator has these values now, so they are what is desired; nobody else's edit in between changes that."""
    fields = {item.subscription_id: item.desired for item in items}
    versions = {item.subscription_id: item.version for item in items}
    while versions:
        changes = [
            DesiredChange(identity, version, _fields(fields[identity]), batch.change_id)
            for identity, version in versions.items()
        ]
        outcome: ApplyOutcome = await inventory.apply_desired(
            tx, SYSTEM, changes, reason=f"Change {batch.change_id}: {batch.title}"
        )
        versions = {one.subscription_id: one.version for one in outcome.conflicts if one.version is not None}


def _fields(fields: Fields) -> inventory.Desired:
    return {name: fields[name] for name in inventory.FIELDS if name in fields}


async def _take_reports(tx: Tx, context: Context, reports: Iterable[Report]) -> None:
    batch = [as_inventory_report(report) for report in reports]
    if batch:
        await inventory.apply_reports(tx, SYSTEM, context.code, batch)


async def _stock(tx: Tx, batch: Batch, applied: Sequence[Item], verified: Sequence[Item]) -> None:
    """Cards follow: issued once their subscription is verified, back in stock once that is undone."""
    cards = [want_key(batch.change_id, item.source_id) for item in verified if item.card_id is not None]
    if cards:
        await inventory.issue_stock(tx, SYSTEM, cards, change_id=batch.change_id)
    undone = [item.id for item in applied if item.undoes_id is not None]
    if undone:
        await driving.mark_undone(tx, undone, batch.change_id)
    back = [item.id for item in verified if item.undoes_id is not None]
    if back:
        keys = [want_key(row["change_id"], row["source_id"]) for row in await driving.undone_keys(tx, back)]
        await inventory.release_stock(tx, SYSTEM, keys, change_id=batch.change_id)


def _told(batch: Batch, items: Sequence[Item], found: Sorted) -> Iterable[audit.Entry]:
    words = {item.id: "verified" for item in found.verified} | dict.fromkeys(found.failed, "failed")
    for item in items:
        word = words.get(item.id)
        if word is None and item.applied:
            continue
        detail: dict[str, Any] = {"change": batch.change_id, "item": item.id, "batch": batch.id}
        if item.id in found.failed:
            detail["code"], detail["why"] = found.failed[item.id]
        else:
            detail["before"], detail["desired"] = item.before, item.desired
        yield audit.Entry(f"change.item.{word or 'accepted'}", f"subscription:{item.subscription_id}", detail)
