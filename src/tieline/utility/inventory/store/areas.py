"""Which sites have links of an operator, on a technology, in areas that the operator names.

The fleet is looked at once, however many areas there are: links are gathered by site in the order of an index, then
each site gets the first area that it, or the cell of one of its links, lies in; OFFSET 0 has that worked out once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.rows import tuple_row

from tieline.platform.db import Tx, fetch_all, sql
from tieline.platform.scope import Scope, within
from tieline.utility.inventory.model import TECHNOLOGIES
from tieline.utility.inventory.model.areas import Area, AreaCount, AreaKind, AreaPart, AreaSite
from tieline.utility.inventory.store.filters import OWN_LINKS

_OUTWARD = "upper(split_part(t.postcode, ' ', 1))"


async def counts(tx: Tx, scope: Scope, operator: str, technology: str | None, areas: Sequence[Area]) -> list[AreaCount]:
    """What lies in each area; a site that lies in several counts in the first of them alone."""
    query = _query(scope, operator, technology, areas)
    text = f"""
        WITH {query.cells}, hit AS MATERIALIZED ({query.hit})
        SELECT x.place, count(*) AS sites, sum(x.links)::bigint AS links, count(*) FILTER (WHERE x.alone) AS alone,
            count(*) FILTER (WHERE x.criticality <> 'normal') AS critical
        FROM ({query.placed} OFFSET 0) x WHERE x.place IS NOT NULL GROUP BY x.place ORDER BY x.place"""
    rows = await fetch_all(tx, text, {**query.bound, "after": 0})
    return [AreaCount(row["place"], row["sites"], row["links"], row["alone"], row["critical"]) for row in rows]


async def sites(
    tx: Tx,
    scope: Scope,
    operator: str,
    technology: str | None,
    areas: Sequence[Area],
    *,
    part: AreaPart,
    after: int,
    limit: int,
) -> list[AreaSite]:
    """Sites by their number."""
    query = _query(scope, operator, technology, areas)
    text = f"""
        WITH {query.cells}, hit AS ({query.hit})
        SELECT x.site_id, x.external_id, x.name, x.region, x.postcode, x.criticality, x.place, x.links, x.alone
        FROM ({query.placed}) x
        WHERE x.place IS NOT NULL AND (%(place)s::integer IS NULL OR x.place = %(place)s)
          AND (x.alone OR NOT %(alone)s) AND (x.criticality <> 'normal' OR NOT %(critical)s)
        ORDER BY x.site_id LIMIT %(limit)s"""
    wanted = {"place": part.place, "alone": part.alone, "critical": part.critical, "after": after, "limit": limit}
    rows = await fetch_all(tx, text, {**query.bound, **wanted})
    return [AreaSite(**row) for row in rows]


async def places(
    tx: Tx, scope: Scope, operator: str, technology: str | None, areas: Sequence[Area]
) -> list[tuple[int, int]]:
    """Each site with the area that it lies in, in no more words."""
    query = _query(scope, operator, technology, areas)
    text = f"""
        WITH {query.cells}, hit AS ({query.hit})
        SELECT x.site_id, x.place FROM ({query.placed}) x WHERE x.place IS NOT NULL"""
    async with tx.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(sql(text), {**query.bound, "after": 0})
        return await cursor.fetchall()


@dataclass(frozen=True, slots=True)
class _Query:
    """Parts of a query, and what they are bound to: ``cells`` of areas, ``hit`` sites, and these as they are placed."""

    cells: str
    hit: str
    placed: str
    bound: dict[str, Any]


def _query(scope: Scope, operator: str, technology: str | None, areas: Sequence[Area]) -> _Query:
    rat = None if technology is None else TECHNOLOGIES.get(technology, technology)
    bound: dict[str, Any] = {**scope.params(), "operator": operator, "rat": rat}
    arms, cells, places = [], list[str](), list[int]()
    for place, area in enumerate(areas):
        if area.kind is AreaKind.CELLS:
            cells += area.names
            places += [place] * len(area.names)
            continue
        condition, value = _condition(area, f"area_{place}")
        bound |= value
        arms.append(f"WHEN {condition} THEN {place}")
    here = "f.operator_id = (SELECT id FROM operator WHERE code = %(operator)s)"
    struck = here if rat is None else f"{here} AND f.rat = %(rat)s"
    # Without a technology, a site has nothing else where all its links are that operator's.
    alone = here if rat is None else "f.rat = %(rat)s"
    least = f"min(c.place) FILTER (WHERE {struck})" if cells else "NULL::integer"
    return _Query(
        cells="""cells AS MATERIALIZED (SELECT cell_key, min(place) AS place
            FROM unnest(%(cells)s::text[], %(places)s::integer[]) AS u(cell_key, place) GROUP BY cell_key)""",
        hit=f"""SELECT f.site_id, count(*) FILTER (WHERE {struck}) AS links,
                coalesce(bool_and({alone}), false) AS alone,
                {least} AS cell_place
            FROM subscription f {"LEFT JOIN cells c ON c.cell_key = f.cell_key" if cells else ""}
            WHERE f.site_id IS NOT NULL AND f.site_id > %(after)s AND {OWN_LINKS}
            GROUP BY f.site_id HAVING count(*) FILTER (WHERE {struck}) > 0""",
        placed=f"""SELECT h.site_id, t.external_id, t.name, t.region, t.postcode, t.criticality, h.links, h.alone,
                least(CASE {" ".join(arms) or "WHEN FALSE THEN 0"} END, h.cell_place) AS place
            FROM hit h JOIN site t ON t.id = h.site_id WHERE {within("t.region")}""",
        bound={**bound, "cells": cells, "places": places},
    )


def _condition(area: Area, name: str) -> tuple[str, dict[str, Any]]:
    """What a site (t) has to fulfil to lie in an area."""
    match area.kind:
        case AreaKind.REGIONS:
            return f"t.region = ANY(%({name})s::text[])", {name: list(area.names)}
        case AreaKind.POLYGON:
            points = ",".join(f"({lon!r},{lat!r})" for lon, lat in area.ring)
            inside = f"coalesce(%({name})s::polygon @> point(t.lon, t.lat), false)"
            return inside, {name: f"({points})"}
        case AreaKind.POSTCODES:
            return _postcodes(area, name)
        case _:
            return "TRUE", {}


def _postcodes(area: Area, name: str) -> tuple[str, dict[str, Any]]:
    codes = [code.replace(" ", "").upper() for code in area.names]
    groups = {
        f"{name}_area": [code for code in codes if code.isalpha()],
        f"{name}_prefix": [f"{code}%" for code in codes if code.isdigit()],
        f"{name}_district": [code for code in codes if not code.isalpha() and not code.isdigit()],
    }
    conditions = {
        f"{name}_area": f"substring({_OUTWARD} FROM '^[A-Z]+') = ANY(%({name}_area)s::text[])",
        f"{name}_prefix": f"t.postcode_key LIKE ANY(%({name}_prefix)s::text[])",
        f"{name}_district": f"{_OUTWARD} = ANY(%({name}_district)s::text[])",
    }
    used = {group: values for group, values in groups.items() if values}
    return f"({' OR '.join(conditions[group] for group in used)})", dict(used)
