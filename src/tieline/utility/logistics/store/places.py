"""Places: found, and made where a crew or a site has none yet."""

from collections.abc import Sequence
from typing import Any, Final

from psycopg.rows import DictRow

from tieline.platform.db import Tx, execute, fetch_all, fetch_one
from tieline.platform.scope import Scope, within
from tieline.utility.inventory import SiteFacts
from tieline.utility.logistics.model import Place, PlaceKind

COLUMNS: Final = "p.id, p.kind, p.code, p.name, p.region, p.crew_id, p.site_id"
OWN_PLACES: Final = f"(p.region IS NULL OR {within('p.region')})"
"""A place of no region (the main warehouse, the scrap) is everybody's."""


def place_of(row: DictRow | dict[str, Any], prefix: str = "") -> Place:
    """A place from a row whose columns are those of :data:`COLUMNS`, with a prefix."""
    values = {name: row[f"{prefix}{name}"] for name in ("id", "code", "name", "region", "crew_id", "site_id")}
    return Place(kind=PlaceKind(row[f"{prefix}kind"]), **values)


async def by_ids(tx: Tx, scope: Scope, ids: Sequence[int]) -> dict[int, Place]:
    """Some places; those that the scope does not see are missing."""
    text = f"SELECT {COLUMNS} FROM stock_place p WHERE p.id = ANY(%(ids)s::bigint[]) AND {OWN_PLACES}"
    rows = await fetch_all(tx, text, {"ids": list(ids), **scope.params()})
    return {row["id"]: place_of(row) for row in rows}


async def by_code(tx: Tx, scope: Scope, kind: PlaceKind, code: str) -> Place | None:
    """A place by its sort and code."""
    text = f"SELECT {COLUMNS} FROM stock_place p WHERE p.kind = %(kind)s AND p.code = %(code)s AND {OWN_PLACES}"
    row = await fetch_one(tx, text, {"kind": kind, "code": code, **scope.params()})
    return place_of(row) if row else None


async def of_kinds(tx: Tx, scope: Scope, kinds: Sequence[PlaceKind]) -> list[Place]:
    """Every place of some sorts, by sort and name."""
    text = f"""SELECT {COLUMNS} FROM stock_place p WHERE p.kind = ANY(%(kinds)s::text[]) AND {OWN_PLACES}
        ORDER BY array_position(%(kinds)s::text[], p.kind), p.name, p.id"""
    return [place_of(row) for row in await fetch_all(tx, text, {"kinds": list(kinds), **scope.params()})]


async def put_warehouse(tx: Tx, scope: Scope, code: str, name: str, region: str | None) -> bool:
    """Make a warehouse, or rename it; False when there is one that is not the scope's own."""
    text = f"""
        INSERT INTO stock_place AS p (kind, code, name, region) VALUES ('warehouse', %(code)s, %(name)s, %(region)s)
        ON CONFLICT (kind, code) DO UPDATE SET name = excluded.name, region = excluded.region
        WHERE {within("p.region")}"""
    return await execute(tx, text, {"code": code, "name": name, "region": region, **scope.params()}) > 0


async def put_crew(tx: Tx, scope: Scope, crew_id: int, name: str, region: str | None) -> Place | None:
    """The place of a crew: what it carries in its van. None when there is one that is not the scope's own."""
    text = f"""
        INSERT INTO stock_place AS p (kind, code, name, region, crew_id)
        VALUES ('crew', 'CREW-' || %(crew_id)s, %(name)s, %(region)s, %(crew_id)s)
        ON CONFLICT (crew_id) DO UPDATE SET name = excluded.name, region = excluded.region
        WHERE {within("p.region")} RETURNING {COLUMNS}"""
    row = await fetch_one(tx, text, {"crew_id": crew_id, "name": name, "region": region, **scope.params()})
    return place_of(row) if row else None


async def crew(tx: Tx, scope: Scope, crew_id: int) -> Place | None:
    """The place of a crew, if it has one."""
    text = f"SELECT {COLUMNS} FROM stock_place p WHERE p.crew_id = %(crew_id)s AND {OWN_PLACES}"
    row = await fetch_one(tx, text, {"crew_id": crew_id, **scope.params()})
    return place_of(row) if row else None


async def crews(tx: Tx, scope: Scope, crew_ids: Sequence[int]) -> dict[int, Place]:
    """The places of some crews by crew; those without one are missing."""
    text = f"SELECT {COLUMNS} FROM stock_place p WHERE p.crew_id = ANY(%(ids)s::bigint[]) AND {OWN_PLACES}"
    rows = await fetch_all(tx, text, {"ids": list(crew_ids), **scope.params()})
    return {row["crew_id"]: place_of(row) for row in rows}


async def put_sites(tx: Tx, sites: Sequence[SiteFacts]) -> dict[int, Place]:
    """The places of some sites by site; made where there is none yet."""
    text = """
        INSERT INTO stock_place (kind, code, name, region, site_id)
        SELECT 'site', code, name, region, site_id
        FROM unnest(%(codes)s::text[], %(names)s::text[], %(regions)s::text[], %(ids)s::bigint[])
            AS w(code, name, region, site_id)
        ORDER BY site_id ON CONFLICT (site_id) DO NOTHING"""
    ids = [one.id for one in sites]
    bound = {
        "codes": [one.external_id for one in sites],
        "names": [one.name for one in sites],
        "regions": [one.region for one in sites],
        "ids": ids,
    }
    await execute(tx, text, bound)
    rows = await fetch_all(
        tx, f"SELECT {COLUMNS} FROM stock_place p WHERE p.site_id = ANY(%(ids)s::bigint[])", {"ids": ids}
    )
    return {row["site_id"]: place_of(row) for row in rows}
