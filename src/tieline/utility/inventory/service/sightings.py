"""Comparing what operators show with what the inventory knows: subscription by subscription, and as a whole."""

from collections.abc import Sequence
from datetime import datetime

from tieline.platform.db import Tx
from tieline.platform.errors import NotFound
from tieline.platform.scope import Permission, Scope
from tieline.utility.inventory.model.sightings import Shown, ShownOutcome, Sighting, Tally
from tieline.utility.inventory.model.things import FIELDS
from tieline.utility.inventory.store import operators
from tieline.utility.inventory.store import sightings as store

MOST_UNKNOWN = 200_000


async def take_sightings(tx: Tx, scope: Scope, operator_code: str, batch: Sequence[Shown]) -> ShownOutcome:
    """Compare what an operator shows with the inventory. What deviates is kept until it does no more.

    Only the system itself may report. A batch names each subscription once; what is older than what was seen of it
    counts for nothing. Desired values, card and IMEI are compared; operational values are :func:`apply_reports`' part.
    """
    scope.require(Permission.SYSTEM)
    rows = await store.take(tx, await _id(tx, scope, operator_code), [one for one in batch if one.says_anything])
    return ShownOutcome(
        tuple(row["subscription_id"] for row in rows if row["subscription_id"] is not None),
        tuple(row["ref"] for row in rows if row["subscription_id"] is None),
    )


async def mark_absent(tx: Tx, scope: Scope, operator_code: str, refs: Sequence[str], at: datetime) -> list[int]:
    """Note that an operator has some subscriptions no more; returns the inventory's numbers of them."""
    scope.require(Permission.SYSTEM)
    return await store.absent(tx, await _id(tx, scope, operator_code), refs, at)


async def mark_unread(
    tx: Tx, scope: Scope, operator_code: str, *, since: datetime, asked_at: datetime
) -> tuple[list[int], Tally]:
    """After a full read: note what it did not show, and count how the two sides compare.

    ``since`` is when the first page was read, by the clock that reports carry; ``asked_at`` when the read was asked
    for, by the database's: what was made later cannot be in it.
    """
    scope.require(Permission.SYSTEM)
    operator_id = await _id(tx, scope, operator_code)
    missing = await store.unread(tx, operator_id, since=since, asked_at=asked_at)
    row = await store.tally(tx, operator_id, since=since, asked_at=asked_at)
    counted = Tally(
        seen=row["seen"],
        equal=row["seen"] - row["differing"],
        differing=row["differing"],
        missing=row["missing"],
        unknown=row["unknown"],
        fields={name: row[name] for name in FIELDS if row[name]},
    )
    return missing, counted


async def sightings(tx: Tx, scope: Scope, ids: Sequence[int] | None = None) -> list[Sighting]:
    """What deviates of some subscriptions, or of all of them."""
    scope.require(Permission.INVENTORY_READ)
    if ids is None:
        await store.tidy(tx)
    return await store.of(tx, scope, ids)


async def unknown_sightings(
    tx: Tx,
    scope: Scope,
    operator_code: str | None = None,
    *,
    refs: Sequence[str] | None = None,
    limit: int = MOST_UNKNOWN,
) -> list[Sighting]:
    """What operators have and the inventory does not; ``refs``: of these alone."""
    scope.require(Permission.INVENTORY_READ)
    return await store.unknown(tx, scope, operator_code, refs=refs, limit=limit)


async def marks(tx: Tx, scope: Scope, ids: Sequence[int]) -> dict[int, tuple[int, datetime | None]]:
    """Version and time of the last report of some subscriptions, for :func:`moved`."""
    scope.require(Permission.SYSTEM)
    return await store.marks(tx, ids)


async def moved(tx: Tx, scope: Scope, seen: Sequence[tuple[int, int, datetime | None]]) -> list[int]:
    """Those of some subscriptions that changed, or were reported, since :func:`marks` was asked."""
    scope.require(Permission.SYSTEM)
    return await store.moved(tx, seen)


async def by_refs(tx: Tx, scope: Scope, operator_code: str, refs: Sequence[str]) -> dict[str, int]:
    """The inventory's numbers of subscriptions, by what their operator calls them."""
    scope.require(Permission.INVENTORY_READ)
    return await store.by_refs(tx, await _id(tx, scope, operator_code), refs)


async def _id(tx: Tx, scope: Scope, operator_code: str) -> int:
    ids = await operators.operator_ids(tx, scope)
    if operator_code not in ids:
        raise NotFound(f"There is no operator {operator_code}.")
    return ids[operator_code]
