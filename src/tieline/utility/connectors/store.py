"""All SQL of connectors."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow

from tieline.platform.db import Tx, execute, fetch_all, fetch_one, fetch_value
from tieline.platform.scope import Scope, within
from tieline.platform.secrets import Place, SecretColumn

_CONNECTION = """
    SELECT k.operator_id, o.code AS operator, o.name AS operator_name, k.provider, k.base_url, k.dn, k.certificate,
        k.private_key, k.authority, k.calls_per_second, k.max_batch, k.in_flight, k.timeout_seconds,
        k.notification_fingerprint, k.notification_fingerprint_next,
        k.notification_url, k.heartbeat_seconds, k.sync_hours, k.enabled, k.lacks,
        k.uses_tokens, k.client_id, k.token_url, k.token_scope, k.secret IS NOT NULL AS has_secret,
        k.updated_at, k.updated_by
    FROM operator_connection k JOIN operator o ON o.id = k.operator_id"""


async def connections(tx: Tx, scope: Scope, *, only_enabled: bool = False) -> list[DictRow]:
    """The connections that the scope sees."""
    text = f"{_CONNECTION} WHERE (k.enabled OR NOT %(only)s) AND {within(None, 'o.code')} ORDER BY o.code"
    return await fetch_all(tx, text, {"only": only_enabled, **scope.params()})


async def connection(tx: Tx, scope: Scope, code: str) -> DictRow | None:
    """The connection of an operator."""
    text = f"{_CONNECTION} WHERE o.code = %(code)s AND {within(None, 'o.code')}"
    return await fetch_one(tx, text, {"code": code, **scope.params()})


SECRETS = (
    SecretColumn("operator_connection", "operator_id", "secret"),
    *(
        SecretColumn(
            "operator_connection_history",
            "id",
            "secret",
            value=f"({image} ->> 'secret')",
            assign=f"{image} = jsonb_set({image}, '{{secret}}', to_jsonb(%(sealed)s::text))",
            of="operator_connection",
            row="operator_id",
        )
        for image in ("before", "after")
    ),
)
"""A before-image keeps the secret as it was sealed, so that it can be put back."""


def secret_place(operator_id: int) -> Place:
    """Where the secret of a connection stands."""
    return Place("operator_connection", str(operator_id), "secret")


async def sealed_secret(tx: Tx, operator_id: int) -> str | None:
    """The sealed secret of a connection."""
    text = "SELECT secret FROM operator_connection WHERE operator_id = %(id)s"
    sealed: str | None = await fetch_value(tx, text, {"id": operator_id})
    return sealed


async def put_connection(tx: Tx, scope: Scope, operator_id: int, values: Mapping[str, Any]) -> None:
    """Set how an operator is reached, and keep how it was; a secret comes sealed, and stays if it is not named."""
    columns = sorted(values)
    names = ", ".join(columns)
    bound = ", ".join(f"%({name})s" for name in columns)
    updates = ", ".join(f"{name} = excluded.{name}" for name in columns)
    text = f"""
        WITH had AS (SELECT to_jsonb(k) AS image FROM operator_connection k WHERE operator_id = %(operator_id)s),
        has AS (
            INSERT INTO operator_connection AS k (operator_id, {names}, updated_at, updated_by)
            VALUES (%(operator_id)s, {bound}, clock_timestamp(), %(actor)s)
            ON CONFLICT (operator_id) DO UPDATE SET {updates}, updated_at = excluded.updated_at,
                updated_by = excluded.updated_by
            RETURNING to_jsonb(k) AS image)
        INSERT INTO operator_connection_history (operator_id, actor, before, after)
        SELECT %(operator_id)s, %(actor)s, (SELECT image FROM had), image FROM has"""
    await execute(tx, text, {**values, "operator_id": operator_id, "actor": scope.actor})


async def connection_history(tx: Tx, scope: Scope, code: str, *, limit: int) -> list[DictRow]:
    """How a connection was set before, the latest first; what is secret is left out."""
    text = f"""
        SELECT h.id, h.at, h.actor, h.before - 'secret' AS before, h.after - 'secret' AS after,
            (h.before ->> 'secret') IS DISTINCT FROM (h.after ->> 'secret') AS secret_changed
        FROM operator_connection_history h JOIN operator o ON o.id = h.operator_id
        WHERE o.code = %(code)s AND {within(None, "o.code")} ORDER BY h.id DESC LIMIT %(limit)s"""
    return await fetch_all(tx, text, {"code": code, "limit": limit, **scope.params()})


async def connection_before(tx: Tx, scope: Scope, code: str, history_id: int) -> Mapping[str, Any] | None:
    """The before-image of one setting of a connection, the sealed secret included."""
    text = f"""
        SELECT h.before FROM operator_connection_history h JOIN operator o ON o.id = h.operator_id
        WHERE h.id = %(id)s AND o.code = %(code)s AND {within(None, "o.code")}"""
    found: Mapping[str, Any] | None = await fetch_value(tx, text, {"id": history_id, "code": code, **scope.params()})
    return found


async def put_health(tx: Tx, operator_id: int, values: Mapping[str, Any]) -> None:
    """Keep what a line has seen lately, for people."""
    text = """
        INSERT INTO operator_health (operator_id, circuit, last_ok_at, last_error_at, last_error, calls, failures,
            throttled, at)
        VALUES (%(operator_id)s, %(circuit)s, %(last_ok_at)s, %(last_error_at)s, %(last_error)s, %(calls)s,
            %(failures)s, %(throttled)s, clock_timestamp())
        ON CONFLICT (operator_id) DO UPDATE SET circuit = excluded.circuit, last_ok_at = excluded.last_ok_at,
            last_error_at = excluded.last_error_at, last_error = excluded.last_error, calls = excluded.calls,
            failures = excluded.failures, throttled = excluded.throttled, at = excluded.at"""
    await execute(tx, text, {"operator_id": operator_id, **values})


async def health(tx: Tx, scope: Scope) -> list[DictRow]:
    """How the operators' lines are doing, and their feeds."""
    text = f"""
        SELECT o.code AS operator, h.circuit, h.last_ok_at, h.last_error_at, h.last_error, h.calls, h.failures,
            h.throttled, h.at, f.heard_at, f.silent, f.gaps, f.last_sequence, f.heartbeat_seconds
        FROM operator_connection k JOIN operator o ON o.id = k.operator_id
        LEFT JOIN operator_health h ON h.operator_id = k.operator_id
        LEFT JOIN operator_feed f ON f.operator_id = k.operator_id
        WHERE {within(None, "o.code")} ORDER BY o.code"""
    return await fetch_all(tx, text, scope.params())


