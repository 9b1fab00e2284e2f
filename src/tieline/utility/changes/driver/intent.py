"""Intent: choose what goes out next and commit to it, before any call is made."""

import uuid
from collections.abc import Iterable, Mapping

from tieline.platform import audit
from tieline.platform.db import Tx
from tieline.utility import inventory
from tieline.utility.changes.driver.context import SYSTEM, Context
from tieline.utility.changes.driver.progress import advance
from tieline.utility.changes.kinds.base import reported
from tieline.utility.changes.policy import undo
from tieline.utility.changes.policy.invariant import pick
from tieline.utility.changes.policy.states import Step
from tieline.utility.changes.policy.words import field_word, shown
from tieline.utility.changes.store import changes as store
from tieline.utility.changes.store import driving
from tieline.utility.changes.store.driving import Item, Work
from tieline.utility.inventory import FleetRow

_ANYWHERE = frozenset({"lan_groups"})
"""Values that nothing is down for, so that they may be set back where a subscription serves."""
_OTHER_LINK = (
    "other-link",
    "The other link of this site failed in a change and is not known to be well; this one was left alone.",
)


async def intend(context: Context, limit: int) -> int | None:
    """Commit to the next batch of the lane, of at most ``limit`` items; returns its id, or None when nothing may go.

    Each change has a transaction of its own, in which locks are taken in the order of whoever steers a change: the
    change, its items, the audit trail.
    """
    async with context.db.transaction() as tx:
        await context.lease.hold(tx)
        now = context.clock.now()
        found = await driving.work(tx, context.operator_id, now, context.high_water.reach(now))
    for one in found:
        async with context.db.transaction() as tx:
            await context.lease.hold(tx)
            made = await _from(tx, context, one, limit)
            if made is not None:
                context.boundary("intending")
        if made is not None:
            return made
    return None


async def _from(tx: Tx, context: Context, one: Work, limit: int) -> int | None:
    if one.disruptive:
        await driving.lock_picking(tx)
    chosen = await _choose(tx, context, one, limit)
    if not chosen:
        await _unblock(tx, context, one)
        return None
    items = await driving.items(tx, chosen)
    rows = await inventory.subscriptions(tx, SYSTEM, [item.subscription_id for item in items])
    versions, conflicts = compare(items, {row.subscription_id: row for row in rows})
    batch_id = None
    if versions:
        now = context.clock.now()
        key = f"tieline-{one.change_id}-{uuid.uuid4().hex}"
        batch_id = await driving.add_batch(tx, one, context.operator_id, key=key, count=len(versions), at=now)
        await driving.queue(tx, batch_id, versions, now)
    if conflicts:
        await driving.end(tx, Step.CONFLICT, conflicts, context.clock.now())
        refs = {item.id: item.subscription_id for item in items}
        told = [
            audit.Entry("change.item.conflict", f"subscription:{refs[key]}", {"change": one.change_id, "why": why})
            for key, (_, why) in conflicts.items()
        ]
        # What it means for the lane is judged later: whoever stops the change has it locked and wants the items next.
        await audit.append(tx, SYSTEM, *told)
    return batch_id


async def _choose(tx: Tx, context: Context, one: Work, limit: int) -> list[int]:
    candidates = await driving.candidates(tx, one, context.operator_id, limit)
    if one.disruptive:
        sites = {candidate.site_id for candidate in candidates if candidate.site_id is not None}
        candidates = pick(candidates, await driving.exposed(tx, sorted(sites)), limit)
    return [candidate.item_id for candidate in candidates]


def compare(items: Iterable[Item], rows: Mapping[int, FleetRow]) -> tuple[dict[int, int], dict[int, tuple[str, str]]]:
    """Versions of the subscriptions that still are as planned, and why the others are not.

    A field may stand as it did when it was planned, or already as it is wanted.
    """
    versions, conflicts = {}, {}
    for item in items:
        row = rows.get(item.subscription_id)
        if row is None:
            conflicts[item.id] = ("gone", "The subscription is no longer there.")
            continue
        if item.undone_by is not None:
            conflicts[item.id] = ("undone", f"Change {item.undone_by} took it back meanwhile.")
            continue
        elsewhere = _elsewhere(item, row)
        if elsewhere is not None:
            conflicts[item.id] = elsewhere
            continue
        there = undo.conflict_there(item.before, item.desired, reported(row)) if item.undoes_id is not None else None
        if there is not None:
            conflicts[item.id] = (there.code, there.text)
            continue
        now: Mapping[str, object] = {str(name): value for name, value in row.desired.items()}
        changed = [
            name
            for name, wanted in item.desired.items()
            if now.get(name) != item.before.get(name) and now.get(name) != wanted
        ]
        if changed:
            why = ", ".join(f"{field_word(name)} is {shown(now.get(name))}" for name in changed)
            conflicts[item.id] = ("changed-since", f"Somebody changed it since it was planned: {why}.")
        else:
            versions[item.id] = row.version
    return versions, conflicts


def _elsewhere(item: Item, row: FleetRow) -> tuple[str, str] | None:
    """Why an item must not be done where its subscription serves by now: what may be down was weighed elsewhere."""
    if row.link_id is None:
        return None
    if item.undoes_id is not None and not item.disruptive and not item.desired.keys() <= _ANYWHERE:
        return ("fitted-since", "Its card was fitted since and serves a site.")
    # What was prepared for a link is fitted as a link of its own, at the site it was prepared for.
    succeeds = item.disruptive and item.source_id != item.subscription_id and item.undoes_id is None
    if row.site_id != item.site_id or (row.link_id != item.link_id and not succeeds):
        return ("moved", "It serves another site or link than when it was planned.")
    return None


async def _unblock(tx: Tx, context: Context, one: Work) -> None:
    """Where all that waits in a wave waits for a failed link, say so and go on: waiting would not end by itself."""
    await store.get(tx, one.change_id, lock=True)
    await driving.end_followers(tx, one.change_id, context.operator_id, one.wave, context.clock.now())
    if one.disruptive and await driving.held_by_failure(tx, one.change_id, context.operator_id, one.wave):
        await driving.block_waiting(tx, one.change_id, context.operator_id, one.wave, _OTHER_LINK)
    await advance(tx, context, one.change_id, [])
