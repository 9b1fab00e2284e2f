"""Which sites have links of an operator, on a technology, in areas that the operator names."""

from collections.abc import Sequence
from typing import Any

from tieline.platform.db import Tx, fetch_all
from tieline.platform.scope import Scope, within
from tieline.utility.inventory.model import TECHNOLOGIES
from tieline.utility.inventory.model.areas import Area, AreaCount, AreaKind, AreaPart, AreaSite
from tieline.utility.inventory.store.filters import HANGING
from tieline.utility.inventory.store.probes import own

_OUTWARD = "upper(split_part(t.postcode, ' ', 1))"


async def counts(tx: Tx, scope: Scope, operator: str, technology: str | None, areas: Sequence[Area]) -> list[AreaCount]:
    """What lies in each area; a site that lies in several counts in the first of them alone."""
    hit, bound = _hit(scope, operator, technology, areas)
    text = f"""
        WITH hit AS MATERIALIZED ({hit} GROUP BY s.site_id)
        SELECT h.place, count(*) AS sites, sum(h.links)::bigint AS links, count(*) FILTER (WHERE {_ALONE}) AS alone,
            count(*) FILTER (WHERE h.criticality <> 'normal') AS critical
        FROM hit h {_HANGS} WHERE h.place IS NOT NULL GROUP BY h.place ORDER BY h.place"""
    rows = await fetch_all(tx, text, bound)
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
    hit, bound = _hit(scope, operator, technology, areas)
    text = f"""
        WITH hit AS ({hit} AND s.site_id > %(after)s GROUP BY s.site_id)
        SELECT t.id AS site_id, t.external_id, t.name, t.region, t.postcode, t.criticality, h.place, h.links,
            {_ALONE} AS alone
        FROM hit h {_HANGS} JOIN site t ON t.id = h.site_id
        WHERE h.place IS NOT NULL AND (%(place)s::integer IS NULL OR h.place = %(place)s)
          AND ({_ALONE} OR NOT %(alone)s) AND (t.criticality <> 'normal' OR NOT %(critical)s)
        ORDER BY t.id LIMIT %(limit)s"""
    wanted = {"place": part.place, "alone": part.alone, "critical": part.critical, "after": after, "limit": limit}
    rows = await fetch_all(tx, text, {**bound, **wanted})
    return [AreaSite(**row) for row in rows]


_ALONE = "a.site_id IS NOT NULL"
_HANGS = f"LEFT JOIN ({HANGING}) a ON a.site_id = h.site_id"


def _hit(scope: Scope, operator: str, technology: str | None, areas: Sequence[Area]) -> tuple[str, dict[str, Any]]:
    """The query for sites with the first area that one of their links lies in, to be grouped; and what it is bound to.

    The areas become the arms of one CASE, so that the fleet is looked at once, however many areas there are.
    """
    rat = None if technology is None else TECHNOLOGIES.get(technology, technology)
    bound: dict[str, Any] = {**scope.params(), "operator": operator, "rat": rat, "f_hanging_on": rat}
    arms = []
    for place, area in enumerate(areas):
        condition, value = _condition(area, f"area_{place}")
        bound |= value
        arms.append(f"WHEN {condition} THEN {place}")
    case = f"CASE {' '.join(arms)} END" if arms else "NULL::integer"
    on = "" if rat is None else " AND s.rat = %(rat)s"
    return (
        f"""SELECT s.site_id, min({case}) AS place, count(*) AS links, min(t.criticality) AS criticality
            FROM subscription s JOIN site t ON t.id = s.site_id
            WHERE s.site_id IS NOT NULL AND {within("t.region")} AND {own("s.operator_id")}
              AND s.operator_id = (SELECT id FROM operator WHERE code = %(operator)s){on}""",
        bound,
    )


def _condition(area: Area, name: str) -> tuple[str, dict[str, Any]]:
    """What a site (t) or subscription (s) has to fulfil to lie in an area."""
    match area.kind:
        case AreaKind.REGIONS:
            return f"t.region = ANY(%({name})s::text[])", {name: list(area.names)}
        case AreaKind.CELLS:
            return f"s.cell_key = ANY(%({name})s::text[])", {name: list(area.names)}
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
