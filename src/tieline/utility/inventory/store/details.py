"""What belongs to one thing: links past and present, cards it had, addresses, history."""

from collections.abc import Mapping

from psycopg.rows import DictRow, class_row

from tieline.platform.db import Tx, fetch_all, sql
from tieline.platform.scope import Scope, within
from tieline.utility.inventory.model import HistoryEntry, Kind
from tieline.utility.inventory.store.probes import OWN_CARDS, OWN_SUBSCRIPTIONS

_CARDS = f"""
SELECT cs.card_id, c.iccid, c.kind AS card_kind, cs.subscription_id, s.operator_ref, o.code AS operator,
    cs.valid_from, cs.valid_to
FROM card_subscription cs
JOIN card c ON c.id = cs.card_id
JOIN subscription s ON s.id = cs.subscription_id
JOIN operator o ON o.id = s.operator_id
WHERE {{}} = %(id)s AND {OWN_CARDS} ORDER BY cs.valid_from DESC, cs.id DESC LIMIT 200
"""
_LINKS = f"""
SELECT l.id, l.site_id, t.external_id AS site_external_id, t.name AS site_name, l.device_id,
    d.external_id AS device_external_id, l.modem_slot, l.role, o.code AS operator, l.subscription_id, s.operator_ref,
    c.iccid, l.valid_from, l.valid_to
FROM link l
JOIN site t ON t.id = l.site_id
JOIN device d ON d.id = l.device_id
JOIN card c ON c.id = l.card_id
JOIN subscription s ON s.id = l.subscription_id
JOIN operator o ON o.id = l.operator_id
WHERE {{}} = %(id)s AND {within("t.region", "o.code")} ORDER BY l.valid_from DESC, l.id DESC LIMIT 200
"""
_ADDRESSES = f"""
SELECT r.id, p.name AS pool, r.apn, host(r.address) AS address, r.state, r.change_id, r.subscription_id,
    s.operator_ref, r.at
FROM address_reservation r
JOIN address_pool p ON p.id = r.pool_id
LEFT JOIN subscription s ON s.id = r.subscription_id
LEFT JOIN site t ON t.id = s.site_id
WHERE {{}} = %(id)s AND (t.id IS NULL OR {within("t.region")}) ORDER BY r.id DESC LIMIT 200
"""
_MAST = f"""
SELECT e.id, e.cell_key, o.code AS operator, e.rat, e.band FROM cell e JOIN operator o ON o.id = e.operator_id
WHERE e.mast_id = %(id)s AND {within(operator="o.code")} ORDER BY o.code, e.cell_key LIMIT 200
"""
_FED = f"""
SELECT t.id, t.external_id, t.name, t.kind, t.customers FROM site t
WHERE t.parent_id = %(id)s AND {within("t.region")} ORDER BY t.name_folded, t.id LIMIT 200
"""

_CARDS_OF: Mapping[Kind, str] = {Kind.CARD: "cs.card_id", Kind.SUBSCRIPTION: "cs.subscription_id"}
_LINKS_OF: Mapping[Kind, str] = {
    Kind.SITE: "l.site_id",
    Kind.DEVICE: "l.device_id",
    Kind.CARD: "l.card_id",
    Kind.SUBSCRIPTION: "l.subscription_id",
}
_ADDRESSES_OF: Mapping[Kind, str] = {Kind.SUBSCRIPTION: "r.subscription_id", Kind.ADDRESS_POOL: "r.pool_id"}

# Whose history belongs to a thing's own: that of a site is also that of what is fitted there.
_THINGS_OF: Mapping[Kind, str] = {
    Kind.SITE: f"""
        SELECT 'site' AS thing, %(id)s::bigint AS thing_id
        UNION SELECT 'device', d.id FROM device d WHERE d.site_id = %(id)s
        UNION SELECT 'link', l.id FROM link l JOIN subscription s ON s.id = l.subscription_id
            WHERE l.site_id = %(id)s AND {OWN_SUBSCRIPTIONS}
        UNION SELECT 'subscription', s.id FROM subscription s WHERE s.site_id = %(id)s AND {OWN_SUBSCRIPTIONS}""",
    Kind.SUBSCRIPTION: """
        SELECT 'subscription' AS thing, %(id)s::bigint AS thing_id
        UNION SELECT 'link', l.id FROM link l WHERE l.subscription_id = %(id)s""",
    Kind.DEVICE: f"""
        SELECT 'device' AS thing, %(id)s::bigint AS thing_id
        UNION SELECT 'link', l.id FROM link l JOIN subscription s ON s.id = l.subscription_id
            WHERE l.device_id = %(id)s AND {OWN_SUBSCRIPTIONS}""",
}


async def cards(tx: Tx, scope: Scope, kind: Kind, identity: int) -> list[DictRow]:
    """Which card carried which subscription when, the newest first."""
    if kind not in _CARDS_OF:
        return []
    return await fetch_all(tx, _CARDS.format(_CARDS_OF[kind]), {"id": identity, **scope.params()})


async def links(tx: Tx, scope: Scope, kind: Kind, identity: int) -> list[DictRow]:
    """Links past and present, the newest first."""
    if kind not in _LINKS_OF:
        return []
    return await fetch_all(tx, _LINKS.format(_LINKS_OF[kind]), {"id": identity, **scope.params()})


async def addresses(tx: Tx, scope: Scope, kind: Kind, identity: int) -> list[DictRow]:
    """Reservations of addresses, the newest first."""
    if kind not in _ADDRESSES_OF:
        return []
    return await fetch_all(tx, _ADDRESSES.format(_ADDRESSES_OF[kind]), {"id": identity, **scope.params()})


async def on_mast(tx: Tx, scope: Scope, mast_id: int) -> list[DictRow]:
    """The cells that a mast carries."""
    return await fetch_all(tx, _MAST, {"id": mast_id, **scope.params()})


async def fed_by(tx: Tx, scope: Scope, site_id: int) -> list[DictRow]:
    """The sites that a site feeds."""
    return await fetch_all(tx, _FED, {"id": site_id, **scope.params()})


async def history(
    tx: Tx, scope: Scope, kind: Kind, identity: int, *, whole: bool, before: int, limit: int
) -> list[HistoryEntry]:
    """Changes of configuration with a lower number, the newest first; ``whole``: also of what belongs to the thing."""
    own = "SELECT %(kind)s::text AS thing, %(id)s::bigint AS thing_id"
    things = _THINGS_OF.get(kind, own) if whole else own
    text = f"""
        SELECT h.id, h.thing, h.thing_id, h.at, h.actor, h.reason, h.change_id, h.before, h.after
        FROM ({things}) x JOIN history h ON h.thing = x.thing AND h.thing_id = x.thing_id
        WHERE h.id < %(before)s ORDER BY h.id DESC LIMIT %(limit)s"""
    async with tx.cursor(row_factory=class_row(HistoryEntry)) as cursor:
        params = {"id": identity, "kind": str(kind), "before": before, "limit": limit, **scope.params()}
        await cursor.execute(sql(text), params)
        return await cursor.fetchall()