# ── word of devices ───────────────────────────────────────────────────────────────────────────────────────────────────


async def device_watches(tx: Tx) -> dict[int, DictRow]:
    """Where operators were asked to send word of devices, by operator."""
    rows = await fetch_all(tx, "SELECT operator_id, watch, recipient, expires_at FROM operator_device_watch")
    return {row["operator_id"]: row for row in rows}


async def put_device_watch(tx: Tx, operator_id: int, values: Mapping[str, Any]) -> None:
    """Keep what an operator was asked for, in the place of what it was asked for before."""
    text = """
        INSERT INTO operator_device_watch (operator_id, watch, recipient, asked_at, expires_at)
        VALUES (%(operator_id)s, %(watch)s, %(recipient)s, %(asked_at)s, %(expires_at)s)
        ON CONFLICT (operator_id) DO UPDATE SET watch = excluded.watch, recipient = excluded.recipient,
            asked_at = excluded.asked_at, expires_at = excluded.expires_at"""
    await execute(tx, text, {"operator_id": operator_id, **values})


async def devices_seen(tx: Tx, operator_id: int, refs: Sequence[str]) -> dict[str, DictRow]:
    """The device that each of some subscriptions was seen with last, by the operator's name of the subscription."""
    text = """
        SELECT id, operator_ref, imei_seen FROM subscription
        WHERE operator_id = %(operator_id)s AND operator_ref = ANY(%(refs)s::text[]) ORDER BY id FOR UPDATE"""
    rows = await fetch_all(tx, text, {"operator_id": operator_id, "refs": list(refs)})
    return {row["operator_ref"]: row for row in rows}


