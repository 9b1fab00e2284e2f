"""Use cases of connectors: how operators are reached, full reads of what they have, the notifications they send."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from psycopg.rows import DictRow

from tieline.platform import audit, outbox
from tieline.platform.clock import Clock
from tieline.platform.db import Database, Tx
from tieline.platform.errors import Forbidden, Invalid, NotFound, Problem
from tieline.platform.scope import Permission, Scope
from tieline.platform.secrets import Vault
from tieline.utility import inventory
from tieline.utility.connectors import store
from tieline.utility.connectors.errors import ConnectorError
from tieline.utility.connectors.leases import take
from tieline.utility.connectors.lines import SYSTEM, Lines
from tieline.utility.connectors.model import Desired, Notice, Report, Reported, not_after
from tieline.utility.connectors.policy import gap
from tieline.utility.connectors.providers.installed import PROVIDERS
from tieline.utility.connectors.reporting import as_inventory_report, as_shown

REPORTED = "subscription.reported"
"""Outbox topic: ``{operator, source, drifts: [{ref, subscription_id, field, desired, operational, by, plan}],
suspects: [subscription_id], unknown: [ref]}``; the last two stand in the first event of a batch."""

READ = "operator.read"
"""Outbox topic, once everything an operator has was read: ``{operator, sync_id, since, asked_at}``."""

CHANGED = "subscription.changed-at-operator"
"""Outbox topic: ``{operator, changes: [{ref, kind, at, before, after, by, plan}]}``, as operators notify them."""

DRIFTED = 1000
"""Drifts told in one event."""
REMEMBERED = timedelta(days=7)
LEASE_SECONDS = 60.0
_SECRET = "secret"  # noqa: S105 - the name of the field
_STAMPS = frozenset({"operator_id", "updated_at", "updated_by"})


async def connections(tx: Tx, scope: Scope) -> list[DictRow]:
    """How the operators within the scope are reached."""
    scope.require(Permission.INVENTORY_READ)
    return await store.connections(tx, scope)


async def connection(tx: Tx, scope: Scope, code: str) -> DictRow:
    """How an operator is reached; raises ``NotFound``."""
    scope.require(Permission.INVENTORY_READ)
    row = await store.connection(tx, scope, code)
    if row is None:
        raise NotFound(f"There is no connection to operator {code}.")
    return row


async def put_connection(tx: Tx, scope: Scope, vault: Vault, code: str, values: Mapping[str, Any]) -> DictRow:
    """Set how an operator is reached; lines that are open take it up with their next call."""
    scope.require(Permission.OPERATOR_WRITE)
    found = await inventory.operators(tx, scope, code)
    if not found:
        raise NotFound(f"There is no operator {code}.")
    _check(values)
    await store.put_connection(tx, scope, found[0].id, _sealed(vault, found[0].id, values))
    row = await connection(tx, scope, code)
    shown = {name: value for name, value in values.items() if name != _SECRET}
    if values.get(_SECRET) is not None:
        shown["secret"] = "changed" if values[_SECRET] else "removed"
    await audit.append(tx, scope, audit.Entry("connection.set", f"operator:{code}", shown))
    return row


async def connection_history(tx: Tx, scope: Scope, code: str, *, limit: int = 50) -> list[DictRow]:
    """How an operator's connection was set before, the latest first."""
    await connection(tx, scope, code)
    return await store.connection_history(tx, scope, code, limit=limit)


async def revert_connection(tx: Tx, scope: Scope, code: str, history_id: int) -> DictRow:
    """Set a connection as it was before one of its settings, the secret included: a new setting, kept as such."""
    scope.require(Permission.OPERATOR_WRITE)
    row = await connection(tx, scope, code)
    image = await store.connection_before(tx, scope, code, history_id)
    if image is None:
        raise NotFound(f"The connection to operator {code} has no earlier state {history_id}.")
    values = {name: value for name, value in image.items() if name not in _STAMPS}
    _check(values)
    await store.put_connection(tx, scope, row["operator_id"], values)
    await audit.append(tx, scope, audit.Entry("connection.reverted", f"operator:{code}", {"to_before": history_id}))
    return await connection(tx, scope, code)


