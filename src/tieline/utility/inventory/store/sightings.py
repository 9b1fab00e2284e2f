"""What operators show that deviates from the inventory: kept while it does, and forgotten when it does no more."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow, class_row
from psycopg.types.json import Jsonb

from tieline.platform.db import Tx, execute, fetch_all, fetch_one, sql
from tieline.platform.scope import Scope, within
from tieline.utility.inventory.model.sightings import Shown, Sighting
from tieline.utility.inventory.model.things import FIELDS
from tieline.utility.inventory.store.reports import since

# Technologies are compared in order, so that two ways to write one list are the same.
_OURS = """jsonb_build_object('state', s.state, 'apn', s.apn, 'ip_address', host(s.ip_address),
    'subscription_group', s.subscription_group, 'data_plan', s.data_plan, 'imei_lock', s.imei_lock,
    'rat_restriction', to_jsonb(ARRAY(SELECT unnest(s.rat_restriction) ORDER BY 1)),
    'lan_groups', to_jsonb(s.lan_groups))"""

# A report says only a part; it is laid over what was seen before. What is older than the last whole report counts no
# more (clocks may differ by two seconds). Foreign values that are equal to ours are remembered for an hour: an older
# message may come late. The device's IMEI counts when it was seen after the
# link was made: what the network remembers from before belongs to the device before.
_TAKE = f"""
WITH came AS MATERIALIZED (
    SELECT e.ref, e.at, coalesce(k.told, '{{}}') || e.told AS told, coalesce(e.iccid, k.iccid) AS iccid,
        coalesce(e.imsi, k.imsi) AS imsi,
        CASE WHEN e.imei IS NOT NULL AND coalesce(e.last_seen, e.at) >= coalesce(l.valid_from, '-infinity')
            THEN e.imei ELSE k.imei END AS imei,
        CASE WHEN e.told <> '{{}}' THEN e.by ELSE coalesce(k.modified_by, e.by) END AS by,
        CASE WHEN e.told <> '{{}}' THEN e.modified_at ELSE coalesce(k.modified_at, e.modified_at) END AS modified_at,
        CASE WHEN e.told <> '{{}}' THEN e.plan ELSE coalesce(k.plan, e.plan) END AS plan,
        e.foreign_hand, s.id AS subscription_id, k.ref IS NOT NULL AS had, {_OURS} AS ours, c.iccid AS our_card,
        s.imei_lock, d.imei AS our_imei
    FROM jsonb_to_recordset(%(items)s) AS e(ref text, at timestamptz, told jsonb, iccid text, imsi text, imei text,
        last_seen timestamptz, by text, modified_at timestamptz, plan text, foreign_hand boolean)
    LEFT JOIN sighting k ON k.operator_id = %(operator_id)s AND k.ref = e.ref
    LEFT JOIN subscription s ON s.operator_id = %(operator_id)s AND s.operator_ref = e.ref
    LEFT JOIN link l ON l.subscription_id = s.id AND l.valid_to IS NULL
    LEFT JOIN device d ON d.id = l.device_id
    LEFT JOIN card_subscription cs ON cs.subscription_id = s.id AND cs.valid_to IS NULL
    LEFT JOIN card c ON c.id = cs.card_id
    WHERE e.at >= {since("k.seen_at")}
        AND e.at >= {since("s.reported_at")} - interval '2 seconds'
), judged AS MATERIALIZED (
    SELECT came.*, subscription_id IS NULL OR (ours || told) <> ours
        OR coalesce(iccid <> our_card, false) OR coalesce(imei <> imei_lock, false) OR coalesce(imei <> our_imei, false)
        AS deviates
    FROM came
), kept AS (
    INSERT INTO sighting (operator_id, ref, subscription_id, told, iccid, imsi, imei, modified_by, modified_at, plan,
        deviates, first_at, seen_at)
    SELECT %(operator_id)s, ref, subscription_id, told, iccid, imsi, imei, coalesce(by, ''), modified_at,
        coalesce(plan, ''), deviates, at, at
    FROM judged WHERE deviates OR foreign_hand ORDER BY ref
    ON CONFLICT (operator_id, ref) DO UPDATE SET subscription_id = excluded.subscription_id, told = excluded.told,
        iccid = excluded.iccid, imsi = excluded.imsi, imei = excluded.imei, modified_by = excluded.modified_by,
        modified_at = excluded.modified_at, plan = excluded.plan, seen_at = excluded.seen_at, absent_at = NULL,
        deviates = excluded.deviates,
        first_at = CASE WHEN sighting.deviates THEN sighting.first_at ELSE excluded.first_at END
), gone AS (
    DELETE FROM sighting k USING judged j
    WHERE k.operator_id = %(operator_id)s AND k.ref = j.ref AND NOT j.deviates AND NOT j.foreign_hand
)
SELECT ref, subscription_id FROM judged WHERE deviates OR had ORDER BY ref
"""

_ABSENT = """
INSERT INTO sighting (operator_id, ref, subscription_id, absent_at, first_at, seen_at)
SELECT s.operator_id, s.operator_ref, s.id, %(at)s, %(at)s, %(at)s FROM subscription s
WHERE s.operator_id = %(operator_id)s AND {which}
ON CONFLICT (operator_id, ref) DO UPDATE SET absent_at = coalesce(sighting.absent_at, excluded.absent_at),
    deviates = true, seen_at = excluded.seen_at
