"""What operators report of their subscriptions, taken in bulk; an older report never overwrites a newer one."""

from collections.abc import Sequence
from typing import Any

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from tieline.platform.db import Tx, execute, fetch_all, fetch_value
from tieline.utility.inventory.model import OperatorReport

AHEAD = "interval '1 minute'"


def known_at(column: str) -> str:
    """When something was seen; NULL if that has yet to come: a clock was ahead then, and what is seen now is newer."""
    return f"CASE WHEN {column} <= now() + {AHEAD} THEN {column} END"


def since(column: str) -> str:
    """From when on something seen is no older than what is known."""
    return f"coalesce({known_at(column)}, '-infinity')"


def _newer(field: str, value: str) -> str:
    newer = f"w.f ? '{field}' AND w.at >= {since('s.reported_at')}"
    return f"op_{field} = CASE WHEN {newer} THEN {value} ELSE s.op_{field} END"


def _text(field: str) -> str:
    return _newer(field, f"w.f ->> '{field}'")


def _cell(column: str) -> str:
    return f"{column} = CASE WHEN w.cell_at >= {since('s.cell_at')} THEN w.{column} ELSE s.{column} END"


def _seen(column: str, value: str) -> str:
    newer = f"w.at >= {since('s.observed_at')}"
    return f"{column} = CASE WHEN {newer} THEN coalesce({value}, s.{column}) ELSE s.{column} END"


def _differs(field: str, operational: str) -> str:
    return f"CASE WHEN u.told ? '{field}' AND {operational} IS DISTINCT FROM u.{field} THEN '{field}' END"


# The told values are carried through ``updated`` for the reason that ``desired`` gives.
_TAKE = f"""
WITH want AS MATERIALIZED (
    SELECT s.id, e.ref, e.at, e.f, e.since, e.rat, e.band, e.cell_key, e.cell_at, e.imei, e.attached, e.last_seen,
        e.at >= {since("s.reported_at")} AS compared,
        e.at >= {since("s.observed_at")} OR e.cell_at >= {since("s.cell_at")} AS newer
    FROM jsonb_to_recordset(%(items)s) AS e(
        ref text, at timestamptz, f jsonb, since timestamptz, rat text, band text, cell_key text, cell_at timestamptz,
        imei text, attached boolean, last_seen timestamptz)
    JOIN subscription s ON s.operator_id = %(operator_id)s AND s.operator_ref = e.ref
    ORDER BY s.id FOR UPDATE OF s
), updated AS (
    UPDATE subscription s SET
        {_text("state")}, {_text("apn")}, {_text("subscription_group")}, {_text("data_plan")}, {_text("imei_lock")},
        {_newer("ip_address", "(w.f ->> 'ip_address')::inet")},
        {_newer("rat_restriction", "ARRAY(SELECT jsonb_array_elements_text(w.f -> 'rat_restriction') ORDER BY 1)")},
        {_newer("lan_groups", "ARRAY(SELECT jsonb_array_elements_text(w.f -> 'lan_groups') ORDER BY 1)")},
        op_since = CASE WHEN w.compared THEN coalesce(w.since, s.op_since) ELSE s.op_since END,
        reported_at = CASE WHEN w.f <> '{{}}' AND (w.f - 'lan_groups' <> '{{}}' OR s.reported_at IS NOT NULL)
            THEN greatest({known_at("s.reported_at")}, w.at) ELSE s.reported_at END,
        {_cell("rat")}, {_cell("band")}, {_cell("cell_key")},
        cell_at = greatest({known_at("s.cell_at")}, w.cell_at),
        {_seen("imei_seen", "w.imei")}, {_seen("attached", "w.attached")},
        last_seen = greatest({known_at("s.last_seen")}, w.last_seen),
        observed_at = greatest({known_at("s.observed_at")}, w.at)
    FROM want w
    WHERE s.id = w.id AND w.newer
    RETURNING s.*, w.at, w.compared, w.f AS told
)
SELECT u.id, u.operator_ref, u.version, u.at, u.state, u.apn, host(u.ip_address) AS ip_address, u.subscription_group,
    u.data_plan, u.rat_restriction, u.imei_lock, u.lan_groups, u.op_lan_groups,
    u.op_state, u.op_apn, host(u.op_ip_address) AS op_ip_address,
    u.op_subscription_group, u.op_data_plan, u.op_rat_restriction, u.op_imei_lock,
    CASE WHEN u.compared THEN array_remove(ARRAY[
        {_differs("state", "u.op_state")}, {_differs("apn", "u.op_apn")},
        {_differs("ip_address", "u.op_ip_address")}, {_differs("subscription_group", "u.op_subscription_group")},
        {_differs("data_plan", "u.op_data_plan")}, {_differs("imei_lock", "u.op_imei_lock")},
        {_differs("rat_restriction", "coalesce(u.op_rat_restriction, '{}')")},
        {_differs("lan_groups", "coalesce(u.op_lan_groups, '{}')")}
    ], NULL) ELSE '{{}}' END AS differing
FROM updated u
"""

_UNKNOWN = """
SELECT coalesce(array_agg(ref ORDER BY ref), '{}') FROM unnest(%(refs)s::text[]) ref
WHERE NOT EXISTS (SELECT FROM subscription s WHERE s.operator_id = %(operator_id)s AND s.operator_ref = ref)
"""


async def take(tx: Tx, operator_id: int, reports: Sequence[OperatorReport]) -> list[DictRow]:
    """Store the reports that are not older than what is known; one row for each, with the fields that differ."""
    items = [_item(report) for report in reports]
    return await fetch_all(tx, _TAKE, {"items": Jsonb(items), "operator_id": operator_id})


async def tidy(tx: Tx) -> None:
    """Make the fleet quick to count again at once, without waiting for autovacuum; ``tx`` is without a transaction."""
    await execute(tx, "VACUUM (ANALYZE, SKIP_LOCKED) subscription")


async def unknown(tx: Tx, operator_id: int, refs: Sequence[str]) -> list[str]:
    """Those of the references that the inventory does not have."""
    found: list[str] = await fetch_value(tx, _UNKNOWN, {"refs": list(refs), "operator_id": operator_id})
    return found


def _item(report: OperatorReport) -> dict[str, Any]:
    return {
        "ref": report.operator_ref,
        "at": report.reported_at,
        "f": dict(report.operational),
        "since": report.since,
        "rat": report.rat,
        "band": report.band,
        "cell_key": report.cell_key,
        "cell_at": report.cell_at,
        "imei": report.imei,
        "attached": report.attached,
        "last_seen": report.last_seen,
    }
