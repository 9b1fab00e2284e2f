"""All sites as columns of numbers, for a map that draws tens of thousands of them."""

from collections.abc import Mapping, Sequence

from psycopg.rows import DictRow

from tieline.platform.db import Tx, fetch_all, fetch_one
from tieline.platform.scope import Scope
from tieline.utility.inventory.model import FleetFilter
from tieline.utility.inventory.store.filters import OWN_LINKS, site_where

STATES = ("up", "reserve_lost", "down", "unknown", "no_link")
"""How a site is connected: all links attached, some, none; never reported; no link at all."""
TECHNOLOGIES = ("unknown", "2G", "3G", "4G", "5G")
CRITICALITIES = ("normal", "high", "critical")
KINDS = ("grid_supply_point", "bulk_supply_point", "primary", "secondary", "other")

_RANK = "CASE {0} WHEN 'GERAN' THEN 1 WHEN 'UTRA' THEN 2 WHEN 'EUTRA' THEN 3 WHEN 'NR' THEN 4 ELSE 0 END"


def _place(column: str, words: tuple[str, ...]) -> str:
    cases = " ".join(f"WHEN '{word}' THEN {place}" for place, word in enumerate(words))
    return f"CASE {column} {cases} END"


# Numbers as text joined in the database: building 50,000 rows of Python objects only to print them takes longer than
# all the rest.
_COLUMNS: Mapping[str, str] = {
    "ids": "t.id",
    "lon": "t.lon",
    "lat": "t.lat",
    "state": """CASE WHEN a.links IS NULL THEN 4 WHEN a.up + a.down = 0 THEN 3 WHEN a.up = 0 THEN 2
        WHEN a.up < a.links THEN 1 ELSE 0 END""",
    "technology": "coalesce(a.best, 0)",
    "criticality": _place("t.criticality", CRITICALITIES),
    "kind": _place("t.kind", KINDS),
    "operators": "coalesce(a.operators, 0)",
    "stand_in": "t.stand_in::integer",
}


async def columns(tx: Tx, scope: Scope, wanted: FleetFilter, operators: Sequence[int]) -> DictRow:
    """Each column of the sites that have a position as JSON text.

    ``operators`` of a site is a sum of 2^place, with the places that the operators' ids have in the argument.
    """
    cases = "".join(f" WHEN {identity:d} THEN {1 << place}" for place, identity in enumerate(operators))
    bits = f"CASE f.operator_id{cases} ELSE 0 END" if cases else "0"
    where = site_where(wanted, scope)
    where.add("t.lat IS NOT NULL")
    shown = ", ".join(f"'[' || coalesce(string_agg(x.{name}::text, ','), '') || ']' AS {name}" for name in _COLUMNS)
    values = ", ".join(f"{value} AS {name}" for name, value in _COLUMNS.items())
    text = f"""
        SELECT {shown}, count(*) AS count FROM (
            SELECT {values} FROM site t LEFT JOIN (
                SELECT f.site_id, count(*) AS links, count(*) FILTER (WHERE f.attached) AS up,
                    count(*) FILTER (WHERE NOT f.attached) AS down, max({_RANK.format("f.rat")}) AS best,
                    bit_or({bits}) AS operators
                FROM subscription f
                WHERE f.site_id IS NOT NULL AND {OWN_LINKS} GROUP BY f.site_id
            ) a ON a.site_id = t.id {where} ORDER BY t.id
        ) x"""
    row = await fetch_one(tx, text, where.params)
    return row or {}


async def regions(tx: Tx, scope: Scope, wanted: FleetFilter) -> list[DictRow]:
    """The regions of those sites, each in the middle of its own; the largest first, at most 300."""
    where = site_where(wanted, scope)
    where.add("t.lat IS NOT NULL AND t.region <> ''")
    text = f"""
        SELECT t.region AS name, count(*) AS sites, round(avg(t.lon)::numeric, 3)::float8 AS lon,
            round(avg(t.lat)::numeric, 3)::float8 AS lat
        FROM site t {where} GROUP BY t.region ORDER BY count(*) DESC, t.region LIMIT 300"""
    return await fetch_all(tx, text, where.params)


async def operators_by_id(tx: Tx) -> list[DictRow]:
    """Ids and codes of all operators, by id; at most 30, since a browser's numbers have so many bits to test."""
    return await fetch_all(tx, "SELECT id, code FROM operator ORDER BY id LIMIT 30")
