"""Loads what operators deliver: subscriptions, with the cards that carry them."""

from tieline.platform.db import Tx, execute, fetch_value
from tieline.utility.inventory.store.loading.common import (
    IN_SCOPE,
    LINKS_ENDED,
    Check,
    Column,
    Counts,
    Load,
    Loading,
    differing,
    insert,
    staged,
    update,
)

_CARD = (
    Column.plain("iccid"),
    Column.plain("eid"),
    Column("card_kind", "kind", "coalesce(g.card_kind, 'plastic')"),
    Column("operator", "operator_id", "g.operator_id"),
)
_NEW_CARD = (
    *_CARD,
    Column(
        "state",
        "stock_state",
        "CASE WHEN coalesce(g.state, 'INVENTORY') = 'INVENTORY' THEN 'in_stock' ELSE 'issued' END",
    ),
)
_SUBSCRIPTION = (
    Column("operator", "operator_id", "g.operator_id"),
    Column.plain("operator_ref"),
    Column.plain("imsi"),
    Column.plain("msisdn"),
    Column.plain("generation"),
    Column.plain("state", "'INVENTORY'"),
    Column.plain("apn"),
    Column.plain("ip_address"),
    Column.plain("subscription_group"),
    Column.plain("data_plan"),
    Column.plain("rat_restriction", "'{}'"),
    Column.plain("imei_lock"),
)

_NEW_CARD_IDS = "UPDATE stage g SET card_id = c.id FROM card c WHERE g.card_id IS NULL AND c.iccid = g.iccid"
_NEW_IDS = """
UPDATE stage g SET thing_id = s.id FROM subscription s
WHERE g.thing_id IS NULL AND s.operator_id = g.operator_id AND s.operator_ref = g.operator_ref
"""
_MOVED = """
SELECT count(*) FROM stage g JOIN card_subscription cs ON cs.subscription_id = g.thing_id AND cs.valid_to IS NULL
WHERE cs.card_id IS DISTINCT FROM g.card_id
"""
# Both what a subscription was carried by and what a card carried end before the new pairs begin.
_PART = """
UPDATE card_subscription SET valid_to = %(at)s WHERE id IN (
    SELECT cs.id FROM card_subscription cs JOIN stage g ON g.thing_id = cs.subscription_id
    WHERE cs.valid_to IS NULL AND cs.card_id <> g.card_id
    UNION
    SELECT cs.id FROM card_subscription cs JOIN stage g ON g.card_id = cs.card_id
    WHERE cs.valid_to IS NULL AND cs.subscription_id <> g.thing_id)
"""
# Sorted for the reason that links give: all rows are chosen before the first is inserted.
_PAIR = """
INSERT INTO card_subscription (card_id, subscription_id, valid_from)
SELECT g.card_id, g.thing_id, %(at)s FROM stage g
WHERE NOT EXISTS (SELECT FROM card_subscription cs WHERE cs.subscription_id = g.thing_id AND cs.valid_to IS NULL)
ORDER BY g.thing_id
"""
# A link is one card at work: with another card it ends, and a new one begins in the same slot. In two statements, since
# two links may change cards with one another.
_END_LINKS = f"""
WITH ended AS (
    UPDATE link l SET valid_to = %(at)s FROM stage g
    WHERE g.thing_id = l.subscription_id AND l.valid_to IS NULL AND l.card_id <> g.card_id RETURNING l.*
), returned AS (
    UPDATE card c SET stock_state = 'returned' FROM ended e WHERE c.id = e.card_id
)
{LINKS_ENDED}"""
_BEGIN_LINKS = """
WITH begun AS (
    INSERT INTO link (site_id, device_id, modem_slot, card_id, subscription_id, operator_id, role, valid_from,
        import_id)
    SELECT e.site_id, e.device_id, e.modem_slot, g.card_id, e.subscription_id, e.operator_id, e.role, %(at)s,
        %(import_id)s
    FROM link e JOIN stage g ON g.thing_id = e.subscription_id WHERE e.valid_to = %(at)s
    RETURNING card_id
)
UPDATE card c SET stock_state = 'fitted' FROM begun b WHERE c.id = b.card_id
"""


