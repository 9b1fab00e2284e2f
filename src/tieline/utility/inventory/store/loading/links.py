"""Loads links: which card sits in which slot of which device, at which site. What was there before ends, dated."""

from tieline.platform.db import Tx, execute, fetch_one
from tieline.platform.scope import within
from tieline.utility.inventory.store.loading.common import (
    IN_SCOPE,
    LINKS_ENDED,
    Check,
    Counts,
    Load,
    Loading,
    staged,
)

_OWN = within(operator="o.code")

_COMPARE = """
SELECT count(*) FILTER (WHERE x.id IS NULL) AS created,
    count(*) FILTER (WHERE x.id IS NOT NULL AND (x.card_id <> g.card_id OR x.site_id <> g.site_id
        OR x.subscription_id <> g.subscription_id OR (g.role IS NOT NULL AND x.role <> g.role))) AS updated,
    count(*) FILTER (WHERE x.card_id <> g.card_id) AS iccid,
    count(*) FILTER (WHERE x.site_id <> g.site_id) AS site_external_id,
    count(*) FILTER (WHERE g.role IS NOT NULL AND x.role <> g.role) AS role
FROM stage g LEFT JOIN link x ON x.id = g.thing_id
"""
_SET_ROLES = """
WITH before AS MATERIALIZED (
    SELECT x.id, x.role FROM link x JOIN stage g ON g.thing_id = x.id
    WHERE x.card_id = g.card_id AND x.site_id = g.site_id AND g.role IS NOT NULL AND x.role <> g.role
    ORDER BY x.id FOR UPDATE OF x
), updated AS (
    UPDATE link x SET role = g.role FROM before b JOIN stage g ON g.thing_id = b.id WHERE x.id = b.id
    RETURNING x.id, x.role
)
INSERT INTO history (thing, thing_id, actor, reason, before, after)
SELECT 'link', b.id, %(actor)s, %(reason)s, jsonb_build_object('role', b.role), jsonb_build_object('role', u.role)
FROM before b JOIN updated u ON u.id = b.id
"""
# A link ends when another card sits in its slot, when its device moved, or when its card sits elsewhere now.
_END = f"""
WITH ended AS (
    UPDATE link x SET valid_to = %(at)s WHERE x.id IN (
        SELECT l.id FROM link l JOIN stage g ON g.thing_id = l.id
        WHERE l.card_id <> g.card_id OR l.site_id <> g.site_id OR l.subscription_id <> g.subscription_id
        UNION
        SELECT l.id FROM link l JOIN stage g ON g.card_id = l.card_id
        WHERE l.valid_to IS NULL AND l.id IS DISTINCT FROM g.thing_id)
    RETURNING x.*
), unfitted AS (
    UPDATE subscription s SET site_id = NULL FROM ended e WHERE s.id = e.subscription_id
        AND NOT EXISTS (SELECT FROM stage g WHERE g.subscription_id = s.id)
), returned AS (
    UPDATE card c SET stock_state = 'returned' FROM ended e WHERE c.id = e.card_id
        AND NOT EXISTS (SELECT FROM stage g WHERE g.card_id = c.id)
)
{LINKS_ENDED}"""
# A file that says nothing of roles leaves the slot its own. Sorted by what no index gives in order, so that all rows
# are chosen before the first is inserted: an empty table may be scanned for each, and it grows with each inserted.
_BEGIN = """
WITH begun AS (
    INSERT INTO link (site_id, device_id, modem_slot, card_id, subscription_id, operator_id, role, valid_from,
        import_id)
    SELECT g.site_id, g.device_id, coalesce(g.modem_slot, 1), g.card_id, g.subscription_id, g.operator_id,
        coalesce(g.role, p.role, 'primary'), %(at)s, %(import_id)s
    FROM stage g LEFT JOIN link p ON p.id = g.thing_id
    WHERE NOT EXISTS (SELECT FROM link x WHERE x.device_id = g.device_id
        AND x.modem_slot = coalesce(g.modem_slot, 1) AND x.valid_to IS NULL)
    ORDER BY g.site_id, g.line
    RETURNING card_id, subscription_id, site_id
), fitted AS (
    UPDATE card c SET stock_state = 'fitted' FROM begun b WHERE c.id = b.card_id AND c.stock_state <> 'fitted'
)
UPDATE subscription s SET site_id = b.site_id FROM begun b WHERE s.id = b.subscription_id
"""


