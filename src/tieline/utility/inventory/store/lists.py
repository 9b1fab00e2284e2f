"""Lists of every kind: one description each, from which pages, counts and exports are made."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.rows import DictRow, tuple_row

from tieline.platform.db import Tx, fetch_all, fetch_value, sql
from tieline.platform.scope import Scope, within
from tieline.utility.inventory.model import FleetFilter, Kind
from tieline.utility.inventory.store import fleet, probes
from tieline.utility.inventory.store.filters import (
    Where,
    device_where,
    fleet_where,
    site_where,
    technology_where,
    words_where,
)
from tieline.utility.inventory.store.summary import TECHNOLOGY

_EXPORT_CHUNK = 2000


@dataclass(frozen=True, slots=True)
class Sort:
    """Something to sort by: an expression that is never NULL, and its type for the cursor."""

    expression: str
    kind: type = str

    @property
    def cast(self) -> str:
        """Its type in SQL."""
        return {str: "text", int: "bigint", float: "float8"}[self.kind]


@dataclass(frozen=True, slots=True)
class Listing:
    """How a kind is listed. ``beside`` is joined to the rows of a page only: it may count what belongs to each."""

    identity: str
    columns: str
    source: str
    where: Callable[[FleetFilter, Scope], Where]
    sorts: Mapping[str, Sort]
    beside: str = ""
    beside_columns: str = ""


def _cards(wanted: FleetFilter, scope: Scope) -> Where:
    where = Where([within("t.region"), probes.OWN_CARDS], dict(scope.params()))
    _rest(wanted, where)
    words_where(wanted.q, where, "c.id", Kind.CARD)
    return where


def _rest(wanted: FleetFilter, where: Where) -> None:
    lists = {
        "c.stock_state": wanted.stock_states,
        "s.generation": wanted.subscription_generations,
        "s.state": wanted.states,
        "t.region": wanted.regions,
        "t.criticality": wanted.criticalities,
        "t.kind": wanted.kinds,
    }
    for column, values in lists.items():
        if values:
            name = "c_" + column.replace(".", "_")
            where.add(f"{column} = ANY(%({name})s::text[])", **{name: list(values)})
    if wanted.operators:
        where.add(
            "c.operator_id = ANY(ARRAY(SELECT id FROM operator WHERE code = ANY(%(f_operators)s::text[])))",
            f_operators=list(wanted.operators),
        )
    if wanted.technologies:
        technology_where(wanted.technologies, where, "s.rat")
    if wanted.linked is not None:
        where.add(f"(s.site_id IS NOT NULL) = {wanted.linked}")


def _links(wanted: FleetFilter, scope: Scope) -> Where:
    where = fleet_where(wanted, scope)
    where.add("l.id IS NOT NULL")
    return where


def _cells(wanted: FleetFilter, scope: Scope) -> Where:
    where = Where([within(operator="o.code")], dict(scope.params()))
    if wanted.operators:
        where.add("o.code = ANY(%(f_operators)s::text[])", f_operators=list(wanted.operators))
    if wanted.technologies:
        technology_where(wanted.technologies, where, "e.rat")
    if wanted.bands:
        where.add("e.band = ANY(%(f_bands)s::text[])", f_bands=list(wanted.bands))
    if wanted.cell_key:
        where.add("e.cell_key = %(f_cell_key)s", f_cell_key=wanted.cell_key)
    if wanted.shared_mast is not None:
        shared = "EXISTS (SELECT FROM shared_risk_group r WHERE r.mast_id = e.mast_id)"
        where.add(f"{shared} = {wanted.shared_mast}")
    words_where(wanted.q, where, "e.id", Kind.CELL)
    return where


def _pools(wanted: FleetFilter, scope: Scope) -> Where:
    where = Where([within(operator="o.code")], dict(scope.params()))
    if wanted.operators:
        where.add("o.code = ANY(%(f_operators)s::text[])", f_operators=list(wanted.operators))
    if wanted.apns:
        where.add("p.apn = ANY(%(f_apns)s::text[])", f_apns=list(wanted.apns))
    return where


_SITE_COLUMNS = """t.id, t.external_id, t.name, t.kind, t.stand_in, t.lat, t.lon, t.region, t.district, t.postcode,
    t.voltage_kv, t.customers, t.criticality, t.parent_id"""
_SITE_LINKS = f"""
LEFT JOIN LATERAL (
    SELECT coalesce(jsonb_agg(jsonb_build_object('operator', o.code, 'role', l.role, 'state', s.state,
        'technology', {TECHNOLOGY.format("s.rat")}, 'band', s.band, 'cell_at', s.cell_at, 'attached', s.attached,
        'subscription_id', s.id) ORDER BY l.role DESC, o.code), '[]') AS links
    FROM subscription s
    JOIN operator o ON o.id = s.operator_id
    JOIN link l ON l.subscription_id = s.id AND l.valid_to IS NULL
    WHERE s.site_id = page.id AND {probes.OWN_SUBSCRIPTIONS}
) beside ON true"""
_CELL_COLUMNS = f"""e.id, o.code AS operator, e.operator_id, e.cell_key, e.rat,
    {TECHNOLOGY.format("e.rat")} AS technology, e.band, e.arfcn, e.tac, e.pci, e.lat, e.lon, e.mast_id, m.mast_key,
    e.invented,
    EXISTS (SELECT FROM shared_risk_group r WHERE r.mast_id = e.mast_id) AS shared_mast"""
# How many fitted subscriptions a cell serves, as far as the scope sees them.
_CELL_USE = f"""
LEFT JOIN LATERAL (
    SELECT count(*) AS subscriptions, count(DISTINCT s.site_id) AS sites FROM subscription s
    JOIN site t ON t.id = s.site_id
    WHERE s.cell_key = page.cell_key AND s.operator_id = page.operator_id AND {within("t.region")}
) beside ON true"""
_POOL_USE = """
LEFT JOIN LATERAL (
    SELECT count(*) AS used FROM (
        SELECT ip_address FROM subscription s WHERE s.operator_id = page.operator_id
            AND s.ip_address BETWEEN host(page.cidr::cidr)::inet AND host(broadcast(page.cidr::cidr))::inet
        UNION
        SELECT address FROM address_reservation r WHERE r.operator_id = page.operator_id AND r.state <> 'released'
            AND r.address BETWEEN host(page.cidr::cidr)::inet AND host(broadcast(page.cidr::cidr))::inet
    ) taken
) beside ON true"""

_FLEET_SORTS = {
    "id": Sort("s.id", int),
    "operator_ref": Sort("s.operator_ref"),
    "state": Sort("s.state"),
    "operator": Sort("o.code"),
    "site": Sort("coalesce(t.name_folded, '')"),
    "cell_at": Sort("coalesce(extract(epoch FROM s.cell_at), 0)::float8", float),
    "last_seen": Sort("coalesce(extract(epoch FROM s.last_seen), 0)::float8", float),
}

LISTINGS: Mapping[Kind, Listing] = {
    Kind.SITE: Listing(
        identity="t.id",
        columns=_SITE_COLUMNS,
        source="FROM site t",
        where=site_where,
        sorts={
            "name": Sort("t.name_folded"),
            "external_id": Sort("t.external_id"),
            "id": Sort("t.id", int),
            "region": Sort("coalesce(t.region, '')"),
            "customers": Sort("coalesce(t.customers, -1)", int),
            "criticality": Sort("CASE t.criticality WHEN 'critical' THEN 0 WHEN 'high' THEN 1 ELSE 2 END", int),
            "kind": Sort("t.kind"),
        },
        beside=_SITE_LINKS,
        beside_columns="beside.links",
    ),
    Kind.DEVICE: Listing(
        identity="d.id",
        columns="""d.id, d.external_id, d.make, d.model, d.imei, d.generations, d.bands, d.modems, d.firmware,
            d.installed_on, d.site_id, t.external_id AS site_external_id, t.name AS site_name, t.region""",
        source="FROM device d LEFT JOIN site t ON t.id = d.site_id",
        where=device_where,
        sorts={
            "external_id": Sort("d.external_id"),
            "id": Sort("d.id", int),
            "model": Sort("coalesce(d.model, '')"),
            "site": Sort("coalesce(t.name_folded, '')"),
        },
    ),
    Kind.CARD: Listing(
        identity="c.id",
        columns="""c.id, c.iccid, c.eid, c.kind, o.code AS operator, c.stock_state, c.reserved_change_id,
            s.id AS subscription_id, s.operator_ref, s.generation, s.state, t.id AS site_id,
            t.external_id AS site_external_id, t.name AS site_name, t.region""",
        source="""FROM card c JOIN operator o ON o.id = c.operator_id
            LEFT JOIN card_subscription cs ON cs.card_id = c.id AND cs.valid_to IS NULL
            LEFT JOIN subscription s ON s.id = cs.subscription_id LEFT JOIN site t ON t.id = s.site_id""",
        where=_cards,
        sorts={"iccid": Sort("c.iccid"), "id": Sort("c.id", int), "stock_state": Sort("c.stock_state")},
    ),
    Kind.SUBSCRIPTION: Listing(
        identity="s.id",
        columns=f"s.id, {fleet.COLUMNS}",
        source=fleet.SOURCE,
        where=fleet_where,
        sorts=_FLEET_SORTS,
    ),
    Kind.LINK: Listing(
        identity="l.id",
        columns=f"l.id, {fleet.COLUMNS}",
        source=fleet.SOURCE,
        where=_links,
        sorts={**_FLEET_SORTS, "id": Sort("l.id", int), "role": Sort("l.role")},
    ),
    Kind.CELL: Listing(
        identity="e.id",
        columns=_CELL_COLUMNS,
        source="FROM cell e JOIN operator o ON o.id = e.operator_id LEFT JOIN mast m ON m.id = e.mast_id",
        where=_cells,
        sorts={"cell_key": Sort("e.cell_key"), "id": Sort("e.id", int), "band": Sort("coalesce(e.band, '')")},
        beside=_CELL_USE,
        beside_columns="beside.subscriptions, beside.sites",
    ),
    Kind.ADDRESS_POOL: Listing(
        identity="p.id",
        columns="p.id, o.code AS operator, p.operator_id, p.apn, p.cidr::text AS cidr, p.name",
        source="FROM address_pool p JOIN operator o ON o.id = p.operator_id",
        where=_pools,
        sorts={"id": Sort("p.id", int), "apn": Sort("p.apn"), "name": Sort("p.name")},
        beside=_POOL_USE,
        beside_columns="beside.used",
    ),
}


@dataclass(frozen=True, slots=True)
class Order:
    """How a list is sorted and where its page begins: behind ``after`` (sort value, id), if anywhere."""

    name: str
    descending: bool = False
    after: Sequence[Any] | None = None


async def page(
    tx: Tx, scope: Scope, kind: Kind, wanted: FleetFilter, order: Order, *, limit: int, identity: int | None = None
) -> list[DictRow]:
    """Up to ``limit`` rows; ``sort_key`` of each is what a cursor continues from. ``identity`` picks a single one."""
    listing = LISTINGS[kind]
    where = listing.where(wanted, scope)
    sort = listing.sorts[order.name]
    way, sign = ("DESC", "<") if order.descending else ("ASC", ">")
    if order.after is not None:
        where.add(
            f"({sort.expression}, {listing.identity}) {sign} (%(after)s::{sort.cast}, %(after_id)s::bigint)",
            after=order.after[0],
            after_id=order.after[1],
        )
    if identity is not None:
        where.add(f"{listing.identity} = %(identity)s", identity=identity)
    beside = f", {listing.beside_columns}" if listing.beside_columns else ""
    # First which rows, then what is shown of them: what neither filter nor order needs is joined for one page only.
    text = f"""
        WITH chosen AS MATERIALIZED (
            SELECT {listing.identity} AS id, {sort.expression} AS sort_key {listing.source} {where}
            ORDER BY {sort.expression} {way}, {listing.identity} {way} LIMIT %(limit)s
        )
        SELECT page.*, chosen.sort_key{beside} FROM chosen JOIN (
            SELECT {listing.columns} {listing.source}
            WHERE {listing.identity} = ANY(ARRAY(SELECT id FROM chosen))
        ) page ON page.id = chosen.id {listing.beside} ORDER BY chosen.sort_key {way}, chosen.id {way}"""
    return await fetch_all(tx, text, {**where.params, "limit": limit})


async def count(tx: Tx, scope: Scope, kind: Kind, wanted: FleetFilter) -> int:
    """How many things fit."""
    listing = LISTINGS[kind]
    where = listing.where(wanted, scope)
    return int(await fetch_value(tx, f"SELECT count(*) {listing.source} {where}", where.params))


async def stream(
    tx: Tx, scope: Scope, kind: Kind, wanted: FleetFilter
) -> AsyncIterator[tuple[Sequence[str], Sequence[Sequence[Any]]]]:
    """All things that fit, by id, in pieces: the names of the columns and some rows. Held in a snapshot of ``tx``."""
    listing = LISTINGS[kind]
    where = listing.where(wanted, scope)
    text = f"SELECT {listing.columns} {listing.source} {where} ORDER BY {listing.identity}"
    async with tx.cursor(name=f"export_{kind}", row_factory=tuple_row) as cursor:
        await cursor.execute(sql(text), where.params)
        names = [column.name for column in cursor.description or ()]
        while rows := await cursor.fetchmany(_EXPORT_CHUNK):
            yield names, rows
        yield names, []
