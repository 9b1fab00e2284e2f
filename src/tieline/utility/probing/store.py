"""All SQL of probing."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from tieline.platform.db import Tx, execute, fetch_all, fetch_one, fetch_value
from tieline.platform.scope import Scope, within
from tieline.utility.inventory import Reach
from tieline.utility.probing.model import Answered, AnswerFilter, Latest, Probe, ProbeFilter, Settled, Taken, Why
from tieline.utility.probing.policy import LONGEST_PAUSE_S

_SEEN = within("p.region", "p.operator")


async def add(tx: Tx, scope: Scope, reached: Sequence[tuple[Reach, str]], *, origin: str, now: datetime) -> int:
    """Put probes, each under its key, into the queue; gives how many. What was asked under it before is not again."""
    return await execute(
        tx,
        """INSERT INTO probe (subscription_id, origin, key, operator, region, asked_by, asked_at, due_at)
           SELECT id, %(origin)s, key, operator, region, %(actor)s, %(now)s, %(now)s
           FROM unnest(%(ids)s::bigint[], %(keys)s::text[], %(operators)s::text[], %(regions)s::text[])
               AS r(id, key, operator, region)
           ORDER BY id ON CONFLICT (origin, key, subscription_id) DO NOTHING""",
        {
            "origin": origin,
            "actor": scope.actor,
            "now": now,
            "ids": [one.subscription_id for one, _ in reached],
            "keys": [key for _, key in reached],
            "operators": [one.operator_code for one, _ in reached],
            "regions": [one.region for one, _ in reached],
        },
    )


async def take(tx: Tx, now: datetime, until: datetime, limit: int) -> list[Taken]:
    """Take probes that are due, and that nobody else has taken; they are free again after ``until``."""
    rows = await fetch_all(
        tx,
        """UPDATE probe p SET taken_until = %(until)s
           FROM (SELECT id FROM probe
                 WHERE answered_at IS NULL AND (due_at <= %(now)s OR due_at > %(latest)s)
                     AND (taken_until IS NULL OR taken_until < %(now)s OR taken_until > %(latest)s)
                 ORDER BY due_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED) AS due
           WHERE p.id = due.id RETURNING p.id, p.subscription_id, p.origin, p.key, p.attempts""",
        {"now": now, "until": until, "latest": now + 2 * timedelta(seconds=LONGEST_PAUSE_S), "limit": limit},
    )
    return [Taken(**row) for row in rows]


async def postpone(tx: Tx, settled: Sequence[Settled]) -> None:
    """Have probes asked once more."""
    if settled:
        rows = [{"id": one.probe.id, "due": one.again_at} for one in settled]
        await execute(
            tx,
            """UPDATE probe p SET attempts = p.attempts + 1, due_at = r.due, taken_until = NULL
               FROM jsonb_to_recordset(%s) AS r(id bigint, due timestamptz)
               WHERE p.id = r.id AND p.answered_at IS NULL""",
            [Jsonb(rows)],
        )


async def answer(tx: Tx, settled: Sequence[Settled]) -> set[int]:
    """Write down what came of probes; gives those that nobody had written down before."""
    if not settled:
        return set()
    rows = await fetch_all(
        tx,
        """UPDATE probe p SET attempts = p.attempts + 1, taken_until = NULL, answered_at = r.at, ok = r.ok, why = r.why,
               address = r.address, connect_ms = r.connect_ms, rtt_ms = r.rtt_ms
           FROM jsonb_to_recordset(%s) AS r(id bigint, at timestamptz, ok boolean, why text, address text,
               connect_ms double precision, rtt_ms double precision)
           WHERE p.id = r.id AND p.answered_at IS NULL RETURNING p.id""",
        [Jsonb([{"id": one.probe.id, **_row(one)} for one in settled])],
    )
    return {row["id"] for row in rows}


async def keep_latest(tx: Tx, settled: Sequence[Settled]) -> None:
    """Keep the last answer of each subscription; always locked in one order."""
    if settled:
        newest = {one.probe.subscription_id: one for one in sorted(settled, key=lambda one: one.at)}
        rows = [{"id": key, "origin": newest[key].probe.origin, **_row(newest[key])} for key in sorted(newest)]
        await execute(
            tx,
            """INSERT INTO probe_latest AS l (subscription_id, ok, why, address, connect_ms, rtt_ms, origin, at)
               SELECT id, ok, why, address, connect_ms, rtt_ms, origin, at
               FROM jsonb_to_recordset(%s) AS r(id bigint, at timestamptz, ok boolean, why text, address text,
                   connect_ms double precision, rtt_ms double precision, origin text)
               ORDER BY id
               ON CONFLICT (subscription_id) DO UPDATE SET ok = excluded.ok, why = excluded.why,
                   address = excluded.address, connect_ms = excluded.connect_ms, rtt_ms = excluded.rtt_ms,
                   origin = excluded.origin, at = excluded.at
               WHERE excluded.at >= l.at""",
            [Jsonb(rows)],
        )


def _row(one: Settled) -> dict[str, Any]:
    answered = one.answer
    return {
        "at": one.at,
        "ok": answered.ok,
        "why": answered.why,
        "address": one.address,
        "connect_ms": answered.connect_ms,
        "rtt_ms": answered.rtt_ms,
    }


async def latest(tx: Tx, subscription_ids: Sequence[int]) -> list[Latest]:
    """Give the last answers of subscriptions; those never asked are left out."""
    rows = await fetch_all(
        tx,
        """SELECT subscription_id, ok, why, address, connect_ms, rtt_ms, origin, at FROM probe_latest
           WHERE subscription_id = ANY(%s) ORDER BY subscription_id""",
        [list(subscription_ids)],
    )
    return [Latest(**{**row, "why": Why(row["why"])}) for row in rows]


async def waiting_of(tx: Tx, subscription_id: int) -> datetime | None:
    """Since when a subscription's application is being asked, if it is."""
    row = await fetch_one(
        tx,
        "SELECT min(asked_at) AS since FROM probe WHERE subscription_id = %s AND answered_at IS NULL",
        [subscription_id],
    )
    since: datetime | None = row["since"] if row else None
    return since