def _updated(load: Load) -> str:
    """How many of the subscriptions in place, with their cards, differ from what the file says."""
    differs = [*differing(load, _SUBSCRIPTION, "x").values(), *differing(load, _CARD, "y").values()]
    return f"""
    SELECT count(*) FROM stage g
    JOIN subscription x ON x.id = g.thing_id
    LEFT JOIN card y ON y.id = g.card_id
    LEFT JOIN card_subscription cs ON cs.subscription_id = x.id AND cs.valid_to IS NULL
    WHERE {" OR ".join(differs)} OR cs.card_id IS DISTINCT FROM g.card_id"""


async def _put(tx: Tx, load: Load) -> Counts:
    total = await staged(tx)
    updated = int(await fetch_value(tx, _updated(load), load.params))
    cards = await update(tx, load, "card", _CARD, key="card_id")
    await insert(tx, load, "card", _NEW_CARD, fresh="g.card_id IS NULL")
    await execute(tx, _NEW_CARD_IDS)
    moved = int(await fetch_value(tx, _MOVED))
    counts = await update(tx, load, "subscription", _SUBSCRIPTION, also_set="version = x.version + 1,")
    created = await insert(tx, load, "subscription", _SUBSCRIPTION)
    await execute(tx, _NEW_IDS)
    await execute(tx, "ANALYZE stage")
    for statement in (_PART, _PAIR, _END_LINKS, _BEGIN_LINKS):
        await execute(tx, statement, load.params)
    fields = {**counts.fields, **cards.fields, **({"iccid": moved} if moved else {})}
    return Counts(created, updated, total - created - updated, fields)


SUBSCRIPTIONS = Loading(
    tables=("subscription", "card", "card_subscription", "link"),
    references="o.id AS operator_id, x.id AS thing_id, c.id AS card_id",
    joins="""JOIN operator o ON o.code = r.operator
        LEFT JOIN subscription x ON x.operator_id = o.id AND x.operator_ref = r.operator_ref
        LEFT JOIN card c ON c.iccid = r.iccid""",
    unique=(
        ("iccid", ("iccid",)),
        ("imsi", ("imsi",)),
        ("operator_ref", ("operator", "operator_ref")),
        ("ip_address", ("operator", "apn", "ip_address")),
    ),
    checks=(
        Check(
            "operator_ref",
            "scope",
            "that subscription is fitted outside the regions you may edit",
            f"""SELECT g.line, g.operator_ref AS value FROM stage g
            JOIN subscription x ON x.id = g.thing_id JOIN site t ON t.id = x.site_id
            WHERE NOT coalesce({IN_SCOPE}, false)""",
        ),
        Check(
            "iccid",
            "duplicate",
            "that card is another operator's",
            """SELECT g.line, g.iccid AS value FROM stage g JOIN card c ON c.id = g.card_id
            WHERE c.operator_id <> g.operator_id""",
        ),
        Check(
            "iccid",
            "duplicate",
            "that card carries another subscription",
            """SELECT g.line, g.iccid AS value FROM stage g
            JOIN card_subscription cs ON cs.card_id = g.card_id AND cs.valid_to IS NULL
            WHERE cs.subscription_id IS DISTINCT FROM g.thing_id
                AND NOT EXISTS (SELECT FROM stage h WHERE h.thing_id = cs.subscription_id AND h.iccid <> g.iccid)""",
            repeat=True,
        ),
        Check(
            "imsi",
            "duplicate",
            "another subscription has that IMSI",
            """SELECT g.line, g.imsi AS value FROM stage g JOIN subscription x ON x.imsi = g.imsi
            WHERE x.id IS DISTINCT FROM g.thing_id""",
        ),
        Check(
            "ip_address",
            "duplicate",
            "another subscription of that APN has the address",
            """SELECT g.line, host(g.ip_address) AS value FROM stage g
            JOIN subscription x ON x.operator_id = g.operator_id AND x.ip_address = g.ip_address AND x.apn = g.apn
            WHERE x.id IS DISTINCT FROM g.thing_id AND NOT EXISTS (
                SELECT FROM stage h WHERE h.thing_id = x.id AND h.ip_address IS DISTINCT FROM x.ip_address)""",
            repeat=True,
        ),
    ),
    apply=_put,
)