WHERE sighting.seen_at <= excluded.seen_at OR sighting.seen_at > now()
RETURNING subscription_id
"""
_NAMED = "s.operator_ref = ANY(%(refs)s::text[])"
_UNREAD = """s.state <> 'RETIRED' AND s.created_at < %(asked_at)s
    AND coalesce(s.observed_at, '-infinity') < %(since)s"""

_COLUMNS = """o.code AS operator, k.ref, k.subscription_id, k.told, k.iccid, k.imsi, k.imei, k.modified_by,
    k.modified_at, k.plan, k.absent_at, k.first_at, k.seen_at"""


def _differs(field: str) -> str:
    if field == "rat_restriction":
        return "(s.reported_at IS NOT NULL AND coalesce(s.op_rat_restriction, '{}') <> s.rat_restriction)"
    if field == "lan_groups":  # not every platform has groups
        return "coalesce(s.op_lan_groups <> s.lan_groups, false)"
    return f"(s.reported_at IS NOT NULL AND s.op_{field} IS DISTINCT FROM s.{field})"


_WHOLE = len(FIELDS) - 1
"""Fields that a whole report tells as wanted; groups are only told as they are in the network."""

_COUNTED = ", ".join(f"count(*) FILTER (WHERE seen AND {field}) AS {field}" for field in FIELDS)
_TALLY = f"""
SELECT count(*) FILTER (WHERE seen) AS seen, count(*) FILTER (WHERE seen AND ({" OR ".join(FIELDS)})) AS differing,
    count(*) FILTER (WHERE missing) AS missing, {_COUNTED},
    (SELECT count(*) FROM sighting k WHERE k.operator_id = %(operator_id)s AND k.subscription_id IS NULL) AS unknown
FROM (
    SELECT s.observed_at >= %(since)s AS seen, coalesce(s.observed_at, '-infinity') < %(since)s AND s.state <> 'RETIRED'
        AND s.created_at < %(asked_at)s AS missing, {", ".join(f"{_differs(field)} AS {field}" for field in FIELDS)}
    FROM subscription s WHERE s.operator_id = %(operator_id)s
) f
"""


async def take(tx: Tx, operator_id: int, batch: Sequence[Shown]) -> list[DictRow]:
    """Compare what is shown, keep what deviates and forget what does no more; rows worth a look."""
    items = [
        {
            "ref": one.ref,
            "at": one.at,
            "told": dict(one.told),
            "iccid": one.iccid,
            "imsi": one.imsi,
            "imei": one.imei,
            "last_seen": one.last_seen,
            "by": one.by,
            "modified_at": one.modified_at,
            "plan": one.plan,
            "foreign_hand": bool(one.by and not one.plan and 0 < len(one.told) < _WHOLE),
        }
        for one in batch
    ]
    return await fetch_all(tx, _TAKE, {"items": Jsonb(items), "operator_id": operator_id})


async def absent(tx: Tx, operator_id: int, refs: Sequence[str], at: datetime) -> list[int]:
    """Note that an operator has some subscriptions no more; those that the inventory never had are forgotten."""
    bound: dict[str, Any] = {"operator_id": operator_id, "refs": list(refs), "at": at}
    forget = """
        DELETE FROM sighting WHERE operator_id = %(operator_id)s AND ref = ANY(%(refs)s::text[])
            AND subscription_id IS NULL AND seen_at <= %(at)s"""
    await execute(tx, forget, bound)
    return [row["subscription_id"] for row in await fetch_all(tx, _ABSENT.format(which=_NAMED), bound)]


async def unread(tx: Tx, operator_id: int, *, since: datetime, asked_at: datetime) -> list[int]:
    """Note what a full read since a moment did not show; what it showed no more of the unknown is forgotten."""
    bound = {"operator_id": operator_id, "since": since, "asked_at": asked_at, "at": since}
    forget = """
        DELETE FROM sighting WHERE operator_id = %(operator_id)s AND subscription_id IS NULL AND seen_at < %(since)s"""
    await execute(tx, forget, bound)
    return [row["subscription_id"] for row in await fetch_all(tx, _ABSENT.format(which=_UNREAD), bound)]


_SETTLED = f"""
DELETE FROM sighting k USING subscription s
LEFT JOIN link l ON l.subscription_id = s.id AND l.valid_to IS NULL
LEFT JOIN device d ON d.id = l.device_id
LEFT JOIN card_subscription cs ON cs.subscription_id = s.id AND cs.valid_to IS NULL
LEFT JOIN card c ON c.id = cs.card_id
WHERE s.id = k.subscription_id AND k.absent_at IS NULL AND (k.plan <> '' OR k.seen_at < now() - interval '1 hour')
    AND ({_OURS} || k.told) = {_OURS} AND NOT coalesce(k.iccid <> c.iccid, false)
    AND NOT coalesce(k.imei <> s.imei_lock, false) AND NOT coalesce(k.imei <> d.imei, false)
