"""SQL of what staff look at: objects, plans' jobs, the change log, who is told, and what is counted."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow

from tieline.gateway.model import SEPARATOR, Consumer, path_of
from tieline.gateway.objects.store.objects import COLUMNS
from tieline.platform.db import Tx, fetch_all, fetch_one, fetch_value
from tieline.standards.mns.profile import DESIRED_NAMES, SUBSCRIPTION, SUBSCRIPTION_CLASS

_LAGS = """((attributes - %(others)s::text[]) IS DISTINCT FROM
               (coalesce(observed -> 'operational', '{}') - 'since'))"""
"""What is asked of a subscription beside what the network does: two documents compared at once."""
_OTHERS = [name for name in SUBSCRIPTION if name not in DESIRED_NAMES]
_FOUND = """(name LIKE %(begins)s OR attributes ->> 'imsi' LIKE %(ends)s OR attributes ->> 'msisdn' LIKE %(ends)s
               OR attributes ->> 'card' LIKE %(ends)s OR attributes ->> 'ipAddress' LIKE %(ends)s)"""


@dataclass(frozen=True, slots=True)
class ObjectFilter:
    """Which subscriptions to list. ``q``: the identifier's beginning, or IMSI, MSISDN, ICCID or address, or their end.

    ``lags``: the network does not do (yet) what was asked of it.
    """

    states: tuple[str, ...] = ()
    q: str = ""
    attached: bool | None = None
    lags: bool | None = None


async def subscriptions(tx: Tx, consumer: Consumer, wanted: ObjectFilter, *, after: str, limit: int) -> list[DictRow]:
    """Give subscriptions of a utility by identifier, as far as a filter takes them."""
    low = f"{path_of(consumer.root)}{SEPARATOR}{SUBSCRIPTION_CLASS}="
    parts = ["utility_id = %(utility)s", "path > %(after)s", "path < %(high)s"]
    if wanted.states:
        parts.append("attributes -> 'state' = ANY(%(states)s::jsonb[])")
    if wanted.attached is not None:
        parts.append("coalesce((observed -> 'attached')::boolean, false) = %(attached)s")
    if wanted.lags is not None:
        parts.append(f"{_LAGS} = %(lags)s")
    if wanted.q:
        parts.append(_FOUND)
    escaped = wanted.q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return await fetch_all(
        tx,
        f"SELECT {COLUMNS} FROM managed_object WHERE {' AND '.join(parts)} ORDER BY path LIMIT %(limit)s",
        {
            "utility": consumer.id,
            "after": low + after,
            "high": low[:-1] + ">",
            "limit": limit,
            "states": [f'"{state}"' for state in wanted.states],
            "attached": wanted.attached,
            "lags": wanted.lags,
            "others": _OTHERS,
            "begins": f"{escaped}%",
            "ends": f"%{escaped}",
        },
    )


async def states(tx: Tx, utility_id: int) -> dict[str, int]:
    """Count a utility's subscriptions by state."""
    rows = await fetch_all(
        tx,
        """SELECT attributes -> 'state' #>> '{}' AS state, count(*) AS n FROM managed_object
           WHERE utility_id = %s AND class = 'UtilitySubscription' GROUP BY attributes -> 'state'""",
        [utility_id],
    )
    return {row["state"] or "none": row["n"] for row in rows}


async def groups(tx: Tx, utility_id: int | None, *, after: int, limit: int) -> list[DictRow]:
    """Give 5G LAN groups by number: what each shall be, and how far the network has come with it."""
    return await fetch_all(
        tx,
        """SELECT g.id, u.code AS utility, g.name, g.document, g.size, g.revision, g.spread, g.created_at,
               g.modified_at, g.deleted
           FROM lan_group g JOIN utility u ON u.id = g.utility_id
           WHERE (%(utility)s::bigint IS NULL OR g.utility_id = %(utility)s) AND g.id > %(after)s
           ORDER BY g.id LIMIT %(limit)s""",
        {"utility": utility_id, "after": after, "limit": limit},
    )


async def group(tx: Tx, group_id: int) -> DictRow | None:
    """Give one group, with how many of its members the network has taken in."""
    return await fetch_one(
        tx,
        """SELECT g.id, u.code AS utility, g.name, g.document, g.size, g.revision, g.spread, g.created_at,
               g.modified_at, g.deleted,
               (SELECT count(*) FROM lan_member m WHERE m.group_id = g.id AND m.operational) AS taken_in
           FROM lan_group g JOIN utility u ON u.id = g.utility_id WHERE g.id = %s""",
        [group_id],
    )


