"""Has the network follow what groups say: members are worked out, asked about, and taken down when they are in.

Each piece is a transaction of its own, and requests go first. Killed at any moment it goes on: what a group shall be
is in its row, what is left to do is the difference.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

from psycopg.rows import DictRow

from tieline.gateway.backends.port import Order
from tieline.gateway.exposure import subscribers
from tieline.gateway.exposure.groups import store
from tieline.gateway.objects import service as objects
from tieline.gateway.parts import Parts
from tieline.gateway.utilities import store as utilities
from tieline.standards.mns.profile import SUBSCRIPTION_CLASS

PIECE = 200
REFUSED = timedelta(days=1)
"""A membership that the network refuses is asked about again after this."""


async def spread(parts: Parts) -> bool:
    """Write down a piece of the members that a group gains or loses; False if no group has any to work out."""
    async with parts.db.snapshot() as tx:
        row = await store.next_to_spread(tx)
        if row is None:
            return False
        consumer = (await utilities.by_ids(tx, [row["utility_id"]]))[row["utility_id"]]
        there = await store.wanted(tx, row["id"])
        shall = set((await subscribers.found(tx, consumer, row["members"].values())).values())
    come, leave = sorted(shall - there), sorted(there - shall)
    piece = [*((name, False) for name in leave), *((name, True) for name in come)][:PIECE]
    await _write_down(parts, row, piece, is_all=len(come) + len(leave) <= PIECE)
    return True


async def _write_down(parts: Parts, row: DictRow, piece: Sequence[tuple[str, bool]], *, is_all: bool) -> None:
    """Ask the network how long it will take, and keep that; what it refuses it is asked about much later."""
    verdicts = await parts.backend.admit([name for name, _ in piece]) if piece else []
    now = parts.clock.now()
    rows = [
        (name, wanted, now + (REFUSED if verdict.refused is not None else timedelta(seconds=verdict.seconds)))
        for (name, wanted), verdict in zip(piece, verdicts, strict=True)
    ]
    async with parts.db.transaction() as tx:
        if rows:
            await store.put_members(tx, row["utility_id"], row["id"], rows)
        if is_all:
            await store.spread(tx, row["id"], row["revision"])
            await store.forget_deleted(tx)


async def apply(parts: Parts) -> int:
    """Have the network take a piece of the members that are due in or out; gives how many were."""
    async with parts.db.snapshot() as tx:
        due = await store.due(tx, parts.clock.now(), PIECE)
    if not due:
        return 0
    # The network is told what is wanted of a subscription; asked twice it does the same.
    orders = [Order(row["subscription"], {"lanGroup": row["group_id"], "member": row["wanted"]}) for row in due]
    outcomes = await parts.backend.apply(orders)
    done = [row for row, outcome in zip(due, outcomes, strict=True) if outcome.done]
    later = [(row["group_id"], row["subscription"]) for row, one in zip(due, outcomes, strict=True) if not one.done]
    now = parts.clock.now()
    async with parts.db.transaction() as tx:
        await store.settle(tx, [(row["group_id"], row["subscription"], row["wanted"]) for row in done])
        if later:
            await store.give_up(tx, later, now + REFUSED)
        concerned: dict[int, set[str]] = defaultdict(set)
        for row in done:
            concerned[row["utility_id"]].add(row["subscription"])
        consumers = await utilities.by_ids(tx, list(concerned))
        for utility_id, names in concerned.items():
            consumer = consumers[utility_id]
            groups = await store.memberships(tx, utility_id, sorted(names))
            reports = {consumer.root.child(SUBSCRIPTION_CLASS, name): {"lanGroups": groups.get(name)} for name in names}
            await objects.observe(tx, consumer, reports, now, parts.interference, logged=True)
        await store.forget_deleted(tx)
    parts.signals.notifications.set()
    return len(due)
