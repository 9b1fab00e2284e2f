"""Keeping what is to be told, in the transaction of the change."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tieline.gateway.backends.port import Fate, Interference
from tieline.gateway.model import Actor, Consumer, Party, dn_of, path_of
from tieline.gateway.notify import store
from tieline.gateway.notify.model import Watch
from tieline.gateway.objects.model import Effect, Happened
from tieline.platform.db import Tx
from tieline.standards.mns.dn import Dn
from tieline.standards.mns.notifications import SourceIndicator
from tieline.standards.mns.profile import SUBSCRIPTION_CLASS
from tieline.standards.mns.subscriptions import (
    CLASS_NAME,
    HEARTBEAT_CLASS_NAME,
    read_heartbeat,
    read_subscription,
)

_AS_SENT = Fate()


async def tell(
    tx: Tx, consumer: Consumer, effects: Sequence[Effect], actor: Actor, *, now: datetime, interference: Interference
) -> None:
    """Keep a notification of each effect for each recipient that watches the object."""
    watches = [
        Watch(recipient, Dn(dn_of(path)[:-1]), read_subscription(attributes).scope)
        for recipient, path, attributes in await store.watches(tx, consumer.id)
    ]
    if not watches:
        return
    source = _source(actor)
    rows = [
        row
        for effect in effects
        for row in _rows(effect, [watch for watch in watches if watch.covers(effect.dn)], source, interference)
    ]
    if rows:
        await store.add(tx, rows, now)


async def follow(tx: Tx, consumer: Consumer, effects: Sequence[Effect], ids: Mapping[Dn, int], now: datetime) -> None:
    """Act on subscriptions and heartbeats that were made, changed, deleted or triggered."""
    made = [
        ids[effect.dn]
        for effect in effects
        if effect.dn.class_name == CLASS_NAME and effect.happened is Happened.CREATED and effect.dn in ids
    ]
    if made:
        await store.add_recipients(tx, consumer.id, made, now)
    for effect in effects:
        if effect.dn.class_name != HEARTBEAT_CLASS_NAME:
            continue
        subscription = path_of(Dn(effect.dn[:-1]))
        if effect.happened is Happened.DELETED:
            await store.set_heartbeat(tx, consumer.id, subscription, 0, now)
        elif effect.after is not None and "heartbeatNtfPeriod" in effect.after:
            period = effect.after["heartbeatNtfPeriod"]
            beat = read_heartbeat({} if period is None else {"heartbeatNtfPeriod": period})
            await store.set_heartbeat(tx, consumer.id, subscription, beat.heartbeat_ntf_period, now)
        if effect.signal == "heartbeat":
            await store.heartbeat_now(tx, consumer.id, subscription, path_of(effect.dn), now)


def _source(actor: Actor) -> SourceIndicator:
    if actor.party is Party.NETWORK:
        return SourceIndicator.RESOURCE_OPERATION
    return SourceIndicator.MANAGEMENT_OPERATION


def _rows(
    effect: Effect, watches: Sequence[Watch], source: SourceIndicator, interference: Interference
) -> list[dict[str, Any]]:
    if not watches or (effect.happened is Happened.CHANGED and not effect.after):
        return []
    fate = interference.fate(effect.dn.id) if effect.dn.class_name == SUBSCRIPTION_CLASS else _AS_SENT
    if not fate.copies:
        return []
    body = {"before": effect.before, "after": effect.after}
    if effect.stamp is not None:
        before, after = effect.stamp
        body["after"] = {**(effect.after or {}), **dict.fromkeys(before.keys() - after.keys()), **after}
        body["before"] = None if effect.before is None else {**effect.before, **before}
    return [
        {
            "recipient": watch.recipient_id,
            "type": effect.happened,
            "path": path_of(effect.dn),
            "source": source,
            "body": body,
            "copies": fate.copies,
            "late": fate.late_s,
        }
        for watch in watches
    ]