# ── leases ────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def take_lease(
    tx: Tx, operator_id: int, purpose: str, holder: str, seconds: float, *, again: bool = False
) -> int | None:
    """Take a lease that is free or over, or ``again`` that of the same holder; its token, or None while it is held.

    One that would last for longer than any does was taken before the clock went back: its holder may be long dead, and
    one that lives finds out.
    """
    text = """
        INSERT INTO operator_lease (operator_id, purpose, holder, token, expires_at)
        VALUES (%(operator_id)s, %(purpose)s, %(holder)s, nextval('operator_lease_token'),
            clock_timestamp() + make_interval(secs => %(seconds)s))
        ON CONFLICT (operator_id, purpose) DO UPDATE SET holder = excluded.holder, token = excluded.token,
            expires_at = excluded.expires_at
        WHERE operator_lease.expires_at < clock_timestamp()
            OR operator_lease.expires_at > clock_timestamp() + 2 * make_interval(secs => %(seconds)s)
            OR (%(again)s AND operator_lease.holder = excluded.holder)
        RETURNING token"""
    bound = {"operator_id": operator_id, "purpose": purpose, "holder": holder, "seconds": seconds, "again": again}
    token: int | None = await fetch_value(tx, text, bound)
    return token


async def renew_lease(tx: Tx, operator_id: int, purpose: str, token: int, seconds: float) -> bool:
    """Keep a lease for longer; False when somebody else has it by now."""
    text = """
        UPDATE operator_lease SET expires_at = clock_timestamp() + make_interval(secs => %(seconds)s)
        WHERE operator_id = %(operator_id)s AND purpose = %(purpose)s AND token = %(token)s"""
    bound = {"operator_id": operator_id, "purpose": purpose, "token": token, "seconds": seconds}
    return await execute(tx, text, bound) == 1


async def hold_lease(tx: Tx, operator_id: int, purpose: str, token: int) -> bool:
    """Whether a lease is still ours; until the transaction ends nobody else can take it."""
    text = """
        SELECT token FROM operator_lease
        WHERE operator_id = %(operator_id)s AND purpose = %(purpose)s AND token = %(token)s FOR SHARE"""
    bound = {"operator_id": operator_id, "purpose": purpose, "token": token}
    return await fetch_one(tx, text, bound) is not None


async def has_lease(tx: Tx, operator_id: int, purpose: str, token: int) -> bool:
    """Whether a lease is ours at this moment; somebody else may take it at the next."""
    text = """
        SELECT token FROM operator_lease
        WHERE operator_id = %(operator_id)s AND purpose = %(purpose)s AND token = %(token)s"""
    bound = {"operator_id": operator_id, "purpose": purpose, "token": token}
    return await fetch_one(tx, text, bound) is not None


async def drop_lease(tx: Tx, operator_id: int, purpose: str, token: int) -> None:
    """Give a lease back."""
    text = """
        UPDATE operator_lease SET expires_at = '-infinity'
        WHERE operator_id = %(operator_id)s AND purpose = %(purpose)s AND token = %(token)s"""
    await execute(tx, text, {"operator_id": operator_id, "purpose": purpose, "token": token})


# ── pace ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

_NOW = "extract(epoch FROM clock_timestamp())::double precision"


async def pace(tx: Tx, operator_id: int) -> DictRow | None:
    """The slots of an operator, and what the database's clock shows; None: nothing is known of any call."""
    text = f"SELECT slots, not_before, version, {_NOW} AS now FROM operator_pace WHERE operator_id = %(id)s"
    return await fetch_one(tx, text, {"id": operator_id})


async def begin_pace(tx: Tx, operator_id: int, silence: float) -> None:
    """Begin with some seconds of silence, since calls may have been made that nobody remembers."""
    text = f"""
        INSERT INTO operator_pace (operator_id, not_before) VALUES (%(id)s, {_NOW} + %(silence)s)
        ON CONFLICT (operator_id) DO NOTHING"""
    await execute(tx, text, {"id": operator_id, "silence": silence})