async def members(tx: Tx, group_id: int, *, after: str, limit: int) -> list[DictRow]:
    """Give members of a group by subscription."""
    return await fetch_all(
        tx,
        """SELECT subscription, wanted, operational, due_at FROM lan_member
           WHERE group_id = %s AND subscription > %s ORDER BY subscription LIMIT %s""",
        [group_id, after, limit],
    )


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs of plans to list: ``kinds`` are activation, validation; ``bad`` those in which something failed.

    ``outcomes`` are states as people are told them: one that is over and in which something failed is PARTLY if any
    change of it holds, else FAILED.
    """

    utilities: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ("activation",)
    states: tuple[str, ...] = ()
    bad: bool = False
    undoes: bool | None = None
    outcomes: tuple[str, ...] = ()


_OUTCOME = """CASE WHEN j.state = 'FAILED' OR (j.state = 'COMPLETED' AND j.failed > 0)
               THEN CASE WHEN j.position > j.failed + j.rolled_back THEN 'PARTLY' ELSE 'FAILED' END
               ELSE j.state END"""


async def jobs(tx: Tx, wanted: JobFilter, *, before: int, limit: int) -> list[DictRow]:
    """Give jobs, the latest first."""
    return await fetch_all(
        tx,
        f"""SELECT j.id, u.code AS utility, j.kind, j.name, j.requested_by, j.mode, j.state, j.total, j.position,
               j.failed, j.rolled_back, j.fallback, j.fallback_of, j.message, j.created_at, j.started_at, j.stopped_at
           FROM plan_job j JOIN utility u ON u.id = j.utility_id
           WHERE j.kind = ANY(%(kinds)s) AND j.id < %(before)s
             AND (%(utilities)s::text[] IS NULL OR u.code = ANY(%(utilities)s))
             AND (%(states)s::text[] IS NULL OR j.state = ANY(%(states)s))
             AND (%(outcomes)s::text[] IS NULL OR {_OUTCOME} = ANY(%(outcomes)s))
             AND (NOT %(bad)s OR j.failed > 0 OR j.state = 'FAILED')
             AND (%(undoes)s::boolean IS NULL OR (j.fallback_of IS NOT NULL) = %(undoes)s)
           ORDER BY j.id DESC LIMIT %(limit)s""",
        {
            "kinds": list(wanted.kinds),
            "before": before,
            "utilities": list(wanted.utilities) or None,
            "states": list(wanted.states) or None,
            "outcomes": list(wanted.outcomes) or None,
            "bad": wanted.bad,
            "undoes": wanted.undoes,
            "limit": limit,
        },
    )


async def open_jobs(tx: Tx) -> list[DictRow]:
    """Give the jobs that are to be carried out, the oldest first."""
    return await fetch_all(
        tx,
        """SELECT j.id, u.code AS utility, j.kind, j.name, j.state, j.total, j.position, j.failed,
               j.rolled_back, j.created_at
           FROM plan_job j JOIN utility u ON u.id = j.utility_id
           WHERE j.state IN ('QUEUED', 'RUNNING', 'CANCELLING') ORDER BY j.id LIMIT 50""",
    )


async def job_owner(tx: Tx, job_id: int) -> DictRow | None:
    """Give whose a job is, and of which kind."""
    text = "SELECT u.code AS utility, j.kind FROM plan_job j JOIN utility u ON u.id = j.utility_id WHERE j.id = %s"
    return await fetch_one(tx, text, [job_id])


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which rows of the change log to list. ``sources`` are who did it, in full: ``staff:ada``."""

    utilities: tuple[str, ...] = ()
    parties: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    client: str = ""
    dn: str = ""
    job: int | None = None
    since: datetime | None = None
    until: datetime | None = None


