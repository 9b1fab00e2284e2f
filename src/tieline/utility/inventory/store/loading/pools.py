"""Loads address pools."""

from tieline.platform.db import Tx
from tieline.utility.inventory.store.loading.common import Check, Column, Counts, Load, Loading, insert, staged, update

_POOL = (
    Column("operator", "operator_id", "g.operator_id"),
    Column.plain("apn"),
    Column.plain("cidr"),
    Column.plain("name"),
)


async def _put(tx: Tx, load: Load) -> Counts:
    total = await staged(tx)
    counts = await update(tx, load, "address_pool", _POOL)
    created = await insert(tx, load, "address_pool", _POOL)
    return Counts(created, counts.updated, total - created - counts.updated, counts.fields)


POOLS = Loading(
    tables=("address_pool",),
    references="o.id AS operator_id, x.id AS thing_id",
    joins="""JOIN operator o ON o.code = r.operator
        LEFT JOIN address_pool x ON x.operator_id = o.id AND x.apn = r.apn AND x.cidr = r.cidr""",
    unique=(("cidr", ("operator", "apn", "cidr")),),
    checks=(
        Check(
            "cidr",
            "overlap",
            "it overlaps another pool of the same APN",
            """SELECT g.line, g.cidr AS value FROM stage g WHERE EXISTS (
                SELECT FROM address_pool x WHERE x.operator_id = g.operator_id AND x.apn = g.apn
                    AND x.cidr && g.cidr AND x.cidr <> g.cidr)""",
        ),
        Check(
            "cidr",
            "overlap",
            "it overlaps a pool of the same APN in an earlier line",
            """SELECT g.line, g.cidr AS value FROM stage g WHERE EXISTS (
                SELECT FROM stage h WHERE h.operator_id = g.operator_id AND h.apn = g.apn
                    AND h.cidr && g.cidr AND h.cidr <> g.cidr AND h.line < g.line)""",
        ),
    ),
    apply=_put,
)
