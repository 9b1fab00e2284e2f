"""All SQL of the simulated radio network: its cells, the fittings, and what serves whom."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from tieline.gateway.backends.simulated.places import (
    BEST_FIRST,
    Cell,
    Fitting,
    PhaseOut,
    SeenCell,
    mercator,
    point,
    rats_up_to,
    reach,
)
from tieline.platform.db import Tx, copy_in, execute, fetch_all, fetch_one, fetch_value
from tieline.standards.mns.profile import Generation, State


def _array(rats: Iterable[str]) -> str:
    return "ARRAY[" + ", ".join(f"'{rat}'" for rat in rats) + "]"


_USABLE = "CASE m.attributes ->> 'generation' {} ELSE {} END".format(
    " ".join(f"WHEN '{generation}' THEN {_array(rats_up_to(generation))}" for generation in Generation),
    _array(BEST_FIRST),
)
"""The technologies that a subscription is meant for."""

_NEAREST = "\nUNION ALL\n".join(
    f"""(SELECT {rank} AS rank, 0 AS place, c.cell_id, c.rat, c.band, c.plmn FROM simulated_cell c
         WHERE u.cells IS NULL AND '{rat}' = ANY(u.usable) AND c.rat = '{rat}' AND NOT c.off AND c.place IS NOT NULL
           AND c.place <@ circle(u.place, u.reach) AND (u.bands IS NULL OR c.band = '' OR c.band = ANY(u.bands))
         ORDER BY c.place <-> u.place LIMIT 1)"""
    for rank, rat in enumerate(BEST_FIRST)
)
_RANK = f"array_position({_array(BEST_FIRST)}, c.rat)"

_JUDGED = f"""
    WITH u AS (
        SELECT f.*, m.path, m.utility_id, m.observed,
            m.observed -> 'operational' ->> 'ipAddress' AS new_address,
            coalesce(m.observed -> 'operational' ->> 'apn', '') AS new_apn,
            CASE WHEN m.attributes ->> 'card' IS DISTINCT FROM f.iccid THEN 'another card carries the subscription'
                 WHEN coalesce(m.observed -> 'operational' ->> 'state', '')
                          NOT IN ('{State.TEST_READY}', '{State.ACTIVE}')
                     THEN 'the subscription is ' || coalesce(m.observed -> 'operational' ->> 'state', 'unknown')
                 WHEN m.observed -> 'operational' ->> 'imeiLock' <> f.imei THEN 'it is locked to another device'
            END AS why,
            ARRAY(SELECT r.rat FROM unnest(f.rats) WITH ORDINALITY AS r(rat, n)
                  WHERE r.rat = ANY({_USABLE})
                    AND NOT coalesce(m.observed -> 'operational' -> 'ratRestriction' ? r.rat, false)
                  ORDER BY r.n) AS usable
        FROM simulated_fitting f JOIN managed_object m ON m.id = f.object_id
        WHERE f.object_id = ANY(%(ids)s)),
    best AS (
        SELECT u.*, b.cell_id AS best_cell, b.rat AS best_rat, b.band AS best_band, b.plmn AS best_plmn
        FROM u LEFT JOIN LATERAL (
            SELECT * FROM (
                {_NEAREST}
                UNION ALL
                SELECT {_RANK} - 1, n.place, c.cell_id, c.rat, c.band, c.plmn
                FROM unnest(u.cells) WITH ORDINALITY AS n(cell_id, place) JOIN simulated_cell c USING (cell_id)
                WHERE NOT c.off AND c.rat = ANY(u.usable) AND (u.bands IS NULL OR c.band = '' OR c.band = ANY(u.bands))
            ) AS found ORDER BY rank, place LIMIT 1) AS b ON u.why IS NULL)
    SELECT best.object_id, best.path, best.imei, best.iccid, best.attached AS was_attached,
        best.observed ->> 'imei' AS seen_imei, coalesce((best.observed -> 'attached')::boolean, false) AS seen_attached,
        best.observed -> 'servingCell' ->> 'cellId' AS seen_cell,
        coalesce(best.cell_id, '') AS was_cell, coalesce(best.address, '') AS was_address, best.apn AS was_apn,
        coalesce(best.new_address, '') AS address, best.new_apn AS apn,
        CASE WHEN best.best_cell IS NULL THEN NULL
             WHEN stay.cell_id IS NOT NULL
                 THEN json_build_array(stay.cell_id, stay.rat, stay.band, stay.plmn)
             ELSE json_build_array(best.best_cell, best.best_rat, best.best_band, best.best_plmn) END AS cell,
        CASE WHEN best.best_cell IS NULL
             THEN coalesce(best.why, CASE WHEN best.usable = '{{}}' THEN 'device and subscription share no technology'
                                          ELSE 'no cell that it may use is in reach' END) END AS why
    FROM best LEFT JOIN simulated_cell stay
        ON best.attached AND stay.cell_id = best.cell_id AND stay.rat = best.best_rat AND NOT stay.off
           AND (best.cells IS NULL OR stay.cell_id = ANY(best.cells))
    ORDER BY best.object_id"""
"""What the network makes of fittings: the best technology wins, and a device stays in its cell while it is as good."""


async def add_cells(tx: Tx, cells: Iterable[Cell]) -> int:
    """Put cells up, or renew them; what is off stays off. Gives how many."""
    await execute(
        tx,
        """CREATE TEMPORARY TABLE IF NOT EXISTS incoming_cell (n bigint GENERATED ALWAYS AS IDENTITY, cell_id text,
               rat text, band text, plmn text, region text, place point) ON COMMIT DROP""",
    )
    number = await copy_in(
        tx,
        "incoming_cell (cell_id, rat, band, plmn, region, place)",
        ((c.cell_id, c.rat_type, c.band, c.network, c.region, point(c.lat, c.lon)) for c in cells),
    )
    await execute(
        tx,
        """INSERT INTO simulated_cell (cell_id, rat, band, plmn, region, place)
           SELECT DISTINCT ON (cell_id) cell_id, rat, band, plmn, region, place FROM incoming_cell
           ORDER BY cell_id, n DESC
           ON CONFLICT (cell_id) DO UPDATE SET rat = excluded.rat, band = excluded.band, plmn = excluded.plmn,
               region = excluded.region, place = excluded.place""",
    )
    await execute(tx, "TRUNCATE incoming_cell")
    return number


async def meet_cells(tx: Tx, cells: Iterable[SeenCell]) -> None:
    """Put up cells that reports and fittings name, unless they are known."""
    rows = {c.cell_id: {"id": c.cell_id, "rat": c.rat_type, "band": c.band, "plmn": c.network} for c in cells}
    if rows:
        await execute(
            tx,
            """INSERT INTO simulated_cell (cell_id, rat, band, plmn)
               SELECT id, rat, band, plmn FROM jsonb_to_recordset(%s) AS r(id text, rat text, band text, plmn text)
               ORDER BY id ON CONFLICT DO NOTHING""",
            [Jsonb([rows[name] for name in sorted(rows)])],
        )


async def carried(tx: Tx, utility_id: int, prefix: str, iccids: Collection[str]) -> dict[str, int]:
    """Give the subscription that each card carries, and hold those until the transaction ends; always in one order."""
    rows = await fetch_all(
        tx,
        """SELECT card.name AS iccid, m.id FROM managed_object card
           JOIN managed_object m ON m.utility_id = card.utility_id
                AND m.path = %(prefix)s || (card.attributes ->> 'carries')
           WHERE card.utility_id = %(utility)s AND card.class = 'UtilityCard' AND card.name = ANY(%(iccids)s)
           ORDER BY m.id FOR NO KEY UPDATE OF m""",
        {"utility": utility_id, "prefix": prefix, "iccids": list(iccids)},
    )
    return {row["iccid"]: row["id"] for row in rows}


async def fit(tx: Tx, fittings: Sequence[tuple[int, Fitting]], now: datetime) -> list[int]:
    """Put cards into devices: (subscription's key, fitting).

    Where a subscription has moved to another card, its former fitting ends; gives the subscriptions that thereby lost
    a session.
    """
    rows = [
        {
            "id": object_id,
            "iccid": f.iccid,
            "imei": f.imei,
            "rats": f.rats,
            "bands": f.band_names,
            "place": point(f.lat, f.lon),
            "reach": reach(f.lat),
            "cells": None if f.cells is None else [cell.cell_id for cell in f.cells],
        }
        for object_id, f in fittings
    ]
    ended = await fetch_all(
        tx,
        """DELETE FROM simulated_fitting f
           WHERE (f.object_id = ANY(%(ids)s) OR f.iccid = ANY(%(iccids)s))
             AND (f.object_id, f.iccid) NOT IN (SELECT * FROM unnest(%(ids)s::bigint[], %(iccids)s::text[]))
           RETURNING f.object_id, f.attached""",
        {"ids": [row["id"] for row in rows], "iccids": [row["iccid"] for row in rows]},
    )
    await execute(
        tx,
        """INSERT INTO simulated_fitting (object_id, iccid, imei, rats, bands, place, reach, cells, fitted_at)
           SELECT id, iccid, imei, rats, bands, place::point, reach, cells, %(now)s
           FROM jsonb_to_recordset(%(rows)s) AS r(id bigint, iccid text, imei text, rats text[], bands text[],
               place text, reach double precision, cells text[])
           ORDER BY id
           ON CONFLICT (iccid) DO UPDATE SET object_id = excluded.object_id, imei = excluded.imei, rats = excluded.rats,
               bands = excluded.bands, place = excluded.place, reach = excluded.reach, cells = excluded.cells,
               fitted_at = excluded.fitted_at""",
        {"rows": Jsonb(rows), "now": now},
    )
    return [row["object_id"] for row in ended if row["attached"]]


async def adopt(tx: Tx, utility_id: int, rows: Sequence[dict[str, Any]], now: datetime) -> None:
    """Take what a report says of the field today for fittings: in which device each card is, and its session."""
    await execute(
        tx,
        """DELETE FROM simulated_fitting f USING managed_object m
           WHERE m.id = f.object_id AND m.utility_id = %s AND m.path = ANY(%s)
             AND m.attributes ->> 'card' IS DISTINCT FROM f.iccid""",
        [utility_id, [row["path"] for row in rows]],
    )
    await execute(
        tx,
        """INSERT INTO simulated_fitting (object_id, iccid, imei, rats, bands, place, reach, cells, attached, cell_id,
               rat, apn, address, fitted_at)
           SELECT m.id, m.attributes ->> 'card', r.imei, r.rats, r.bands, r.place::point, r.reach,
               CASE WHEN r.place IS NOT NULL AND (r.attached OR m.observed -> 'operational' ->> 'state'
                         NOT IN ('TEST_READY', 'ACTIVE')) THEN NULL ELSE coalesce(r.cells, '{}') END,
               r.attached, r.cell, r.rat, coalesce(m.observed -> 'operational' ->> 'apn', ''),
               m.observed -> 'operational' ->> 'ipAddress', %(now)s
           FROM jsonb_to_recordset(%(rows)s) AS r(path text, imei text, rats text[], bands text[], place text,
               reach double precision, cells text[], attached boolean, cell text, rat text)
           JOIN managed_object m ON m.utility_id = %(utility)s AND m.path = r.path
           WHERE m.attributes ? 'card'
           ORDER BY m.id
           ON CONFLICT (iccid) DO UPDATE SET object_id = excluded.object_id, imei = excluded.imei, rats = excluded.rats,
               bands = excluded.bands, place = excluded.place, reach = excluded.reach, cells = excluded.cells,
               attached = excluded.attached, cell_id = excluded.cell_id, rat = excluded.rat, apn = excluded.apn,
               address = excluded.address, fitted_at = excluded.fitted_at""",
        {"utility": utility_id, "rows": Jsonb(list(rows)), "now": now},
    )


async def unfit(tx: Tx, iccids: Collection[str]) -> list[int]:
    """Take cards out of their devices; gives the keys of the subscriptions that had a session."""
    rows = await fetch_all(
        tx, "DELETE FROM simulated_fitting WHERE iccid = ANY(%s) RETURNING object_id, attached", [list(iccids)]
    )
    return [row["object_id"] for row in rows if row["attached"]]


async def fitted(tx: Tx, object_ids: Sequence[int]) -> list[int]:
    """Give those of the subscriptions whose cards are in a device."""
    rows = await fetch_all(
        tx,
        """SELECT object_id FROM unnest(%s::bigint[]) AS r(id) JOIN simulated_fitting f ON f.object_id = r.id
           ORDER BY object_id""",
        [list(object_ids)],
    )
    return [row["object_id"] for row in rows]


async def paths(tx: Tx, object_ids: Sequence[int]) -> list[str]:
    """Give the names of objects by key."""
    rows = await fetch_all(tx, "SELECT path FROM managed_object WHERE id = ANY(%s) ORDER BY id", [list(object_ids)])
    return [row["path"] for row in rows]


async def hold(tx: Tx, object_ids: Sequence[int]) -> None:
    """Hold subscriptions until the transaction ends; always in one order."""
    await execute(
        tx,
        "SELECT id FROM managed_object WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE",
        [list(object_ids)],
    )


async def judged(tx: Tx, object_ids: Sequence[int]) -> list[DictRow]:
    """Give what the network makes of the fittings of subscriptions: the serving cell, or why there is none."""
    return await fetch_all(tx, _JUDGED, {"ids": list(object_ids)})


async def settle(tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
    """Write down which fittings have a session, in which cell and at which address."""
    if rows:
        await execute(
            tx,
            """UPDATE simulated_fitting f SET attached = r.attached, cell_id = r.cell, rat = r.rat, apn = r.apn,
                   address = r.address
               FROM jsonb_to_recordset(%s) AS r(id bigint, attached boolean, cell text, rat text, apn text,
                   address text)
               WHERE f.object_id = r.id""",
            [Jsonb(list(rows))],
        )


_SWITCHED = """rat = %(rat)s AND off <> %(off)s
             AND (%(region)s::text IS NULL OR region = %(region)s)
             AND (%(cells)s::text[] IS NULL OR cell_id = ANY(%(cells)s))
             AND (%(outline)s::text IS NULL OR %(outline)s::text::polygon @> place)"""
"""Cells that are to be switched, and are not so yet."""


async def switch(tx: Tx, wanted: PhaseOut) -> int:
    """Switch cells off, or on; gives how many."""
    return await execute(tx, f"UPDATE simulated_cell SET off = %(off)s WHERE {_SWITCHED}", _which(wanted))


async def switchable(tx: Tx, wanted: PhaseOut) -> int:
    """Count the cells that would be switched."""
    return int(await fetch_value(tx, f"SELECT count(*) FROM simulated_cell WHERE {_SWITCHED}", _which(wanted)))


def _which(wanted: PhaseOut) -> dict[str, Any]:
    outline = wanted.outline and _outline(wanted.outline)
    return {"off": wanted.off, "rat": wanted.rat, "region": wanted.region, "cells": wanted.cells, "outline": outline}


async def standing(tx: Tx) -> list[DictRow]:
    """Count cells, and those that are off, by technology and region."""
    return await fetch_all(
        tx,
        """SELECT rat, region, count(*) AS cells, count(*) FILTER (WHERE off) AS off
           FROM simulated_cell GROUP BY rat, region ORDER BY rat, region""",
    )


async def struck(
    tx: Tx,
    rat: str | None,
    *,
    regions: Sequence[str] | None = None,
    cells: Sequence[str] | None = None,
    ring: Sequence[Sequence[float]] | None = None,
) -> dict[str, int]:
    """Count sessions of each utility in cells of a technology, in regions, by name, or within a ring."""
    rows = await fetch_all(
        tx,
        """SELECT u.code, count(*) AS n
           FROM simulated_fitting f JOIN simulated_cell c ON c.cell_id = f.cell_id
           JOIN managed_object m ON m.id = f.object_id JOIN utility u ON u.id = m.utility_id
           WHERE f.attached AND (%(rat)s::text IS NULL OR f.rat = %(rat)s)
             AND (%(regions)s::text[] IS NULL OR c.region = ANY(%(regions)s))
             AND (%(cells)s::text[] IS NULL OR c.cell_id = ANY(%(cells)s))
             AND (%(outline)s::text IS NULL OR %(outline)s::text::polygon @> c.place)
           GROUP BY u.code ORDER BY u.code""",
        {
            "rat": rat,
            "regions": None if regions is None else list(regions),
            "cells": None if cells is None else list(cells),
            "outline": ring and _outline(ring),
        },
    )
    return {row["code"]: row["n"] for row in rows}


def _outline(ring: Sequence[Sequence[float]]) -> str:
    """A ring of [longitude, latitude] as PostgreSQL reads a polygon of the Mercator projection."""
    return "(" + ",".join(f"({float(point[0])!r},{mercator(float(point[1]))!r})" for point in ring) + ")"


async def has_regions(tx: Tx) -> bool:
    """Whether cells are known by region."""
    return await fetch_value(tx, "SELECT 1 FROM simulated_cell WHERE region <> '' LIMIT 1") is not None


async def has_places(tx: Tx) -> bool:
    """Whether it is known where cells stand."""
    return await fetch_value(tx, "SELECT 1 FROM simulated_cell WHERE place IS NOT NULL LIMIT 1") is not None


async def stranded(tx: Tx, limit: int) -> list[tuple[int, int]]:
    """Give subscriptions served by cells that are off: (utility, key)."""
    rows = await fetch_all(
        tx,
        """SELECT m.utility_id, f.object_id FROM simulated_cell c
           JOIN simulated_fitting f ON f.attached AND f.cell_id = c.cell_id
           JOIN managed_object m ON m.id = f.object_id
           WHERE c.off ORDER BY f.object_id LIMIT %s""",
        [limit],
    )
    return [(row["utility_id"], row["object_id"]) for row in rows]


async def waiting(tx: Tx, after: int, limit: int) -> list[tuple[int, int]]:
    """Give subscriptions that are fitted and have no session, by key: (utility, key)."""
    rows = await fetch_all(
        tx,
        """SELECT m.utility_id, f.object_id FROM simulated_fitting f JOIN managed_object m ON m.id = f.object_id
           WHERE NOT f.attached AND f.object_id > %s ORDER BY f.object_id LIMIT %s""",
        [after, limit],
    )
    return [(row["utility_id"], row["object_id"]) for row in rows]


async def attached_subscriptions(tx: Tx) -> list[str]:
    """Give every subscription with a session, by name."""
    rows = await fetch_all(
        tx,
        """SELECT m.name FROM simulated_fitting f JOIN managed_object m ON m.id = f.object_id
           WHERE f.attached ORDER BY m.name""",
    )
    return [row["name"] for row in rows]


async def change_device(tx: Tx, utility_id: int, subscription: str, imei: str) -> int | None:
    """Put the card of a subscription into another device at the same place; gives its key if it is in one."""
    found: int | None = await fetch_value(
        tx,
        """UPDATE simulated_fitting f SET imei = %(imei)s FROM managed_object m
           WHERE m.id = f.object_id AND m.utility_id = %(utility)s AND m.class = 'UtilitySubscription'
             AND m.name = %(name)s RETURNING f.object_id""",
        {"utility": utility_id, "name": subscription, "imei": imei},
    )
    return found


async def sessions(tx: Tx, addresses: Sequence[str], apn: str | None) -> list[DictRow]:
    """Give who answers at addresses."""
    return await fetch_all(
        tx,
        """SELECT f.address, f.apn, m.name AS subscription, u.code AS utility, f.imei, f.iccid, f.rat, f.cell_id
           FROM simulated_fitting f JOIN managed_object m ON m.id = f.object_id JOIN utility u ON u.id = m.utility_id
           WHERE f.attached AND f.address = ANY(%(addresses)s) AND (%(apn)s::text IS NULL OR f.apn = %(apn)s)
           ORDER BY f.address, f.apn, m.name""",
        {"addresses": list(addresses), "apn": apn},
    )


async def one(tx: Tx, iccid: str) -> DictRow | None:
    """Give a card's fitting."""
    return await fetch_one(
        tx,
        """SELECT f.iccid, m.name AS subscription, f.object_id, f.imei, f.rats, f.bands, f.attached, f.cell_id, f.rat,
               f.apn, f.address, f.fitted_at
           FROM simulated_fitting f JOIN managed_object m ON m.id = f.object_id WHERE f.iccid = %s""",
        [iccid],
    )


async def refresh_statistics(tx: Tx) -> None:
    """Have the planner know of cells and fittings that came in bulk."""
    await execute(tx, "ANALYZE simulated_cell, simulated_fitting")