async def page(tx: Tx, scope: Scope, wanted: ProbeFilter, *, before: int | None, limit: int) -> list[Probe]:
    """Give probes within the scope, the newest first."""
    text = f"""SELECT p.id, p.subscription_id, p.origin, p.key, p.operator, p.asked_by, p.asked_at, p.attempts,
               p.answered_at, p.ok, p.why, p.address, p.connect_ms, p.rtt_ms
           FROM probe p
           WHERE {_SEEN} AND (%(before)s::bigint IS NULL OR p.id < %(before)s)
             AND (%(subscription)s::bigint IS NULL OR p.subscription_id = %(subscription)s)
             AND (%(ok)s::boolean IS NULL OR p.ok = %(ok)s)
             AND (%(waiting)s::boolean IS NULL OR (p.answered_at IS NULL) = %(waiting)s)
             AND (%(why)s::text IS NULL OR p.why = %(why)s)
             AND (%(origin)s::text IS NULL OR p.origin = %(origin)s)
             AND (%(key)s::text IS NULL OR p.key = %(key)s)
           ORDER BY p.id DESC LIMIT %(limit)s"""
    bound = {
        **scope.params(),
        "before": before,
        "limit": limit,
        "subscription": wanted.subscription_id,
        "ok": wanted.ok,
        "waiting": wanted.waiting,
        "why": wanted.why,
        "origin": wanted.origin,
        "key": wanted.key,
    }
    rows = await fetch_all(tx, text, bound)
    return [Probe(**{**row, "why": None if row["why"] is None else Why(row["why"])}) for row in rows]


async def counts(tx: Tx, scope: Scope, since: datetime) -> list[DictRow]:
    """Count probes within the scope: those that wait (``why`` is null), and those answered since then, by outcome."""
    return await fetch_all(
        tx,
        f"""SELECT why, count(*) AS n FROM probe p
            WHERE {_SEEN} AND (answered_at IS NULL OR answered_at >= %(since)s) GROUP BY why ORDER BY n DESC, why""",
        {**scope.params(), "since": since},
    )


async def forget(tx: Tx, before: datetime, limit: int) -> int:
    """Forget answered probes from before then, so many at most; the last answers stay."""
    return await execute(
        tx,
        """DELETE FROM probe WHERE id IN (
               SELECT id FROM probe WHERE answered_at < %s ORDER BY answered_at LIMIT %s FOR UPDATE SKIP LOCKED)""",
        [before, limit],
    )


