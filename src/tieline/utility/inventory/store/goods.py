"""Cards and devices as goods: read by serial, their stock states and places kept in step with logistics."""

from collections.abc import Sequence
from typing import Any

from psycopg.rows import class_row

from tieline.platform.db import Tx, execute, fetch_all, sql
from tieline.platform.scope import Scope, within
from tieline.utility.inventory.model import CardFacts, DeviceFacts, NewDevice, SiteFacts, StockChange, StockState
from tieline.utility.inventory.store.probes import OWN_CARDS

_CARDS = f"""
SELECT c.id, c.iccid, o.code AS operator, c.kind, c.stock_state, c.reserved_key IS NOT NULL AS reserved,
    s.id AS subscription_id, s.state AS subscription_state, s.generation, l.site_id
FROM card c
JOIN operator o ON o.id = c.operator_id
LEFT JOIN card_subscription cs ON cs.card_id = c.id AND cs.valid_to IS NULL
LEFT JOIN subscription s ON s.id = cs.subscription_id
LEFT JOIN link l ON l.card_id = c.id AND l.valid_to IS NULL
WHERE {OWN_CARDS}
"""
# A device without a site belongs to no region: whoever may see one region may see it.
_OWN_DEVICES = f"(d.site_id IS NULL OR {within('t.region')})"
_DEVICES = f"""
SELECT d.id, d.external_id, d.make, d.model, d.imei, d.generations, d.site_id,
    (SELECT count(*) FROM link l WHERE l.device_id = d.id AND l.valid_to IS NULL) AS links
FROM device d LEFT JOIN site t ON t.id = d.site_id
WHERE {_OWN_DEVICES}
"""

# Sorted before they are locked, as everything is that locks several cards.
_SET_STATES = """
WITH wanted AS (
    SELECT * FROM unnest(%(ids)s::bigint[], %(before)s::text[], %(after)s::text[]) AS w(id, before, after)
), old AS MATERIALIZED (
    SELECT c.id, w.before, w.after FROM card c JOIN wanted w ON w.id = c.id AND w.before = c.stock_state
    ORDER BY c.id FOR UPDATE OF c
), moved AS (
    UPDATE card c SET stock_state = o.after FROM old o WHERE c.id = o.id RETURNING c.id
)
INSERT INTO history (thing, thing_id, actor, reason, before, after)
SELECT 'card', o.id, %(actor)s, %(reason)s, jsonb_build_object('stock_state', o.before),
    jsonb_build_object('stock_state', o.after)
FROM old o JOIN moved m ON m.id = o.id
"""

_ADD_DEVICES = """
INSERT INTO device (external_id, make, model, imei, generations, bands, modems, firmware)
SELECT external_id, make, model, imei, string_to_array(generations, ' '), string_to_array(bands, ' '), modems, firmware
FROM unnest(%(external_id)s::text[], %(make)s::text[], %(model)s::text[], %(imei)s::text[], %(generations)s::text[],
    %(bands)s::text[], %(modems)s::int[], %(firmware)s::text[])
    AS n(external_id, make, model, imei, generations, bands, modems, firmware)
ORDER BY external_id
"""

# A device whose links live is moved by what ends or begins them; here only what stands without one is booked.
_PLACE_DEVICES = f"""
WITH wanted AS (
    SELECT * FROM unnest(%(ids)s::bigint[], %(sites)s::bigint[]) AS w(id, site_id)
), old AS MATERIALIZED (
    SELECT d.id, d.site_id AS before, w.site_id AS after FROM wanted w JOIN device d ON d.id = w.id
    LEFT JOIN site t ON t.id = d.site_id
    WHERE d.site_id IS DISTINCT FROM w.site_id AND {_OWN_DEVICES}
        AND NOT EXISTS (SELECT FROM link l WHERE l.device_id = d.id AND l.valid_to IS NULL)
    ORDER BY d.id FOR UPDATE OF d
), moved AS (
    UPDATE device d SET site_id = o.after FROM old o WHERE d.id = o.id RETURNING d.id
)
INSERT INTO history (thing, thing_id, actor, reason, before, after)
SELECT 'device', o.id, %(actor)s, %(reason)s, jsonb_build_object('site_id', o.before),
    jsonb_build_object('site_id', o.after)
FROM old o JOIN moved m ON m.id = o.id
"""


async def cards(
    tx: Tx, scope: Scope, iccids: Sequence[str] | None, *, after: int = 0, limit: int | None = None
) -> list[CardFacts]:
    """Cards by ICCID, in the order of their ids; all of them from behind ``after`` when none are named."""
    text = f"""{_CARDS} AND c.id > %(after)s AND (%(iccids)s::text[] IS NULL OR c.iccid = ANY(%(iccids)s::text[]))
        ORDER BY c.id LIMIT %(limit)s"""
    named = None if iccids is None else list(iccids)
    rows = await fetch_all(tx, text, {"iccids": named, "after": after, "limit": limit, **scope.params()})
    return [CardFacts(**{**row, "stock_state": StockState(row["stock_state"])}) for row in rows]