async def changes(tx: Tx, wanted: LogFilter, *, before: int, limit: int) -> list[DictRow]:
    """Give rows of the change log, the latest first."""
    parts = ["l.id < %(before)s"]
    for name, predicate in _LOGGED.items():
        if getattr(wanted, name):
            parts.append(predicate)
    bound: Mapping[str, Any] = {
        **{name: getattr(wanted, name) for name in _LOGGED},
        "utilities": list(wanted.utilities),
        "parties": list(wanted.parties),
        "operations": list(wanted.operations),
        "sources": list(wanted.sources),
    }
    return await fetch_all(
        tx,
        f"""SELECT l.id, u.code AS utility, l.at, l.party, l.source, l.client, a.name AS client_name, l.operation, l.dn,
                l.version, l.before, l.after, l.reason, l.job_id, j.name AS job_name, l.change
            FROM change_log l JOIN utility u ON u.id = l.utility_id LEFT JOIN api_client a ON a.client_id = l.client
                LEFT JOIN plan_job j ON j.id = l.job_id
            WHERE {" AND ".join(parts)} ORDER BY l.id DESC LIMIT %(limit)s""",
        {**bound, "before": before, "limit": limit},
    )


_LOGGED: Mapping[str, str] = {
    "utilities": "l.utility_id = ANY(ARRAY(SELECT id FROM utility WHERE code = ANY(%(utilities)s)))",
    "parties": "l.party = ANY(%(parties)s)",
    "operations": "l.operation = ANY(%(operations)s)",
    "sources": "l.source = ANY(%(sources)s)",
    "client": "l.client = %(client)s",
    "dn": "l.dn = %(dn)s",
    "job": "l.job_id = %(job)s",
    "since": "l.at >= %(since)s",
    "until": "l.at < %(until)s",
}


async def recipients(tx: Tx, utility_id: int | None = None) -> list[DictRow]:
    """Give the addresses that utilities are told at, how deliveries go, and how much waits; of every interface.

    ``kind``: changes (NtfSubscriptionControl), notices (TMF655), events (TS 29.122).
    """
    return await fetch_all(
        tx,
        """SELECT u.code AS utility, 'changes' AS kind, m.attributes ->> 'notificationRecipientAddress' AS address,
               r.attempts, r.retry_at, r.last_error, r.delivered, r.delivered_at, r.heartbeat_s,
               (SELECT count(*) FROM notification n WHERE n.recipient_id = r.object_id) AS waiting,
               (SELECT min(event_at) FROM notification n WHERE n.recipient_id = r.object_id) AS oldest
           FROM recipient r JOIN managed_object m ON m.id = r.object_id JOIN utility u ON u.id = r.utility_id
           WHERE %(utility)s::bigint IS NULL OR r.utility_id = %(utility)s
           UNION ALL
           SELECT u.code, 'notices', h.callback, h.attempts, h.retry_at, h.last_error, h.delivered, h.delivered_at, 0,
               (SELECT count(*) FROM hub_event e WHERE e.hub_id = h.id),
               (SELECT min(at) FROM hub_event e WHERE e.hub_id = h.id)
           FROM hub h JOIN utility u ON u.id = h.utility_id
           WHERE %(utility)s::bigint IS NULL OR h.utility_id = %(utility)s
           UNION ALL
           SELECT u.code, 'events', s.destination, max(s.attempts), max(s.retry_at), max(s.last_error),
               sum(s.delivered)::bigint, NULL, 0, sum((SELECT count(*) FROM event_notification n
                   WHERE n.event_subscription_id = s.id))::bigint,
               min((SELECT min(at) FROM event_notification n WHERE n.event_subscription_id = s.id))
           FROM event_subscription s JOIN utility u ON u.id = s.utility_id
           WHERE %(utility)s::bigint IS NULL OR s.utility_id = %(utility)s
           GROUP BY u.code, s.destination
           ORDER BY 1, 2, 3""",
        {"utility": utility_id},
    )


async def queues(tx: Tx, utility_id: int | None = None) -> dict[str, int]:
    """Count what waits: orders to the network, those of them that are stuck, jobs of plans."""
    row = await fetch_one(
        tx,
        """SELECT
               (SELECT count(*) FROM network_order WHERE %(utility)s::bigint IS NULL OR utility_id = %(utility)s)
                   AS orders,
               (SELECT count(*) FROM network_order
                   WHERE attempts > 3 AND (%(utility)s::bigint IS NULL OR utility_id = %(utility)s)) AS stuck,
               (SELECT count(*) FROM plan_job WHERE state IN ('QUEUED', 'RUNNING', 'CANCELLING')
                   AND (%(utility)s::bigint IS NULL OR utility_id = %(utility)s)) AS jobs""",
        {"utility": utility_id},
    )
    return {name: int(count) for name, count in (row or {}).items()}


