"""Use cases of event subscriptions, and noting the events in the transaction of the change that brings them about."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from psycopg.rows import DictRow

from tieline.gateway.backends.port import Interference
from tieline.gateway.exposure import subscribers
from tieline.gateway.exposure.groups import store as groups
from tieline.gateway.exposure.http import missing
from tieline.gateway.exposure.monitoring import policy, store
from tieline.gateway.model import Consumer
from tieline.gateway.objects.classes import is_registered
from tieline.gateway.objects.model import Effect
from tieline.gateway.objects.store import reading
from tieline.platform.db import Tx
from tieline.standards.mns.profile import SUBSCRIPTION_CLASS
from tieline.standards.northbound import (
    Cause,
    EventReport,
    EventSubscription,
    InvalidParam,
    NorthboundError,
    gpsi_of_id,
)

SUBSCRIPTIONS = 1000
"""Event subscriptions that a utility may have."""


async def create(tx: Tx, consumer: Consumer, wanted: EventSubscription, now: datetime) -> tuple[int, dict[str, Any]]:
    """Take an event subscription; gives its number and what is answered.

    Raises:
        NorthboundError: for a destination that is not registered (403), somebody unknown (400), too many (403).

    """
    if await store.count(tx, consumer.id) >= SUBSCRIPTIONS:
        raise NorthboundError(
            f"A utility has at most {SUBSCRIPTIONS} event subscriptions.", status=403, cause=Cause.QUOTA_EXCEEDED
        )
    values = await _values(tx, consumer, wanted, now)
    number = await store.add(tx, consumer.id, values, now)
    if wanted.request_test_notification:
        await store.queue(tx, [{"subscription": number, "report": None, "copies": 1, "late": 0.0}], now)
    document = dict(values["document"])
    if wanted.immediate_rep and values["subscription"] is not None:
        report = await immediate(tx, consumer, values["subscription"], now)
        document["monitoringEventReport"] = msgspec.to_builtins(report)
    return number, document


async def replace(tx: Tx, consumer: Consumer, number: int, wanted: EventSubscription, now: datetime) -> dict[str, Any]:
    """Put other terms in the place of an event subscription's; counting begins anew."""
    await show(tx, consumer, number, now)
    values = await _values(tx, consumer, wanted, now)
    await store.replace(tx, number, values)
    document: dict[str, Any] = values["document"]
    return document


async def show(tx: Tx, consumer: Consumer, number: int, now: datetime) -> DictRow:
    """Give an event subscription in force. Raises ``NorthboundError`` (404)."""
    row = await store.find(tx, consumer.id, number, now)
    if row is None:
        raise missing(number)
    return row


async def delete(tx: Tx, consumer: Consumer, number: int, now: datetime) -> None:
    """End an event subscription."""
    await show(tx, consumer, number, now)
    await store.delete(tx, number)


async def immediate(tx: Tx, consumer: Consumer, subscription: str, now: datetime) -> EventReport:
    """Give the present association of one subscription."""
    node = await reading.find(tx, consumer.id, consumer.root.child(SUBSCRIPTION_CLASS, subscription))
    imei = None if node is None else node.observed.get("imei")
    return policy.present(subscribers.external_id(consumer, subscription), imei, now)


async def note(
    tx: Tx, consumer: Consumer, effects: Sequence[Effect], *, now: datetime, interference: Interference
) -> None:
    """Keep a report for each event subscription that a changed IMEI concerns; each counts once, however often sent."""
    changes = policy.moved(effects)
    if not changes or not await store.is_watched(tx, consumer.id):
        return
    rows: list[dict[str, Any]] = []
    counted: Counter[int] = Counter()
    for watch in await store.watching(tx, consumer.id, now):
        concerned = await _concerned(tx, consumer, watch, changes)
        for change in concerned[: watch["reports_left"]]:
            report = policy.report(change, subscribers.external_id(consumer, change.subscription), now)
            fate = interference.fate(change.subscription)
            counted[watch["id"]] += 1
            if fate.copies:
                rows.append(
                    {
                        "subscription": watch["id"],
                        "report": msgspec.to_builtins(report),
                        "copies": fate.copies,
                        "late": fate.late_s,
                    }
                )
    if rows:
        await store.queue(tx, rows, now)
    await store.count_down(tx, counted)


async def _concerned(
    tx: Tx, consumer: Consumer, watch: Mapping[str, Any], changes: Sequence[policy.Moved]
) -> list[policy.Moved]:
    if watch["subscription"] is not None:
        return [change for change in changes if change.subscription == watch["subscription"]]
    if watch["lan_group"] is None:
        return list(changes)
    members = await groups.is_member(tx, consumer.id, watch["lan_group"], [change.subscription for change in changes])
    return [change for change in changes if change.subscription in members]


async def _values(tx: Tx, consumer: Consumer, wanted: EventSubscription, now: datetime) -> dict[str, Any]:
    if not is_registered(wanted.notification_destination, consumer.notification_hosts):
        raise _refused("notificationDestination", "is https and on a host registered for this utility", status=403)
    if wanted.monitor_expire_time is not None and wanted.monitor_expire_time <= now:
        raise _refused("monitorExpireTime", "lies in the future")
    subscription, group = await _about(tx, consumer, wanted)
    kept = msgspec.structs.replace(wanted, self_link=None, request_test_notification=None, monitoring_event_report=None)
    return {
        "document": msgspec.to_builtins(kept),
        "subscription": subscription,
        "lan_group": group,
        "destination": wanted.notification_destination,
        "reports_left": wanted.maximum_number_of_reports,
        "expires_at": wanted.monitor_expire_time,
    }


async def _about(tx: Tx, consumer: Consumer, wanted: EventSubscription) -> tuple[str | None, str | None]:
    """Find out about whom events are wanted: a subscription, a group, or (neither) everybody."""
    if wanted.external_group_id is not None:
        if wanted.external_group_id == f"{policy.EVERYBODY}@{consumer.code}":
            return None, None
        if not await groups.named(tx, consumer.id, wanted.external_group_id):
            raise _refused("externalGroupId", "names no group of this utility", cause=Cause.USER_NOT_FOUND)
        return None, wanted.external_group_id
    local, _, domain = (wanted.external_id or "").partition("@")
    gpsi = f"msisdn-{wanted.msisdn}" if wanted.msisdn is not None else gpsi_of_id(local, domain)
    found = await subscribers.found(tx, consumer, [gpsi])
    if gpsi not in found:
        name = "msisdn" if wanted.msisdn is not None else "externalId"
        raise _refused(name, "names no subscription of this utility", cause=Cause.USER_NOT_FOUND)
    return found[gpsi], None


def _refused(
    name: str, rule: str, *, status: int = 400, cause: Cause = Cause.MANDATORY_IE_INCORRECT
) -> NorthboundError:
    return NorthboundError(f"{name} {rule}.", status=status, cause=cause, params=[InvalidParam(f"/{name}", rule)])