"""


async def tidy(tx: Tx) -> None:
    """Give sightings to what the inventory has come to know since, and forget what agrees by now.

    What our own orders set agrees once they are applied here; what others set to what we want is kept for an hour.
    """
    adopt = """
        UPDATE sighting k SET subscription_id = s.id FROM subscription s
        WHERE k.subscription_id IS NULL AND s.operator_id = k.operator_id AND s.operator_ref = k.ref"""
    await execute(tx, adopt)
    await execute(tx, _SETTLED)


async def of(tx: Tx, scope: Scope, ids: Sequence[int] | None) -> list[Sighting]:
    """What is seen of some subscriptions; None: of all that the inventory has."""
    text = f"""
        SELECT {_COLUMNS} FROM sighting k JOIN operator o ON o.id = k.operator_id
        WHERE {within(None, "o.code")} AND k.subscription_id IS NOT NULL
            AND (%(ids)s::bigint[] IS NULL OR k.subscription_id = ANY(%(ids)s)) ORDER BY k.subscription_id"""
    return await _rows(tx, text, {"ids": None if ids is None else list(ids), **scope.params()})


async def unknown(
    tx: Tx, scope: Scope, operator: str | None, *, refs: Sequence[str] | None, limit: int
) -> list[Sighting]:
    """What operators have and the inventory does not; ``refs``: of these alone."""
    text = f"""
        SELECT {_COLUMNS} FROM sighting k JOIN operator o ON o.id = k.operator_id
        WHERE {within(None, "o.code")} AND k.subscription_id IS NULL
            AND (%(operator)s::text IS NULL OR o.code = %(operator)s)
            {"" if refs is None else "AND k.ref = ANY(%(refs)s::text[])"}
        ORDER BY k.operator_id, k.ref LIMIT %(limit)s"""
    named = {} if refs is None else {"refs": list(refs)}
    return await _rows(tx, text, {"operator": operator, "limit": limit, **named, **scope.params()})


async def _rows(tx: Tx, text: str, bound: dict[str, Any]) -> list[Sighting]:
    async with tx.cursor(row_factory=class_row(Sighting)) as cursor:
        await cursor.execute(sql(text), bound)
        return await cursor.fetchall()


async def tally(tx: Tx, operator_id: int, *, since: datetime, asked_at: datetime) -> DictRow:
    """Count how an operator's fleet compares with ours, in one pass."""
    row = await fetch_one(tx, _TALLY, {"operator_id": operator_id, "since": since, "asked_at": asked_at})
    return row or {}


async def moved(tx: Tx, seen: Sequence[tuple[int, int, datetime | None]]) -> list[int]:
    """Those of some subscriptions that changed, or were reported, since they had a version and were observed."""
    text = """
        SELECT s.id FROM unnest(%(ids)s::bigint[], %(versions)s::integer[], %(ats)s::timestamptz[]) e(id, version, at)
        JOIN subscription s ON s.id = e.id
        WHERE s.version <> e.version OR s.observed_at IS DISTINCT FROM e.at ORDER BY s.id"""
    bound = {"ids": [one[0] for one in seen], "versions": [one[1] for one in seen], "ats": [one[2] for one in seen]}
    return [row["id"] for row in await fetch_all(tx, text, bound)]


async def marks(tx: Tx, ids: Sequence[int]) -> dict[int, tuple[int, datetime | None]]:
    """Version and time of the last report of some subscriptions, for :func:`moved`."""
    text = "SELECT id, version, observed_at FROM subscription WHERE id = ANY(%(ids)s)"
    return {row["id"]: (row["version"], row["observed_at"]) for row in await fetch_all(tx, text, {"ids": list(ids)})}


async def by_refs(tx: Tx, operator_id: int, refs: Sequence[str]) -> dict[str, int]:
    """The inventory's numbers of some of an operator's subscriptions."""
    text = """
        SELECT id, operator_ref FROM subscription
        WHERE operator_id = %(operator_id)s AND operator_ref = ANY(%(refs)s::text[])"""
    rows = await fetch_all(tx, text, {"operator_id": operator_id, "refs": list(refs)})
    return {row["operator_ref"]: row["id"] for row in rows}