_LAST = """FROM probe_latest l JOIN subscription s ON s.id = l.subscription_id JOIN operator o ON o.id = s.operator_id
    LEFT JOIN site t ON t.id = s.site_id"""
_WAITS = "(SELECT min(p.asked_at) FROM probe p WHERE p.subscription_id = l.subscription_id AND p.answered_at IS NULL)"
_LAST_SEEN = f"{within(None, 'o.code')} AND (s.site_id IS NULL OR {within('t.region')})"


def _wanted(wanted: AnswerFilter, scope: Scope) -> tuple[str, dict[str, Any]]:
    """The condition of a filter within the scope, and what it binds."""
    parts, bound = [_LAST_SEEN], dict[str, Any](scope.params())
    if wanted.ok is not None:
        parts.append("l.ok" if wanted.ok else "NOT l.ok")
    for name, column, values in (
        ("whys", "l.why", wanted.whys),
        ("codes", "o.code", wanted.operators),
        ("regions", "t.region", wanted.regions),
    ):
        if values:
            parts.append(f"{column} = ANY(%({name})s::text[])")
            bound[name] = list(values)
    if wanted.before is not None:
        parts.append("l.at < %(until)s")
        bound["until"] = wanted.before
    if wanted.waiting is not None:
        ids = "(SELECT p.subscription_id FROM probe p WHERE p.answered_at IS NULL)"
        parts.append(f"l.subscription_id {'' if wanted.waiting else 'NOT '}IN {ids}")
    if wanted.site_id is not None:
        parts.append("s.site_id = %(site_id)s")
        bound["site_id"] = wanted.site_id
    if wanted.text:
        parts.append(
            "(strpos(lower(t.name), %(part)s) > 0 OR strpos(lower(s.operator_ref), %(part)s) > 0"
            " OR starts_with(l.address, %(part)s) OR lower(t.external_id) = %(part)s)"
        )
        bound["part"] = wanted.text.lower()
    return " AND ".join(parts), bound


async def answers(
    tx: Tx, scope: Scope, wanted: AnswerFilter, *, before: tuple[datetime, int] | None, limit: int
) -> list[Answered]:
    """Give last answers within the scope, the newest first."""
    where, bound = _wanted(wanted, scope)
    if before is not None:
        where += " AND (l.at, l.subscription_id) < (%(at)s, %(id)s)"
        bound |= {"at": before[0], "id": before[1]}
    rows = await fetch_all(
        tx,
        f"""SELECT l.subscription_id, o.code AS operator, s.operator_ref AS ref, t.id AS site_id, t.name AS site_name,
                t.region, l.ok, l.why, l.address, l.rtt_ms, l.at, {_WAITS} AS waiting_since
            {_LAST} WHERE {where} ORDER BY l.at DESC, l.subscription_id DESC LIMIT %(limit)s""",
        {**bound, "limit": limit},
    )
    return [Answered(**{**row, "why": Why(row["why"])}) for row in rows]


async def count_answers(tx: Tx, scope: Scope, wanted: AnswerFilter) -> int:
    """Count last answers within the scope."""
    where, bound = _wanted(wanted, scope)
    return int(await fetch_value(tx, f"SELECT count(*) {_LAST} WHERE {where}", bound))


async def answered_ids(tx: Tx, scope: Scope, wanted: AnswerFilter, limit: int) -> list[int]:
    """The subscriptions of last answers within the scope."""
    where, bound = _wanted(wanted, scope)
    text = f"SELECT l.subscription_id {_LAST} WHERE {where} ORDER BY l.subscription_id LIMIT %(limit)s"
    return [row["subscription_id"] for row in await fetch_all(tx, text, {**bound, "limit": limit})]


async def answers_by_why(tx: Tx, scope: Scope) -> list[DictRow]:
    """Count last answers within the scope by outcome, and those being asked now (``why`` is null)."""
    return await fetch_all(
        tx,
        f"""SELECT l.why, count(*) AS n {_LAST} WHERE {_LAST_SEEN} GROUP BY l.why
            UNION ALL SELECT NULL, count(*) FROM probe p WHERE p.answered_at IS NULL AND {_SEEN}""",
        scope.params(),
    )
