"""Word of SIMs that are used with other devices: asked for at each operator that gives it, and taken when it comes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import structlog

from tieline.platform import outbox
from tieline.platform.clock import Clock
from tieline.platform.db import Tx
from tieline.platform.wiring import Runtime
from tieline.utility.connectors import store
from tieline.utility.connectors.errors import ConnectorError
from tieline.utility.connectors.leases import take
from tieline.utility.connectors.lines import SYSTEM, Lines
from tieline.utility.connectors.model import DeviceNotice, Report
from tieline.utility.connectors.service import take_reports

IMEI_CHANGED = "subscription.imei-changed"
"""Outbox topic: ``{operator, subscription_id, ref, old_imei, new_imei, at}``, once for each change that is told."""

LASTS = timedelta(days=30)
RENEWED = timedelta(days=10)
"""A watch that ends within this time is asked for anew."""

_log = structlog.get_logger(__name__)


def recipient_of(notification_url: str) -> str:
    """Where an operator is to send word of devices: below where it sends notifications."""
    return f"{notification_url.rstrip('/')}/devices"


async def look(runtime: Runtime, lines: Lines) -> None:
    """Ask operators for word of devices that were never asked, whose watch ends soon, or who send it elsewhere."""
    now = runtime.clock.now()
    async with runtime.db.transaction() as tx:
        rows = await store.connections(tx, SYSTEM, only_enabled=True)
        watches = await store.device_watches(tx)
    for row in rows:
        watch = watches.get(row["operator_id"])
        if not row["notification_url"] or "device_events" in row["lacks"]:
            continue
        as_wanted = (
            watch is not None
            and watch["expires_at"] - now > RENEWED
            and watch["recipient"] == recipient_of(row["notification_url"])
        )
        if not as_wanted:
            await _ask(runtime, lines, row, watch)


async def _ask(runtime: Runtime, lines: Lines, row: Mapping[str, Any], had: Mapping[str, Any] | None) -> None:
    lease = await take(runtime.db, row["operator_id"], "devices", "devices", 30.0)
    if lease is None:
        return
    try:
        line = await lines.get(row["operator"])
        if not line.capabilities.tells_devices:
            return
        recipient, until = recipient_of(row["notification_url"]), runtime.clock.now() + LASTS
        watch = await line.watch_devices(recipient, until=until)
        async with runtime.db.transaction() as tx:
            values = {"watch": watch, "recipient": recipient, "asked_at": runtime.clock.now(), "expires_at": until}
            await store.put_device_watch(tx, row["operator_id"], values)
        if had is not None and had["watch"] != watch:
            await line.unwatch_devices(had["watch"])
    except ConnectorError as error:
        _log.warning("device_watch_refused", operator=row["operator"], error=error.detail)
    finally:
        async with runtime.db.transaction() as tx:
            await lease.drop(tx)


async def take_devices(tx: Tx, clock: Clock, operator: Mapping[str, Any], notices: Sequence[DeviceNotice]) -> int:
    """Take what one notification says, each change once, however often it comes; gives how many were new.

    The inventory learns which device was seen, and compares it with the one that the SIM belongs into; whoever watches
    over the fleet learns that it was another one.
    """
    operator_id, code = operator["operator_id"], operator["operator"]
    now = clock.now()
    keyed = {_key(one): one for one in notices}
    fresh = await store.first_time(tx, operator_id, list(keyed), now)
    # A change that is dated by a clock that is ahead has just been seen.
    found = (replace(one, at=min(one.at, now)) for key, one in keyed.items() if key in fresh)
    new = sorted(found, key=lambda one: one.at)
    if not new:
        return 0
    known = await store.devices_seen(tx, operator_id, sorted({one.ref for one in new}))
    # The newest of each stands last: it is what is compared with the device that the SIM belongs into.
    await take_reports(tx, code, [Report(one.ref, one.at, imei=one.imei) for one in new], source="device-event")
    for one in new:
        row = known.get(one.ref)
        if row is None:
            continue
        payload = {
            "operator": code,
            "subscription_id": row["id"],
            "ref": one.ref,
            "old_imei": one.previous or (row["imei_seen"] if row["imei_seen"] != one.imei else None),
            "new_imei": one.imei,
            "at": one.at,
        }
        await outbox.publish(tx, IMEI_CHANGED, payload, key=f"subscription:{row['id']}")
        known[one.ref] = {**row, "imei_seen": one.imei}
    return len(new)


def _key(notice: DeviceNotice) -> str:
    """A change is known by SIM, device and moment, under whichever subscription it is told."""
    return f"device:{notice.ref}:{notice.imei}:{notice.at.isoformat()}"
