"""Desired values of subscriptions: taken by compare-and-set, with the before-image in the same statement."""

from collections.abc import Sequence
from typing import Any

from psycopg.types.json import Jsonb

from tieline.platform.db import Tx, execute, fetch_all
from tieline.platform.scope import Scope, within
from tieline.utility.inventory.model import DesiredChange


def image(alias: str) -> str:
    """The desired values of a subscription row as jsonb: what history keeps."""
    return f"""jsonb_build_object('state', {alias}.state, 'apn', {alias}.apn, 'ip_address', host({alias}.ip_address),
        'subscription_group', {alias}.subscription_group, 'data_plan', {alias}.data_plan,
        'rat_restriction', to_jsonb({alias}.rat_restriction), 'imei_lock', {alias}.imei_lock,
        'lan_groups', to_jsonb({alias}.lan_groups))"""


def _text(field: str) -> str:
    return f"{field} = CASE WHEN b.f ? '{field}' THEN b.f ->> '{field}' ELSE s.{field} END"


# Rows are locked in the order of their ids, so that two batches that overlap wait for one another and do not deadlock.
# A row that was changed meanwhile fails the comparison of versions after the lock is granted, and is left out. What is
# needed of a row is carried along: parts of a statement have no statistics, and joining them may take the square of
# their rows.
_APPLY = f"""
WITH want AS MATERIALIZED (
    SELECT (e ->> 0)::bigint AS id, (e ->> 1)::integer AS version, (e ->> 2)::bigint AS change_id, e -> 3 AS f
    FROM jsonb_array_elements(%(items)s) e
), before AS MATERIALIZED (
    SELECT s.id, s.version, w.change_id, w.f, {image("s")} AS was FROM subscription s
    JOIN want w ON w.id = s.id AND w.version = s.version
    JOIN operator o ON o.id = s.operator_id
    LEFT JOIN site t ON t.id = s.site_id
    WHERE {within(None, "o.code")} AND (s.site_id IS NULL OR {within("t.region")})
    ORDER BY s.id FOR UPDATE OF s
), applied AS (
    UPDATE subscription s SET
        {_text("state")}, {_text("apn")}, {_text("subscription_group")}, {_text("data_plan")}, {_text("imei_lock")},
        ip_address = CASE WHEN b.f ? 'ip_address' THEN (b.f ->> 'ip_address')::inet ELSE s.ip_address END,
        rat_restriction = CASE WHEN b.f ? 'rat_restriction'
            THEN ARRAY(SELECT jsonb_array_elements_text(b.f -> 'rat_restriction') ORDER BY 1)
            ELSE s.rat_restriction END,
        lan_groups = CASE WHEN b.f ? 'lan_groups'
            THEN ARRAY(SELECT name FROM jsonb_array_elements_text(b.f -> 'lan_groups') name ORDER BY name COLLATE "C")
            ELSE s.lan_groups END,
        version = s.version + 1
    FROM before b
    WHERE s.id = b.id AND s.version = b.version
    RETURNING s.id, s.version, b.change_id, b.was, {image("s")} AS became
), kept AS (
    INSERT INTO history (thing, thing_id, actor, reason, change_id, before, after)
    SELECT 'subscription', a.id, %(actor)s, %(reason)s, a.change_id, a.was, a.became FROM applied a
)
SELECT id, version FROM applied
"""

_VERSIONS = f"""
SELECT s.id, s.version FROM subscription s
JOIN operator o ON o.id = s.operator_id
LEFT JOIN site t ON t.id = s.site_id
WHERE s.id = ANY(%(ids)s) AND {within(None, "o.code")} AND (s.site_id IS NULL OR {within("t.region")})
"""

# The address a subscription was given is assigned; one it no longer has is free again, or kept for whom it is promised.
_SETTLE = """
WITH dropped AS (
    UPDATE address_reservation r SET at = now(),
        state = CASE WHEN r.successor_id IS NULL THEN 'released' ELSE 'reserved' END,
        subscription_id = coalesce(r.successor_id, r.subscription_id), key = coalesce(r.successor_key, r.key),
        change_id = coalesce(r.successor_change_id, r.change_id),
        successor_id = NULL, successor_key = NULL, successor_change_id = NULL
    FROM subscription s
    WHERE s.id = ANY(%(ids)s) AND r.subscription_id = s.id AND r.state = 'assigned'
        AND r.address IS DISTINCT FROM s.ip_address
)
UPDATE address_reservation r SET state = 'assigned', subscription_id = s.id, at = now()
FROM subscription s
WHERE s.id = ANY(%(ids)s) AND r.operator_id = s.operator_id AND r.apn = s.apn AND r.address = s.ip_address
    AND r.state = 'reserved'
"""


async def apply(tx: Tx, scope: Scope, changes: Sequence[DesiredChange], reason: str) -> dict[int, int]:
    """Set the desired values of those that still have the expected version; returns their new versions by id."""
    items = [[one.subscription_id, one.expected_version, one.change_id, dict(one.fields)] for one in changes]
    rows = await fetch_all(
        tx, _APPLY, {"items": Jsonb(items), "actor": scope.actor, "reason": reason, **scope.params()}
    )
    return {row["id"]: row["version"] for row in rows}


async def versions(tx: Tx, scope: Scope, ids: Sequence[int]) -> dict[int, int]:
    """The present versions of some subscriptions, as far as the scope sees them."""
    rows = await fetch_all(tx, _VERSIONS, {"ids": list(ids), **scope.params()})
    return {row["id"]: row["version"] for row in rows}


async def settle_addresses(tx: Tx, ids: Sequence[int]) -> None:
    """Bring the reservations in line with the desired addresses of some subscriptions."""
    bound: dict[str, Any] = {"ids": list(ids)}
    await execute(tx, _SETTLE, bound)