async def put_pace(tx: Tx, operator_id: int, version: int, slots: Sequence[float]) -> float | None:
    """Put other slots in the place of the version that was seen; returns the time, or None when it is seen no more."""
    text = f"""
        UPDATE operator_pace SET slots = %(slots)s, version = version + 1
        WHERE operator_id = %(id)s AND version = %(version)s RETURNING {_NOW} AS now"""
    told: float | None = await fetch_value(tx, text, {"id": operator_id, "version": version, "slots": list(slots)})
    return told


async def hold_pace(tx: Tx, operator_id: int, seconds: float) -> None:
    """Give out no slot for so long."""
    text = f"""
        INSERT INTO operator_pace AS p (operator_id, not_before) VALUES (%(id)s, {_NOW} + %(seconds)s)
        ON CONFLICT (operator_id) DO UPDATE SET not_before = greatest(p.not_before, excluded.not_before),
            version = p.version + 1"""
    await execute(tx, text, {"id": operator_id, "seconds": seconds})


# ── feeds and notifications ───────────────────────────────────────────────────────────────────────────────────────────


async def put_feed(tx: Tx, operator_id: int, values: Mapping[str, Any]) -> None:
    """Keep that an operator was asked for notifications; what was counted before is over."""
    text = """
        INSERT INTO operator_feed (operator_id, feed, recipient, heartbeat_seconds, asked_at, heard_at)
        VALUES (%(operator_id)s, %(feed)s, %(recipient)s, %(heartbeat_seconds)s, %(at)s, %(at)s)
        ON CONFLICT (operator_id) DO UPDATE SET feed = excluded.feed, recipient = excluded.recipient,
            heartbeat_seconds = excluded.heartbeat_seconds, asked_at = excluded.asked_at, heard_at = excluded.heard_at,
            last_sequence = NULL, silent = false"""
    await execute(tx, text, {"operator_id": operator_id, **values})


async def feed(tx: Tx, operator_id: int, *, lock: bool = False) -> DictRow | None:
    """The feed an operator was asked for."""
    text = """
        SELECT feed, recipient, heartbeat_seconds, asked_at, heard_at, last_sequence, gaps, silent
        FROM operator_feed WHERE operator_id = %(id)s"""
    return await fetch_one(tx, text + (" FOR UPDATE" if lock else ""), {"id": operator_id})


async def heard(tx: Tx, operator_id: int, *, sequence: int | None, gaps: int, at: datetime) -> None:
    """Something came in on a feed: it lives, and this is how far it has come."""
    text = """
        UPDATE operator_feed SET heard_at = greatest(heard_at, %(at)s), silent = false, gaps = gaps + %(gaps)s,
            last_sequence = greatest(last_sequence, %(sequence)s::bigint)
        WHERE operator_id = %(id)s"""
    await execute(tx, text, {"id": operator_id, "at": at, "gaps": gaps, "sequence": sequence})


async def silent_feeds(tx: Tx, now: datetime) -> list[DictRow]:
    """Feeds from which nothing was heard for three heartbeats, marked now; each is returned once."""
    text = """
        UPDATE operator_feed f SET silent = true FROM operator o
        WHERE o.id = f.operator_id AND NOT f.silent AND f.heartbeat_seconds > 0
            AND f.heard_at < %(now)s - make_interval(secs => f.heartbeat_seconds * 3)
        RETURNING f.operator_id, o.code AS operator, f.heard_at"""
    return await fetch_all(tx, text, {"now": now})


async def first_time(tx: Tx, operator_id: int, keys: Sequence[str], at: datetime) -> set[str]:
    """Those of some notifications that did not come in before; they are remembered."""
    text = """
        INSERT INTO operator_notification (operator_id, key, at)
        SELECT %(id)s, k, %(at)s FROM unnest(%(keys)s::text[]) k ON CONFLICT DO NOTHING RETURNING key"""
    return {row["key"] for row in await fetch_all(tx, text, {"id": operator_id, "keys": list(keys), "at": at})}


