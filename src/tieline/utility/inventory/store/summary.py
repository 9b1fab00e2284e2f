"""Counts of the fleet, by whatever it is looked at."""

from collections.abc import Mapping, Sequence

from psycopg.rows import DictRow

from tieline.platform.db import Tx, fetch_all, fetch_value
from tieline.platform.scope import Scope
from tieline.utility.inventory.model import FleetFilter
from tieline.utility.inventory.store.filters import OWN_LINKS, Where, fleet_where, site_where

AGE = """CASE WHEN s.cell_at IS NULL THEN 'never'
    WHEN s.cell_at > now() - interval '1 hour' THEN 'hour'
    WHEN s.cell_at > now() - interval '1 day' THEN 'day'
    WHEN s.cell_at > now() - interval '7 days' THEN 'week' ELSE 'older' END"""

TECHNOLOGY = "CASE {0} WHEN 'GERAN' THEN '2G' WHEN 'UTRA' THEN '3G' WHEN 'EUTRA' THEN '4G' WHEN 'NR' THEN '5G' END"

DIMENSIONS: Mapping[str, tuple[str, str]] = {
    "operator": ("s.operator_id", "(SELECT code FROM operator WHERE id = x.operator)"),
    "technology": ("s.rat", TECHNOLOGY.format("x.technology")),
    "band": ("s.band", "x.band"),
    "state": ("s.state", "x.state"),
    "region": ("t.region", "x.region"),
    "criticality": ("t.criticality", "x.criticality"),
    "kind": ("t.kind", "x.kind"),
    "age": (AGE, "x.age"),
}
"""What can be counted by: the expression that is grouped, and how it is shown once there are few rows (``x``)."""

_OPTIONAL: Sequence[tuple[str, str]] = (
    ("l.", "JOIN link l ON l.subscription_id = s.id AND l.valid_to IS NULL"),
    ("d.", "JOIN device d ON d.id = l.device_id"),
    ("c.", "JOIN card c ON c.id = l.card_id"),
)


async def groups(tx: Tx, scope: Scope, wanted: FleetFilter, by: Sequence[str], *, exact: bool) -> list[DictRow]:
    """Fitted subscriptions, and the sites they are at, for each combination of some dimensions.

    Unless ``exact``, no site may have two links that fall into one group: then the sites are as many as the links,
    and need not be told apart, which takes twice the time.
    """
    where = fleet_where(wanted, scope)
    where.add("s.site_id IS NOT NULL")
    keys = [DIMENSIONS[name][0] for name in by]
    source = _source(where)
    names = ", ".join(f"{key} AS {name}" for key, name in zip(keys, by, strict=True))
    if exact:
        inner = f"""SELECT {", ".join(by)}, sum(n)::bigint AS subscriptions, count(*) AS sites FROM (
            SELECT {names}, s.site_id, count(*) AS n {source} {where} GROUP BY {", ".join(keys)}, s.site_id) one
            GROUP BY {", ".join(by)}"""
    else:
        inner = (
            f"SELECT {names}, count(*) AS subscriptions, count(*) AS sites {source} {where} GROUP BY {', '.join(keys)}"
        )
    shown = ", ".join(f"{DIMENSIONS[name][1]} AS {name}" for name in by)
    return await fetch_all(tx, f"SELECT {shown}, x.subscriptions, x.sites FROM ({inner}) x", where.params)


async def site_count(tx: Tx, scope: Scope, wanted: FleetFilter) -> int:
    """How many sites fit a filter."""
    where = site_where(wanted, scope)
    return int(await fetch_value(tx, f"SELECT count(*) FROM site t {where}", where.params))


async def hanging(tx: Tx, scope: Scope, wanted: FleetFilter) -> list[DictRow]:
    """Sites whose live links are all on one technology, for each; ``technology`` NULL: no link of theirs is known.

    ``links`` are the live links of these sites, ``mixed``: on several. ``twins``: one of them has two at one operator.
    """
    where = site_where(wanted, scope)
    free = wanted == FleetFilter() and scope.regions is None
    bounds = "" if free else f"JOIN site t ON t.id = f.site_id AND {' AND '.join(where.parts)}"
    text = f"""
        SELECT {TECHNOLOGY.format("rat")} AS technology, mixed, count(*) AS sites, sum(links)::bigint AS links,
            bool_or(twins) AS twins
        FROM (
            SELECT CASE WHEN min(f.rat) = max(f.rat) THEN min(f.rat) END AS rat, min(f.rat) <> max(f.rat) AS mixed,
                count(*) AS links, count(*) > 2 OR count(*) = 2 AND min(f.operator_id) = max(f.operator_id) AS twins
            FROM subscription f {bounds} WHERE f.site_id IS NOT NULL AND {OWN_LINKS} GROUP BY f.site_id
        ) one GROUP BY rat, mixed"""
    return await fetch_all(tx, text, where.params)


async def stock(tx: Tx, scope: Scope) -> list[DictRow]:
    """Cards by operator, kind of card, generation of their subscription and stock state."""
    where = Where(["TRUE"], dict(scope.params()))
    text = f"""
        SELECT o.code AS operator, x.kind, x.generation, x.stock_state, x.cards FROM (
            SELECT c.operator_id, c.kind, s.generation, c.stock_state, count(*) AS cards FROM card c
            LEFT JOIN card_subscription cs ON cs.card_id = c.id AND cs.valid_to IS NULL
            LEFT JOIN subscription s ON s.id = cs.subscription_id
            WHERE c.stock_state <> 'fitted' GROUP BY c.operator_id, c.kind, s.generation, c.stock_state
        ) x JOIN operator o ON o.id = x.operator_id
        WHERE {_OWN_STOCK} ORDER BY o.code, x.generation, x.kind, x.stock_state"""
    return await fetch_all(tx, text, where.params)


_OWN_STOCK = "(%(scope_operators)s::text[] IS NULL OR o.code = ANY(%(scope_operators)s::text[]))"


def _source(where: Where) -> str:
    text = str(where)
    joins = [join for alias, join in _OPTIONAL if alias in text]
    if joins and _OPTIONAL[0][1] not in joins:
        joins.insert(0, _OPTIONAL[0][1])
    return "FROM subscription s JOIN site t ON t.id = s.site_id " + " ".join(joins)
