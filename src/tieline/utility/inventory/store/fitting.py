"""Links that begin and end by what a crew does: a card in a router at a site, and later away again."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from tieline.platform.db import Tx, execute, fetch_all
from tieline.platform.scope import Scope, within

# Devices and cards are locked in the order of their ids: two reports of the same things wait for one another.
_LOCK_DEVICES = "SELECT id FROM device WHERE external_id = ANY(%(devices)s) ORDER BY id FOR UPDATE"
_LOCK_CARDS = "SELECT id FROM card WHERE iccid = ANY(%(iccids)s) ORDER BY id FOR UPDATE"

_FOUND = f"""
SELECT w.place, t.id AS site_id, d.id AS device_id, d.site_id AS device_site_id, d.modems, c.id AS card_id, c.iccid,
    c.stock_state, s.id AS subscription_id, s.operator_id, s.state, l.id AS link_id, l.site_id AS link_site_id,
    l.device_id AS link_device_id, l.modem_slot AS link_slot,
    ARRAY(SELECT x.modem_slot FROM link x WHERE x.device_id = d.id AND x.valid_to IS NULL ORDER BY 1) AS used_slots,
    EXISTS (SELECT FROM link x WHERE x.device_id = d.id AND x.valid_to IS NULL AND x.site_id <> w.site_id) AS elsewhere
FROM jsonb_to_recordset(%(wants)s) AS w(place integer, site_id bigint, device text, iccid text)
LEFT JOIN site t ON t.id = w.site_id AND {within("t.region")}
LEFT JOIN device d ON d.external_id = w.device
LEFT JOIN (card c JOIN operator o ON o.id = c.operator_id AND {within(None, "o.code")}) ON c.iccid = w.iccid
LEFT JOIN card_subscription cs ON cs.card_id = c.id AND cs.valid_to IS NULL
LEFT JOIN subscription s ON s.id = cs.subscription_id
LEFT JOIN link l ON l.card_id = c.id AND l.valid_to IS NULL
ORDER BY w.place
"""

_BEGIN = """
WITH want AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(%(rows)s) AS w(place integer, site_id bigint, device_id bigint, slot integer,
        card_id bigint, subscription_id bigint, operator_id bigint, role text)
), begun AS (
    INSERT INTO link (site_id, device_id, modem_slot, card_id, subscription_id, operator_id, role, valid_from)
    SELECT site_id, device_id, slot, card_id, subscription_id, operator_id, role, %(at)s FROM want ORDER BY place
    RETURNING id, site_id, device_id, modem_slot, card_id, subscription_id, role, valid_from
), fitted AS (
    UPDATE card c SET stock_state = 'fitted' FROM begun b WHERE c.id = b.card_id
), placed AS (
    UPDATE subscription s SET site_id = b.site_id FROM begun b WHERE s.id = b.subscription_id
), stands AS (
    UPDATE device d SET site_id = b.site_id FROM begun b
    WHERE d.id = b.device_id AND d.site_id IS DISTINCT FROM b.site_id
), kept AS (
    INSERT INTO history (thing, thing_id, actor, reason, change_id, before, after)
    SELECT 'link', b.id, %(actor)s, %(reason)s, %(change_id)s, '{}', jsonb_build_object('site_id', b.site_id,
        'device_id', b.device_id, 'modem_slot', b.modem_slot, 'card_id', b.card_id, 'role', b.role,
        'subscription_id', b.subscription_id, 'valid_from', b.valid_from)
    FROM begun b
)
SELECT w.place, b.id AS link_id FROM begun b JOIN want w ON w.card_id = b.card_id
"""

_END = f"""
WITH chosen AS MATERIALIZED (
    SELECT l.id FROM link l JOIN site t ON t.id = l.site_id JOIN operator o ON o.id = l.operator_id
    WHERE l.id = ANY(%(ids)s) AND l.valid_to IS NULL AND {within("t.region", "o.code")}
    ORDER BY l.id FOR UPDATE OF l
), ended AS (
    UPDATE link l SET valid_to = greatest(%(at)s, l.valid_from) FROM chosen c WHERE l.id = c.id RETURNING l.*
), left_alone AS (
    UPDATE subscription s SET site_id = NULL FROM ended e WHERE s.id = e.subscription_id
), returned AS (
    UPDATE card c SET stock_state = 'returned' FROM ended e
    WHERE c.id = e.card_id AND c.stock_state = 'fitted' AND %(taken_out)s
), kept AS (
    INSERT INTO history (thing, thing_id, actor, reason, change_id, before, after)
    SELECT 'link', e.id, %(actor)s, %(reason)s, %(change_id)s, jsonb_build_object('card_id', e.card_id,
        'site_id', e.site_id, 'device_id', e.device_id, 'modem_slot', e.modem_slot, 'role', e.role, 'valid_to', NULL),
        jsonb_build_object('valid_to', e.valid_to)
    FROM ended e
)
SELECT id FROM ended ORDER BY id
"""

_LEAVE = f"""
WITH chosen AS MATERIALIZED (
    SELECT d.id, d.site_id FROM device d JOIN site t ON t.id = d.site_id
    WHERE d.id = ANY(%(ids)s) AND {within("t.region")}
        AND NOT EXISTS (SELECT FROM link l WHERE l.device_id = d.id AND l.valid_to IS NULL)
    ORDER BY d.id FOR UPDATE OF d
), gone AS (
    UPDATE device d SET site_id = NULL FROM chosen c WHERE d.id = c.id
)
INSERT INTO history (thing, thing_id, actor, reason, before, after)
SELECT 'device', c.id, %(actor)s, %(reason)s, jsonb_build_object('site_id', c.site_id),
    jsonb_build_object('site_id', NULL)
