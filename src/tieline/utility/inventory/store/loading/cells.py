"""Loads cells, the masts that carry them, and the groups of those who share one."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tieline.platform.db import Tx, execute
from tieline.utility.inventory.policy.masts import derived_mast_key
from tieline.utility.inventory.store.loading.common import Column, Counts, Load, Loading, insert, staged, update

_CELL = (
    Column("operator", "operator_id", "g.operator_id"),
    Column.plain("cell_key"),
    Column.plain("rat"),
    Column.plain("band"),
    Column.plain("arfcn"),
    Column.plain("tac"),
    Column.plain("pci"),
    Column.plain("lat"),
    Column.plain("lon"),
    Column("mast", "mast_id", "g.mast_id"),
    Column.plain("invented", "false"),
)

_MASTS = """
INSERT INTO mast (mast_key, lat, lon)
SELECT DISTINCT ON (g.mast) g.mast, g.lat, g.lon FROM stage g
WHERE g.mast IS NOT NULL AND g.mast_id IS NULL ORDER BY g.mast, g.line
ON CONFLICT (mast_key) DO NOTHING
"""
_RESOLVE_MASTS = "UPDATE stage g SET mast_id = m.id FROM mast m WHERE g.mast_id IS NULL AND m.mast_key = g.mast"

# A mast is a shared risk when more than one operator hangs on it.
_GROUPS = """
WITH shared AS (
    SELECT m.id, m.mast_key FROM mast m JOIN cell e ON e.mast_id = m.id
    GROUP BY m.id HAVING count(DISTINCT e.operator_id) > 1
), gone AS (
    DELETE FROM shared_risk_group r WHERE r.kind = 'mast' AND NOT EXISTS (SELECT FROM shared s WHERE s.id = r.mast_id)
)
INSERT INTO shared_risk_group (kind, name, mast_id) SELECT 'mast', mast_key, id FROM shared ON CONFLICT DO NOTHING
"""


def _mast(row: Mapping[str, Any]) -> tuple[Any, ...]:
    if row["mast_key"] is None and row["lat"] is not None:
        return (derived_mast_key(row["lat"], row["lon"]),)
    return (row["mast_key"],)


async def _put(tx: Tx, load: Load) -> Counts:
    if load.mapped & {"mast_key", "lat"}:
        load = replace(load, mapped=load.mapped | {"mast"})
    total = await staged(tx)
    await execute(tx, _MASTS)
    await execute(tx, _RESOLVE_MASTS)
    counts = await update(tx, load, "cell", _CELL)
    created = await insert(tx, load, "cell", _CELL)
    await execute(tx, _GROUPS)
    return Counts(created, counts.updated, total - created - counts.updated, counts.fields)


CELLS = Loading(
    tables=("cell", "mast"),
    derived="mast text",
    derive=_mast,
    references="o.id AS operator_id, x.id AS thing_id, m.id AS mast_id",
    joins="""JOIN operator o ON o.code = r.operator
        LEFT JOIN cell x ON x.operator_id = o.id AND x.cell_key = r.cell_key
        LEFT JOIN mast m ON m.mast_key = r.mast""",
    unique=(("cell_key", ("operator", "cell_key")),),
    checks=(),
    apply=_put,
)
