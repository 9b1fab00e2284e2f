"""Use cases of static addresses: taken, shown, replaced, taken back; written to the subscriptions by the worker."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from psycopg.rows import DictRow

from tieline.gateway.exposure import subscribers
from tieline.gateway.exposure.addressing import store
from tieline.gateway.exposure.http import missing
from tieline.gateway.model import Consumer
from tieline.gateway.northbound.answers import actor_of
from tieline.platform.db import Tx
from tieline.standards.northbound import (
    Cause,
    InvalidParam,
    NorthboundError,
    Provisioning,
    StaticAddress,
    address_of,
)

NAMED = 20
PROVISIONINGS = 10_000
"""Provisionings that a utility may keep."""


async def create(tx: Tx, consumer: Consumer, wanted: Provisioning, now: datetime) -> int:
    """Take addresses; gives the provisioning's number.

    Raises:
        NorthboundError: naming each subscriber that does not exist, has another data network, or stands there twice.

    """
    if await store.count(tx, consumer.id) >= PROVISIONINGS:
        raise NorthboundError(
            f"A utility has at most {PROVISIONINGS} provisionings.", status=403, cause=Cause.QUOTA_EXCEEDED
        )
    entries = await _entries(tx, consumer, wanted)
    number = await store.add(tx, consumer.id, entries, wanted.supp_feat, now)
    await store.order(
        tx, consumer.id, [(one["ref"], one["address"], None) for one in entries], actor_of(consumer).client
    )
    return number


async def replace(tx: Tx, consumer: Consumer, number: int, wanted: Provisioning, now: datetime) -> None:
    """Put other addresses in the place of those of a provisioning; what is no longer among them is unset."""
    row = await store.find(tx, consumer.id, number, lock=True)
    if row is None:
        raise missing(number)
    entries = await _entries(tx, consumer, wanted)
    kept = {one["ref"] for one in entries}
    gone = [(one["ref"], None, one["address"]) for one in row["addresses"] if one["ref"] not in kept]
    await store.replace(tx, number, entries, wanted.supp_feat, now)
    orders = [*gone, *((one["ref"], one["address"], None) for one in entries)]
    await store.order(tx, consumer.id, orders, actor_of(consumer).client)


async def delete(tx: Tx, consumer: Consumer, number: int) -> None:
    """End a provisioning; its addresses are unset where nobody wrote another one since."""
    row = await store.find(tx, consumer.id, number, lock=True)
    if row is None:
        raise missing(number)
    await store.delete(tx, number)
    await store.order(
        tx, consumer.id, [(one["ref"], None, one["address"]) for one in row["addresses"]], actor_of(consumer).client
    )


async def shown(tx: Tx, consumer: Consumer, rows: Sequence[DictRow]) -> list[dict[str, Any]]:
    """Give provisionings as they are: only addresses that are (still) those of their subscriptions."""
    names = sorted({one["ref"] for row in rows for one in row["addresses"]})
    present = await store.settings(tx, consumer.id, names)
    waiting = await store.waiting(tx, consumer.id, names)
    return [_shown(consumer, row, present, waiting) for row in rows]


def _shown(consumer: Consumer, row: DictRow, present: Mapping[str, DictRow], waiting: set[str]) -> dict[str, Any]:
    addresses = [
        one["params"]
        for one in row["addresses"]
        if one["ref"] in waiting or (one["ref"] in present and present[one["ref"]]["address"] == one["address"])
    ]
    found: dict[str, Any] = {"afId": consumer.code}
    if addresses:
        found["staticIpaddrParams"] = addresses
    if row["supp_feat"] is not None:
        found["suppFeat"] = row["supp_feat"]
    return found


async def _entries(tx: Tx, consumer: Consumer, wanted: Provisioning) -> list[dict[str, Any]]:
    """Give each address with its subscription, all of them checked."""
    if wanted.af_id != consumer.code:
        raise NorthboundError(f"This certificate is that of {consumer.code}.", status=403, cause=Cause.UNAUTHORIZED_AF)
    params = wanted.addresses or ()
    refs = await subscribers.found(tx, consumer, [one.gpsi for one in params])
    present = await store.settings(tx, consumer.id, sorted(set(refs.values())))
    problems, entries = [], []
    seen: tuple[set[str], set[tuple[str, str]]] = (set(), set())
    for place, one in enumerate(params):
        ref = refs.get(one.gpsi)
        wrong = "names no subscription" if ref is None else _wrong(one, ref, present[ref], seen)
        if wrong is not None:
            problems.append(InvalidParam(f"/staticIpaddrParams/{place}", wrong))
            continue
        address = address_of(one.static_ip_addresses[0])
        entries.append({"ref": ref, "address": address, "params": msgspec.to_builtins(one)})
    if problems:
        cause = Cause.USER_NOT_FOUND if len(refs) < len(params) else Cause.MANDATORY_IE_INCORRECT
        raise NorthboundError(
            f"{len(problems)} of the addresses cannot be provisioned.", cause=cause, params=problems[:NAMED]
        )
    return entries


def _wrong(
    one: StaticAddress, ref: str, present: Mapping[str, Any], seen: tuple[set[str], set[tuple[str, str]]]
) -> str | None:
    """Say why an address cannot be provisioned; notes it otherwise."""
    if len(one.static_ip_addresses) > 1:
        return "a subscription has one address here"
    if present["apn"] != one.dnn:
        return f"the subscription's data network is {present['apn']}"
    address = (one.dnn, str(address_of(one.static_ip_addresses[0])))
    if ref in seen[0] or address in seen[1]:
        return "subscription or address stands here twice"
    seen[0].add(ref)
    seen[1].add(address)
    return None
