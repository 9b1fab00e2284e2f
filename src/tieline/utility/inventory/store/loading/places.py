"""Loads sites and the devices that stand there."""

from collections.abc import Mapping
from typing import Any

from tieline.platform.db import Tx, execute
from tieline.utility.inventory.policy.text import fold
from tieline.utility.inventory.store.loading.common import (
    IN_SCOPE,
    LINKS_ENDED,
    Check,
    Column,
    Counts,
    Load,
    Loading,
    insert,
    staged,
    update,
)

_SITE = (
    Column.plain("external_id"),
    Column.plain("name"),
    Column("name", "name_folded", "g.name_folded"),
    Column.plain("kind", "'other'"),
    Column.plain("stand_in", "false"),
    Column.plain("lat"),
    Column.plain("lon"),
    Column.plain("region"),
    Column.plain("district"),
    Column.plain("postcode"),
    Column.plain("voltage_kv"),
    Column.plain("customers"),
    Column.plain("criticality", "'normal'"),
    Column("parent_external_id", "parent_id", "g.parent_id"),
)
_DEVICE = (
    Column.plain("external_id"),
    Column("site_external_id", "site_id", "g.site_id"),
    Column.plain("make"),
    Column.plain("model"),
    Column.plain("imei"),
    Column.plain("generations", "'{}'"),
    Column.plain("bands", "'{}'"),
    Column.plain("modems", "1"),
    Column.plain("firmware"),
    Column.plain("installed_on"),
)

_RESOLVE_PARENTS = """
UPDATE stage g SET parent_id = p.id FROM site p
WHERE g.parent_id IS NULL AND p.external_id = g.parent_external_id
"""
# A parent that came later in the same file was not there yet when its child was inserted.
_ADOPT = """
UPDATE site x SET parent_id = g.parent_id FROM stage g
WHERE g.thing_id IS NULL AND x.external_id = g.external_id AND x.parent_id IS DISTINCT FROM g.parent_id
"""

# A device takes its cards along: their links end where it stood, and begin where it stands now, if it does anywhere.
_END_LINKS = f"""
WITH ended AS (
    UPDATE link l SET valid_to = %(at)s FROM stage g
    WHERE g.thing_id = l.device_id AND l.valid_to IS NULL AND l.site_id IS DISTINCT FROM g.site_id RETURNING l.*
), moved AS (
    UPDATE subscription s SET site_id = g.site_id FROM ended e JOIN stage g ON g.thing_id = e.device_id
    WHERE s.id = e.subscription_id
)
{LINKS_ENDED}"""
_BEGIN_LINKS = """
INSERT INTO link (site_id, device_id, modem_slot, card_id, subscription_id, operator_id, role, valid_from, import_id)
SELECT g.site_id, e.device_id, e.modem_slot, e.card_id, e.subscription_id, e.operator_id, e.role, %(at)s, %(import_id)s
FROM link e JOIN stage g ON g.thing_id = e.device_id WHERE e.valid_to = %(at)s AND g.site_id IS NOT NULL
"""


def _site_columns(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return (fold(row["name"]),)


async def _put_sites(tx: Tx, load: Load) -> Counts:
    total = await staged(tx)
    created = await insert(tx, load, "site", _SITE)
    if "parent_external_id" in load.mapped:
        await execute(tx, _RESOLVE_PARENTS)
        await execute(tx, _ADOPT)
    counts = await update(tx, load, "site", _SITE)
    return Counts(created, counts.updated, total - created - counts.updated, counts.fields)


async def _put_devices(tx: Tx, load: Load) -> Counts:
    total = await staged(tx)
    counts = await update(tx, load, "device", _DEVICE)
    if "site_external_id" in load.mapped:
        await execute(tx, _END_LINKS, load.params)
        await execute(tx, _BEGIN_LINKS, load.params)
    created = await insert(tx, load, "device", _DEVICE)
    return Counts(created, counts.updated, total - created - counts.updated, counts.fields)


SITES = Loading(
    tables=("site",),
    derived="name_folded text",
    derive=_site_columns,
    references="x.id AS thing_id, p.id AS parent_id",
    joins="LEFT JOIN site x ON x.external_id = r.external_id LEFT JOIN site p ON p.external_id = r.parent_external_id",
    unique=(("external_id", ("external_id",)),),
    checks=(
        Check(
            "external_id",
            "scope",
            "a site of that identifier is outside the regions you may edit",
            f"""SELECT g.line, g.external_id AS value FROM stage g JOIN site t ON t.id = g.thing_id
            WHERE NOT coalesce({IN_SCOPE}, false)""",
        ),
        Check(
            "parent_external_id",
            "unknown_reference",
            "there is no such site, in the inventory or among the good rows of the file",
            f"""SELECT g.line, g.parent_external_id AS value FROM stage g LEFT JOIN site t ON t.id = g.parent_id
            WHERE g.parent_external_id IS NOT NULL AND (t.id IS NULL OR NOT coalesce({IN_SCOPE}, false))
                AND NOT EXISTS (SELECT FROM stage h WHERE h.external_id = g.parent_external_id)""",
            repeat=True,
        ),
    ),
    apply=_put_sites,
)

DEVICES = Loading(
    tables=("device", "link"),
    references="x.id AS thing_id, t.id AS site_id",
    joins="LEFT JOIN device x ON x.external_id = r.external_id LEFT JOIN site t ON t.external_id = r.site_external_id",
    unique=(("external_id", ("external_id",)), ("imei", ("imei",))),
    checks=(
        Check(
            "external_id",
            "scope",
            "a device of that identifier is outside the regions you may edit",
            f"""SELECT g.line, g.external_id AS value FROM stage g
            JOIN device x ON x.id = g.thing_id LEFT JOIN site t ON t.id = x.site_id
            WHERE NOT coalesce({IN_SCOPE}, false)""",
        ),
        Check(
            "site_external_id",
            "unknown_reference",
            "there is no such site",
            f"""SELECT g.line, g.site_external_id AS value FROM stage g LEFT JOIN site t ON t.id = g.site_id
            WHERE g.site_external_id IS NOT NULL AND (t.id IS NULL OR NOT coalesce({IN_SCOPE}, false))""",
        ),
        Check(
            "imei",
            "duplicate",
            "another device has that IMEI",
            """SELECT g.line, g.imei AS value FROM stage g JOIN device x ON x.imei = g.imei
            WHERE x.id IS DISTINCT FROM g.thing_id""",
        ),
    ),
    apply=_put_devices,
)