async def _put(tx: Tx, load: Load) -> Counts:
    total = await staged(tx)
    row = await fetch_one(tx, _COMPARE, load.params) or {}
    await execute(tx, _SET_ROLES, load.params)
    await execute(tx, _END, load.params)
    await execute(tx, _BEGIN, load.params)
    created, updated = row["created"], row["updated"]
    fields = {name: row[name] for name in ("iccid", "site_external_id", "role") if row[name]}
    return Counts(created, updated, total - created - updated, fields)


LINKS = Loading(
    tables=("link", "subscription", "card"),
    references="""t.id AS site_id, d.id AS device_id, d.site_id AS device_site_id, c.id AS card_id,
        s.id AS subscription_id, s.operator_id, x.id AS thing_id""",
    joins="""LEFT JOIN site t ON t.external_id = r.site_external_id
        LEFT JOIN device d ON d.external_id = r.device_external_id
        LEFT JOIN card c ON c.iccid = r.iccid
        LEFT JOIN card_subscription cs ON cs.card_id = c.id AND cs.valid_to IS NULL
        LEFT JOIN subscription s ON s.id = cs.subscription_id
        LEFT JOIN link x ON x.device_id = d.id AND x.modem_slot = coalesce(r.modem_slot, 1) AND x.valid_to IS NULL""",
    unique=(("modem_slot", ("device_id", "coalesce(modem_slot, 1)")), ("iccid", ("card_id",))),
    checks=(
        Check(
            "site_external_id",
            "unknown_reference",
            "there is no such site",
            f"""SELECT g.line, g.site_external_id AS value FROM stage g LEFT JOIN site t ON t.id = g.site_id
            WHERE t.id IS NULL OR NOT coalesce({IN_SCOPE}, false)""",
        ),
        Check(
            "device_external_id",
            "unknown_reference",
            "there is no such device",
            f"""SELECT g.line, g.device_external_id AS value FROM stage g LEFT JOIN site t ON t.id = g.device_site_id
            WHERE g.device_id IS NULL OR NOT coalesce({IN_SCOPE}, false)""",
        ),
        Check(
            "iccid",
            "unknown_reference",
            "there is no such card",
            f"""SELECT g.line, g.iccid AS value FROM stage g
            LEFT JOIN card c ON c.id = g.card_id LEFT JOIN operator o ON o.id = c.operator_id
            WHERE c.id IS NULL OR NOT coalesce({_OWN}, false)""",
        ),
        Check(
            "iccid",
            "unknown_reference",
            "that card carries no subscription",
            "SELECT g.line, g.iccid AS value FROM stage g WHERE g.subscription_id IS NULL",
        ),
        Check(
            "device_external_id",
            "mismatch",
            "that device stands at another site",
            """SELECT g.line, g.device_external_id AS value FROM stage g
            WHERE g.device_site_id IS NOT NULL AND g.device_site_id <> g.site_id""",
        ),
        Check(
            "iccid",
            "duplicate",
            "that card is fitted in another place",
            """SELECT g.line, g.iccid AS value FROM stage g JOIN link x ON x.card_id = g.card_id AND x.valid_to IS NULL
            WHERE x.id IS DISTINCT FROM g.thing_id
                AND NOT EXISTS (SELECT FROM stage h WHERE h.thing_id = x.id AND h.card_id <> x.card_id)""",
            repeat=True,
        ),
    ),
    apply=_put,
)