async def lock_cards(tx: Tx, iccids: Sequence[str]) -> None:
    """Keep others from altering some cards until the transaction ends."""
    text = "SELECT id FROM card WHERE iccid = ANY(%(iccids)s::text[]) ORDER BY id FOR UPDATE"
    await execute(tx, text, {"iccids": list(iccids)})


async def devices(
    tx: Tx, scope: Scope, names: Sequence[str] | None, *, after: int = 0, limit: int | None = None
) -> list[DeviceFacts]:
    """Devices by identifier, in the order of their ids; all of them from behind ``after`` when none are named."""
    text = f"""{_DEVICES} AND d.id > %(after)s AND (%(names)s::text[] IS NULL OR d.external_id = ANY(%(names)s::text[]))
        ORDER BY d.id LIMIT %(limit)s"""
    async with tx.cursor(row_factory=class_row(DeviceFacts)) as cursor:
        named = None if names is None else list(names)
        await cursor.execute(sql(text), {"names": named, "after": after, "limit": limit, **scope.params()})
        return await cursor.fetchall()


async def sites(tx: Tx, scope: Scope, ids: Sequence[int]) -> list[SiteFacts]:
    """The names of some sites."""
    text = f"""SELECT t.id, t.external_id, t.name, t.region FROM site t
        WHERE t.id = ANY(%(ids)s::bigint[]) AND {within("t.region")} ORDER BY t.id"""
    async with tx.cursor(row_factory=class_row(SiteFacts)) as cursor:
        await cursor.execute(sql(text), {"ids": list(ids), **scope.params()})
        return await cursor.fetchall()


async def cards_in(tx: Tx, scope: Scope, device_ids: Sequence[int]) -> list[str]:
    """The ICCIDs of the cards that sit in some devices by their live links."""
    text = f"""SELECT c.iccid FROM link l JOIN card c ON c.id = l.card_id
        WHERE l.device_id = ANY(%(ids)s::bigint[]) AND l.valid_to IS NULL AND {OWN_CARDS} ORDER BY c.iccid"""
    return [row["iccid"] for row in await fetch_all(tx, text, {"ids": list(device_ids), **scope.params()})]


async def set_states(tx: Tx, scope: Scope, changes: Sequence[StockChange], reason: str) -> int:
    """Set the stock states of cards that are still in the state expected; returns how many were."""
    bound: dict[str, Any] = {
        "ids": [one.card_id for one in changes],
        "before": [one.before for one in changes],
        "after": [one.after for one in changes],
        "actor": scope.actor,
        "reason": reason,
    }
    return await execute(tx, _SET_STATES, bound)


async def add_devices(tx: Tx, new: Sequence[NewDevice]) -> int:
    """Enter devices that stand nowhere yet."""
    columns: dict[str, list[Any]] = {
        name: [getattr(one, name) for one in new] for name in ("external_id", "make", "model", "imei", "modems")
    }
    columns["firmware"] = [one.firmware for one in new]
    columns["generations"] = [" ".join(one.generations) for one in new]
    columns["bands"] = [" ".join(one.bands) for one in new]
    return await execute(tx, _ADD_DEVICES, columns)


async def place_devices(tx: Tx, scope: Scope, places: Sequence[tuple[int, int | None]], reason: str) -> int:
    """Book devices without a live link at a site, or at none; returns how many were booked anew."""
    bound: dict[str, Any] = {
        "ids": [device for device, _ in places],
        "sites": [site for _, site in places],
        "actor": scope.actor,
        "reason": reason,
    }
    return await execute(tx, _PLACE_DEVICES, {**bound, **scope.params()})


async def with_imei(tx: Tx, imeis: Sequence[str]) -> dict[str, str]:
    """Which of some IMEIs a device has already, and its identifier."""
    text = "SELECT imei, external_id FROM device WHERE imei = ANY(%(imeis)s::text[])"
    return {row["imei"]: row["external_id"] for row in await fetch_all(tx, text, {"imeis": list(imeis)})}


async def models_of(tx: Tx, codes: Sequence[str]) -> dict[str, set[tuple[str, str]]]:
    """Make and model of the devices whose IMEI begins with some type allocation codes, by code."""
    text = """
        SELECT DISTINCT w.tac, d.make, d.model FROM unnest(%(tacs)s::text[]) AS w(tac)
        JOIN device d ON d.imei >= w.tac AND d.imei < w.tac || ':'
        WHERE d.make IS NOT NULL AND d.model IS NOT NULL"""
    found: dict[str, set[tuple[str, str]]] = {}
    for row in await fetch_all(tx, text, {"tacs": list(codes)}):
        found.setdefault(row["tac"], set()).add((row["make"], row["model"]))
    return found