async def bad_jobs(tx: Tx, since: datetime, limit: int) -> tuple[int, list[DictRow]]:
    """Count activations since a moment in which something failed, and give the latest of them."""
    rows = await fetch_all(
        tx,
        """SELECT j.id, u.code AS utility, j.kind, j.name, j.state, j.total, j.position, j.failed, j.rolled_back,
               count(*) OVER () AS matching
           FROM plan_job j JOIN utility u ON u.id = j.utility_id
           WHERE j.kind = 'activation' AND j.stopped_at >= %s
             AND j.state IN ('CANCELLED', 'COMPLETED', 'FAILED') AND (j.failed > 0 OR j.state = 'FAILED')
           ORDER BY j.id DESC LIMIT %s""",
        [since, limit],
    )
    return (rows[0]["matching"] if rows else 0), rows


async def declined(tx: Tx) -> list[DictRow]:
    """Give published notices of which utilities declined the present revision, and how many did."""
    return await fetch_all(
        tx,
        """SELECT n.ref, n.content ->> 'title' AS title, count(*) AS declined
           FROM notice n JOIN notice_answer a ON a.notice_id = n.id AND a.revision = n.revision
           JOIN utility u ON u.id = a.utility_id AND (n.audience IS NULL OR u.code = ANY(n.audience))
           WHERE n.state = 'published' AND n.approval AND a.status = 'rejected'
           GROUP BY n.id ORDER BY n.id DESC LIMIT 50""",
    )


async def children(
    tx: Tx, consumer: Consumer, class_name: str, *, after: str, limit: int, state: str | None
) -> list[DictRow]:
    """Give objects of one class below the root, by identifier."""
    low = f"{path_of(consumer.root)}{SEPARATOR}{class_name}="
    return await fetch_all(
        tx,
        f"""SELECT {COLUMNS} FROM managed_object
            WHERE utility_id = %(utility)s AND path > %(after)s AND path < %(high)s
              AND (%(state)s::text IS NULL OR attributes -> 'state' = to_jsonb(%(state)s::text))
            ORDER BY path LIMIT %(limit)s""",
        {"utility": consumer.id, "after": low + after, "high": low[:-1] + ">", "limit": limit, "state": state},
    )


async def counts(tx: Tx, utility_id: int, desired: tuple[str, ...]) -> dict[str, Any]:
    """Count what there is of one utility."""
    states = await fetch_all(
        tx,
        """SELECT attributes ->> 'state' AS state, observed -> 'operational' ->> 'state' AS operational, count(*) AS n,
               count(*) FILTER (WHERE EXISTS (
                   SELECT 1 FROM unnest(%(desired)s::text[]) AS name
                   WHERE attributes -> name IS DISTINCT FROM observed -> 'operational' -> name)) AS lagging
           FROM managed_object WHERE utility_id = %(utility)s AND class = 'UtilitySubscription'
           GROUP BY 1, 2""",
        {"utility": utility_id, "desired": list(desired)},
    )
    changes = await fetch_all(
        tx, "SELECT party, count(*) AS n FROM change_log WHERE utility_id = %s GROUP BY party", [utility_id]
    )
    jobs = await fetch_all(
        tx,
        "SELECT state, count(*) AS n FROM plan_job WHERE utility_id = %s AND kind = 'activation' GROUP BY state",
        [utility_id],
    )
    cards = "SELECT count(*) FROM managed_object WHERE utility_id = %s AND class = 'UtilityCard'"
    waiting = (
        "SELECT count(*) FROM notification n JOIN recipient r ON r.object_id = n.recipient_id WHERE r.utility_id = %s"
    )
    return {
        "subscriptions": sum(row["n"] for row in states),
        "cards": await fetch_value(tx, cards, [utility_id]),
        "by_state": _summed(states, "state"),
        "by_operational_state": _summed(states, "operational"),
        "lagging": sum(row["lagging"] for row in states),
        "changes": {row["party"]: row["n"] for row in changes},
        "activation_jobs": {row["state"]: row["n"] for row in jobs},
        "notifications_waiting": await fetch_value(tx, waiting, [utility_id]),
        "orders_waiting": await fetch_value(
            tx, "SELECT count(*) FROM network_order WHERE utility_id = %s", [utility_id]
        ),
    }


def _summed(rows: Iterable[DictRow], name: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in rows:
        key = row[name] or "none"
        found[key] = found.get(key, 0) + row["n"]
    return dict(sorted(found.items()))