async def forget_notifications(tx: Tx, before: datetime) -> int:
    """Drop the memory of notifications that came in long ago."""
    return await execute(tx, "DELETE FROM operator_notification WHERE at < %(before)s", {"before": before})


async def operator_of_certificate(tx: Tx, code: str, fingerprint: str) -> DictRow | None:
    """The operator of a code, if the certificate is the one it notifies with, or will."""
    text = f"""{_CONNECTION} WHERE o.code = %(code)s AND k.enabled
        AND %(fingerprint)s IN (k.notification_fingerprint, k.notification_fingerprint_next)"""
    return await fetch_one(tx, text, {"code": code, "fingerprint": fingerprint})


# ── full reads ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def add_sync(tx: Tx, scope: Scope, operator_id: int, reason: str) -> int:
    """Ask for a full read of an operator; one that waits already is enough."""
    waiting = "SELECT id FROM operator_sync WHERE operator_id = %(id)s AND state = 'queued' LIMIT 1"
    found: int | None = await fetch_value(tx, waiting, {"id": operator_id})
    if found is not None:
        return found
    text = """
        INSERT INTO operator_sync (operator_id, reason, asked_by) VALUES (%(id)s, %(reason)s, %(actor)s) RETURNING id"""
    made: int = await fetch_value(tx, text, {"id": operator_id, "reason": reason, "actor": scope.actor})
    return made


async def start_sync(tx: Tx, sync_id: int, at: datetime) -> DictRow | None:
    """Begin a full read, or begin it again after a crash; None when it is over already."""
    text = """
        UPDATE operator_sync y SET state = 'running', started_at = %(at)s, read = 0, taken = 0, unknown = 0, drifts = 0
        FROM operator o WHERE o.id = y.operator_id AND y.id = %(id)s AND y.state IN ('queued', 'running')
        RETURNING y.id, y.operator_id, o.code AS operator, y.reason, y.asked_by, y.asked_at"""
    return await fetch_one(tx, text, {"id": sync_id, "at": at})


async def count_sync(tx: Tx, sync_id: int, **counts: int) -> None:
    """Add what a page brought."""
    text = """
        UPDATE operator_sync SET read = read + %(read)s, taken = taken + %(taken)s, unknown = unknown + %(unknown)s,
            drifts = drifts + %(drifts)s WHERE id = %(id)s"""
    await execute(tx, text, {"id": sync_id, **counts})


async def end_sync(tx: Tx, sync_id: int, *, ok: bool, message: str, at: datetime) -> None:
    """End a full read."""
    text = "UPDATE operator_sync SET state = %(state)s, message = %(message)s, ended_at = %(at)s WHERE id = %(id)s"
    await execute(tx, text, {"id": sync_id, "state": "done" if ok else "failed", "message": message, "at": at})


async def syncs(tx: Tx, scope: Scope, code: str, *, limit: int) -> list[DictRow]:
    """Full reads of an operator, the newest first."""
    text = f"""
        SELECT y.id, o.code AS operator, y.state, y.reason, y.asked_by, y.asked_at, y.started_at, y.ended_at, y.read,
            y.taken, y.unknown, y.drifts, y.message
        FROM operator_sync y JOIN operator o ON o.id = y.operator_id
        WHERE o.code = %(code)s AND {within(None, "o.code")} ORDER BY y.id DESC LIMIT %(limit)s"""
    return await fetch_all(tx, text, {"code": code, "limit": limit, **scope.params()})


async def due_syncs(tx: Tx, now: datetime) -> list[DictRow]:
    """Operators whose last full read, or the last try of one, is older than their connection wants."""
    text = """
        SELECT k.operator_id, o.code AS operator FROM operator_connection k JOIN operator o ON o.id = k.operator_id
        WHERE k.enabled AND NOT EXISTS (
            SELECT FROM operator_sync y WHERE y.operator_id = k.operator_id AND (y.state = 'queued'
                OR coalesce(y.started_at, y.asked_at) > %(now)s - make_interval(secs => k.sync_hours * 3600)))"""
    return await fetch_all(tx, text, {"now": now})