FROM chosen c
"""


async def found(tx: Tx, scope: Scope, wants: Sequence[tuple[int, str, str]]) -> list[DictRow]:
    """What there is of wanted fittings (site, device, card), in their order, with devices and cards locked."""
    devices = sorted({device for _, device, _ in wants})
    iccids = sorted({iccid for _, _, iccid in wants})
    await execute(tx, _LOCK_DEVICES, {"devices": devices})
    await execute(tx, _LOCK_CARDS, {"iccids": iccids})
    rows = [
        {"place": place, "site_id": site, "device": device, "iccid": iccid}
        for place, (site, device, iccid) in enumerate(wants)
    ]
    return await fetch_all(tx, _FOUND, {"wants": Jsonb(rows), **scope.params()})


async def begin(
    tx: Tx, scope: Scope, rows: Sequence[dict[str, Any]], *, at: datetime, reason: str, change_id: int | None
) -> dict[int, int]:
    """Begin links; returns their ids by place."""
    bound = {"rows": Jsonb(list(rows)), "at": at, "actor": scope.actor, "reason": reason, "change_id": change_id}
    return {row["place"]: row["link_id"] for row in await fetch_all(tx, _BEGIN, bound)}


async def end(
    tx: Tx,
    scope: Scope,
    link_ids: Sequence[int],
    *,
    at: datetime,
    reason: str,
    change_id: int | None,
    taken_out: bool,
) -> list[int]:
    """End live links; returns the ids of those that were live and within the scope."""
    bound = {
        "ids": list(link_ids),
        "at": at,
        "actor": scope.actor,
        "reason": reason,
        "change_id": change_id,
        "taken_out": taken_out,
    }
    return [row["id"] for row in await fetch_all(tx, _END, {**bound, **scope.params()})]


async def take_away(tx: Tx, scope: Scope, device_ids: Sequence[int], *, reason: str) -> int:
    """Devices without a live link stand at their site no longer; returns how many did."""
    bound = {"ids": list(device_ids), "actor": scope.actor, "reason": reason, **scope.params()}
    return await execute(tx, _LEAVE, bound)
