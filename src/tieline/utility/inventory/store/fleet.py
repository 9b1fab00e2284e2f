"""The fleet: subscriptions with the card, link, device and site they belong to, read as frozen rows."""

from collections.abc import Sequence

from psycopg.rows import class_row, tuple_row

from tieline.platform.db import Tx, sql
from tieline.platform.scope import Scope
from tieline.utility.inventory.model import FleetFilter, FleetRow, HangingSite, Selection
from tieline.utility.inventory.store.filters import OWN_LINKS, fleet_where, site_where

SOURCE = """
FROM subscription s
JOIN operator o ON o.id = s.operator_id
LEFT JOIN site t ON t.id = s.site_id
LEFT JOIN link l ON l.subscription_id = s.id AND l.valid_to IS NULL
LEFT JOIN device d ON d.id = l.device_id
LEFT JOIN card_subscription cs ON cs.subscription_id = s.id AND cs.valid_to IS NULL
LEFT JOIN card c ON c.id = cs.card_id
LEFT JOIN cell e ON e.operator_id = s.operator_id AND e.cell_key = s.cell_key
"""

COLUMNS = """
s.id AS subscription_id, s.version, s.operator_id, o.code AS operator_code, s.operator_ref, s.imsi, s.msisdn,
s.generation, s.state, s.apn, host(s.ip_address) AS ip_address, s.subscription_group, s.data_plan, s.rat_restriction,
s.imei_lock, s.lan_groups, s.op_lan_groups,
s.op_state, s.op_apn, host(s.op_ip_address) AS op_ip_address, s.op_subscription_group, s.op_data_plan,
s.op_rat_restriction, s.op_imei_lock, s.op_since, s.reported_at, s.rat, s.band, s.cell_key, s.cell_at, e.mast_id,
s.imei_seen, s.attached, s.last_seen, c.id AS card_id, c.iccid, c.eid, c.kind AS card_kind, c.stock_state,
l.id AS link_id, l.role, l.modem_slot, d.id AS device_id, d.external_id AS device_external_id, d.imei,
d.generations AS device_generations, d.bands AS device_bands, d.modems, t.id AS site_id,
t.external_id AS site_external_id, t.name AS site_name, t.kind AS site_kind, t.region, t.criticality, t.customers
"""


async def resolve(tx: Tx, scope: Scope, selection: Selection, *, limit: int | None) -> list[FleetRow]:
    """The rows of a selection within the scope, by subscription id; at most ``limit``."""
    where = fleet_where(selection.filter, scope)
    where.add("s.id <> ALL(%(except_ids)s::bigint[])", except_ids=list(selection.except_subscription_ids))
    if selection.subscription_ids is not None:
        where.add("s.id = ANY(%(only_ids)s::bigint[])", only_ids=list(selection.subscription_ids))
    return await _rows(tx, f"SELECT {COLUMNS} {SOURCE} {where} ORDER BY s.id LIMIT %(limit)s", where.params, limit)


async def by_ids(tx: Tx, scope: Scope, ids: Sequence[int]) -> list[FleetRow]:
    """The rows of some subscriptions within the scope, by id."""
    return await resolve(tx, scope, Selection(filter=FleetFilter(), subscription_ids=tuple(ids)), limit=None)


async def sites_hanging(tx: Tx, scope: Scope, wanted: FleetFilter) -> list[HangingSite]:
    """The sites of a filter, by id, each with how many links it has, in no more words."""
    where = site_where(wanted, scope)
    text = f"""
        SELECT t.id, t.region, count(*) FROM site t JOIN subscription f ON f.site_id = t.id AND {OWN_LINKS} {where}
        GROUP BY t.id ORDER BY t.id"""
    async with tx.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(sql(text), where.params)
        return [HangingSite(*row) for row in await cursor.fetchall()]


async def _rows(tx: Tx, text: str, params: dict[str, object], limit: int | None) -> list[FleetRow]:
    async with tx.cursor(row_factory=class_row(FleetRow)) as cursor:
        await cursor.execute(sql(text), {**params, "limit": limit})
        return await cursor.fetchall()