def _sealed(vault: Vault, operator_id: int, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with the secret sealed; none is named where it shall stay, and an empty one takes it away."""
    stored = {name: value for name, value in values.items() if name != _SECRET}
    secret = values.get(_SECRET)
    if secret is not None:
        stored[_SECRET] = vault.seal(secret, store.secret_place(operator_id)) if secret else None
    return stored


def _check(values: Mapping[str, Any]) -> None:
    problems = []
    if values["provider"] not in PROVIDERS.names():
        known = ", ".join(PROVIDERS.names())
        problems.append(Problem("provider", "known", f"One of {known}.", str(values["provider"])[:80]))
    for name in ("certificate", "private_key", "authority"):
        file = str(values.get(name) or "")
        if "/" in file or "\\" in file or file.startswith("."):
            problems.append(Problem(name, "file-name", "The name of a file in the folder of keys.", file[:80]))
    if values.get("uses_tokens") and not values.get("client_id"):
        problems.append(Problem("client_id", "missing", "Say who we are to the operator's authorisation server."))
    if problems:
        raise Invalid("The connection cannot be set up so.", problems)


async def health(tx: Tx, scope: Scope) -> list[DictRow]:
    """How the operators' lines and feeds are doing."""
    scope.require(Permission.INVENTORY_READ)
    return await store.health(tx, scope)


# ── full reads ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def ask_sync(tx: Tx, scope: Scope, code: str, *, reason: str) -> int:
    """Ask for a full read of what an operator has; returns its number, for the job."""
    scope.require(Permission.INVENTORY_WRITE)
    row = await connection(tx, scope, code)
    sync_id = await store.add_sync(tx, scope, row["operator_id"], reason)
    await audit.append(tx, scope, audit.Entry("sync.asked", f"operator:{code}", {"sync": sync_id, "reason": reason}))
    return sync_id


async def syncs(tx: Tx, scope: Scope, code: str, *, limit: int = 20) -> list[DictRow]:
    """Full reads of an operator, the newest first."""
    scope.require(Permission.INVENTORY_READ)
    return await store.syncs(tx, scope, code, limit=limit)


async def sync(db: Database, lines: Lines, clock: Clock, sync_id: int) -> None:
    """Read everything an operator has and give it to the inventory, page by page; one read of an operator at a time."""
    async with db.transaction() as tx:
        row = await store.start_sync(tx, sync_id, clock.now())
    if row is None:
        return
    lease = await take(db, row["operator_id"], "sync", f"sync-{sync_id}", LEASE_SECONDS, again=True)
    message = "Another full read of this operator is under way."
    if lease is not None:
        message, read = "", 0
        since: datetime | None = None
        try:
            line = await lines.get(row["operator"])
            async for page in line.read_all():
                read += len(page)
                since = min([one.observed_at for one in page] + ([since] if since else []), default=None)
                async with db.transaction() as tx:
                    await lease.renew(tx)
                    await _take_page(tx, sync_id, row["operator"], page)
        except (ConnectorError, NotFound) as error:
            message = error.detail
        async with db.transaction() as tx:
            await lease.drop(tx)
        await inventory.tidy_reports(db, read)
    async with db.transaction() as tx:
        await store.end_sync(tx, sync_id, ok=not message, message=message, at=clock.now())
        if lease is not None and not message and since is not None:
            # An operator that showed nothing at all is taken to be in trouble, not to have lost everything.
            payload = {"operator": row["operator"], "sync_id": sync_id, "since": since, "asked_at": row["asked_at"]}
            await outbox.publish(tx, READ, payload, key=f"operator:{row['operator']}")
        entry = audit.Entry("sync.ended", f"operator:{row['operator']}", {"sync": sync_id, "message": message})
        await audit.append(tx, SYSTEM, entry)


async def _take_page(tx: Tx, sync_id: int, code: str, page: Sequence[Report]) -> None:
    told = await take_reports(tx, code, page, source="sync")
    await store.count_sync(
        tx, sync_id, read=len(page), taken=told.taken, unknown=len(told.unknown), drifts=len(told.drifts)
    )


async def take_reports(tx: Tx, code: str, reports: Sequence[Report], *, source: str) -> inventory.ReportOutcome:
    """Give an operator's reports to the inventory and tell the contexts above where it differs from what is desired."""
    outcome = await inventory.apply_reports(tx, SYSTEM, code, [as_inventory_report(report) for report in reports])
    by_ref = {report.ref: report for report in reports}
    seen = await inventory.take_sightings(tx, SYSTEM, code, [as_shown(report) for report in by_ref.values()])
    suspects: dict[str, Any] = {"suspects": seen.suspects, "unknown": seen.unknown}
    for start in range(0, max(len(outcome.drifts), 1 if any(suspects.values()) else 0), DRIFTED):
        drifts = [_drift(one, by_ref[one.operator_ref]) for one in outcome.drifts[start : start + DRIFTED]]
        payload = {"operator": code, "source": source, "drifts": drifts, "suspects": [], "unknown": [], **suspects}
        await outbox.publish(tx, REPORTED, payload, key=f"operator:{code}")
        suspects = {}
    return outcome


def _drift(drift: inventory.Drift, report: Report) -> dict[str, Any]:
    return {
        "subscription_id": drift.subscription_id,
        "ref": drift.operator_ref,
        "field": drift.field,
        "desired": drift.desired,
        "operational": drift.operational,
        "reported_at": drift.reported_at,
        "by": report.modified_by,
        "plan": report.plan,
    }


# ── notifications ─────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Taken:
    """What a notification brought. ``resync``: something was missed, so that everything should be read again."""

    new: int
    repeated: int
    resync: str = ""


async def operator_of(tx: Tx, code: str, fingerprint: str | None) -> DictRow:
    """The operator that a certificate belongs to; raises ``Forbidden`` unless it is the one that the address names."""
    row = None if fingerprint is None else await store.operator_of_certificate(tx, code, fingerprint)
    if row is None:
        raise Forbidden("This certificate is not that of this operator.")
    return row


async def take_notices(tx: Tx, clock: Clock, operator: Mapping[str, Any], notices: Sequence[Notice]) -> Taken:
    """Take what one notification says: each once, however often it comes; gaps ask for a full read."""
    operator_id, code = operator["operator_id"], operator["operator"]
    now = clock.now()
    notices = [_dated(one, now) for one in notices]
    feed = await store.feed(tx, operator_id, lock=True)
    missed = gap(None if feed is None else feed["last_sequence"], [one.sequence for one in notices])
    keyed = {_key(one): one for one in notices}
    fresh = await store.first_time(tx, operator_id, list(keyed), now)
    new = [one for key, one in keyed.items() if key in fresh]
    reports = [one.report for one in new if one.report is not None and one.kind is not Reported.DELETED]
    if reports:
        await take_reports(tx, code, _latest(reports), source="notification")
    gone = [one for one in new if one.kind is Reported.DELETED and one.ref]
    if gone:
        await inventory.mark_absent(tx, SYSTEM, code, [one.ref for one in gone], max(one.at for one in gone))
    changed = [
        one
        for one in new
        if one.kind in {Reported.CHANGED, Reported.DELETED} and (one.previous or (one.report and one.report.desired))
    ]
    if changed:
        payload = {"operator": code, "changes": [_changed(one) for one in changed]}
        await outbox.publish(tx, CHANGED, payload, key=f"operator:{code}")
    sequence = max((one.sequence for one in notices if one.sequence is not None), default=None)
    await store.heard(tx, operator_id, sequence=sequence, gaps=missed, at=now)
    asked = any(one.kind is Reported.RESYNC for one in new)
    why = f"{missed} notifications are missing." if missed else "The operator recommends it." if asked else ""
    return Taken(len(new), len(keyed) - len(new), why)


def _dated(notice: Notice, now: datetime) -> Notice:
    """A notice that is not of the future: an operator's clock that is ahead must not make all that follows old."""
    report = None if notice.report is None else not_after(notice.report, now)
    return replace(notice, at=min(notice.at, now), report=report)


def _key(notice: Notice) -> str:
    return f"{notice.subscription}:{notice.notification_id}:{notice.ref}:{notice.kind.value}"


def _latest(reports: Sequence[Report]) -> list[Report]:
    """One report of each subscription. Notifications tell parts; the parts of one subscription are put together."""
    found: dict[str, Report] = {}
    for report in reports:
        had = found.get(report.ref)
        found[report.ref] = report if had is None else _joined(had, report)
    return list(found.values())


def _joined(earlier: Report, later: Report) -> Report:
    desired: Desired = {**earlier.desired, **later.desired}
    return Report(
        ref=later.ref,
        observed_at=later.observed_at,
        desired=desired,
        operational={**earlier.operational, **later.operational},
        since=later.since or earlier.since,
        cell=later.cell or earlier.cell,
        iccid=later.iccid or earlier.iccid,
        imsi=later.imsi or earlier.imsi,
        msisdn=later.msisdn or earlier.msisdn,
        generation=later.generation or earlier.generation,
        imei=later.imei or earlier.imei,
        attached=earlier.attached if later.attached is None else later.attached,
        last_seen=later.last_seen or earlier.last_seen,
        modified_at=later.modified_at or earlier.modified_at,
        modified_by=later.modified_by or earlier.modified_by,
        plan=later.plan or earlier.plan,
    )


def _changed(notice: Notice) -> dict[str, Any]:
    report = notice.report
    return {
        "ref": notice.ref,
        "kind": notice.kind.value,
        "at": notice.at,
        "before": {field.value: value for field, value in (notice.previous or {}).items()},
        "after": {field.value: value for field, value in (report.desired if report else {}).items()},
        "by": notice.by,
        "plan": notice.plan,
    }


async def forget(tx: Tx, clock: Clock) -> int:
    """Drop the memory of notifications that are a week old: operators repeat them for days at most."""
    return await store.forget_notifications(tx, clock.now() - REMEMBERED)


async def silent(tx: Tx, clock: Clock) -> list[tuple[int, str, datetime | None]]:
    """Operators from which nothing has been heard for three heartbeats; each is told once."""
    rows = await store.silent_feeds(tx, clock.now())
    for row in rows:
        payload = {"operator": row["operator"], "heard_at": row["heard_at"]}
        await outbox.publish(tx, "operator.silent", payload, key=f"operator:{row['operator']}")
    if rows:
        entries = [audit.Entry("feed.silent", f"operator:{row['operator']}", {}) for row in rows]
        await audit.append(tx, SYSTEM, *entries)
    return [(row["operator_id"], row["operator"], row["heard_at"]) for row in rows]
