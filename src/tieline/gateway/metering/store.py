"""All SQL of usage, tariffs and bills."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from tieline.gateway.backends.port import Metered
from tieline.gateway.metering.model import Span
from tieline.gateway.model import Consumer
from tieline.platform.db import Tx, copy_in, execute, fetch_all, fetch_one, fetch_value
from tieline.standards.tmf.usage import Stretch, Volume

# ── taking down ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def last_closed(tx: Tx) -> dict[int, date]:
    """For each utility, the last day that is taken down; of one that was only just taken on the day before that."""
    rows = await fetch_all(
        tx,
        """SELECT m.utility_id AS id, coalesce((SELECT max(day) FROM usage_day d WHERE d.utility_id = m.utility_id),
               (m.last_modified_at AT TIME ZONE 'UTC')::date - 1) AS day
           FROM managed_object m WHERE m.class = 'SubNetwork' AND m.depth = 1""",
    )
    return {row["id"]: row["day"] for row in rows}


async def metered(tx: Tx, utility_id: int, after: str, limit: int) -> list[Metered]:
    """Subscriptions by identifier, as the network has them."""
    rows = await fetch_all(
        tx,
        """SELECT name, coalesce(observed -> 'operational' ->> 'state', attributes ->> 'state', '') AS state,
               coalesce(observed -> 'operational' ->> 'subscriptionGroup', attributes ->> 'subscriptionGroup', '')
                   AS grp
           FROM managed_object WHERE utility_id = %s AND class = 'UtilitySubscription' AND name > %s
           ORDER BY name LIMIT %s""",
        [utility_id, after, limit],
    )
    return [Metered(row["name"], row["state"], row["grp"]) for row in rows]


async def put_days(
    tx: Tx, utility_id: int, span: Span, rows: Iterable[tuple[str, Sequence[int | None], Sequence[int | None], Any]]
) -> int:
    """Write some days of subscriptions: (subscription, up, down, sessions), each from the first of the month on."""
    await execute(
        tx,
        """CREATE TEMPORARY TABLE IF NOT EXISTS counted (subscription text COLLATE "C", up bigint[], down bigint[],
               sessions integer[]) ON COMMIT DROP""",
    )
    number = await copy_in(
        tx, "counted (subscription, up, down, sessions)", ((name, list(u), list(d), list(s)) for name, u, d, s in rows)
    )
    await execute(
        tx,
        """INSERT INTO usage_month AS m (utility_id, month, subscription, up, down, sessions)
           SELECT %(utility)s, %(month)s, subscription, up, down, sessions FROM counted ORDER BY subscription
           ON CONFLICT (utility_id, month, subscription) DO UPDATE SET
               up[%(low)s:%(high)s] = excluded.up[%(low)s:%(high)s],
               down[%(low)s:%(high)s] = excluded.down[%(low)s:%(high)s],
               sessions[%(low)s:%(high)s] = excluded.sessions[%(low)s:%(high)s]""",
        {"utility": utility_id, "month": span.month, "low": span.first.day, "high": span.last.day},
    )
    await execute(tx, "TRUNCATE counted")
    return number


async def close_days(tx: Tx, utility_id: int, span: Span, now: datetime) -> None:
    """Note that some days are taken down whole: from now on utilities see them."""
    await execute(
        tx,
        """INSERT INTO usage_day (utility_id, day, closed_at)
           SELECT %s, day::date, %s FROM generate_series(%s::date, %s::date, interval '1 day') AS day
           ON CONFLICT DO NOTHING""",
        [utility_id, now, span.first, span.last],
    )


async def correct(
    tx: Tx, utility_id: int, subscription: str, day: date, volume: Volume, *, by: str, now: datetime
) -> bool:
    """Put a day right; False when it was never taken down."""
    values = {"utility": utility_id, "name": subscription, "day": day, "place": day.day, "by": by, "now": now}
    done = await execute(
        tx,
        """UPDATE usage_month SET up[%(place)s] = %(up)s, down[%(place)s] = %(down)s, sessions[%(place)s] = %(sessions)s
           WHERE utility_id = %(utility)s AND subscription = %(name)s AND month = date_trunc('month', %(day)s::date)
             AND EXISTS (SELECT FROM usage_day d WHERE d.utility_id = %(utility)s AND d.day = %(day)s)""",
        {**values, "up": volume.up, "down": volume.down, "sessions": volume.sessions},
    )
    if done:
        await execute(
            tx,
            """INSERT INTO usage_correction (utility_id, subscription, day, at, by)
               VALUES (%(utility)s, %(name)s, %(day)s, %(now)s, %(by)s)
               ON CONFLICT (utility_id, subscription, day) DO UPDATE SET at = excluded.at, by = excluded.by""",
            values,
        )
    return done > 0


# ── what utilities read ───────────────────────────────────────────────────────────────────────────────────────────────

_DAYS = """
    SELECT d.day, m.subscription, m.up[place] AS up, m.down[place] AS down, coalesce(m.sessions[place], 0) AS sessions,
        greatest(d.closed_at, c.at) AS updated_at, c.at AS corrected_at
    FROM usage_day d CROSS JOIN LATERAL (SELECT extract(day FROM d.day)::integer AS place) p
    JOIN usage_month m ON m.utility_id = d.utility_id AND m.month = date_trunc('month', d.day)::date
    LEFT JOIN usage_correction c ON c.utility_id = d.utility_id AND c.subscription = m.subscription AND c.day = d.day
    WHERE d.utility_id = %(utility)s AND m.up[place] IS NOT NULL
        AND (%(since)s::date IS NULL OR d.day >= %(since)s) AND (%(before)s::date IS NULL OR d.day < %(before)s)
        AND (%(subscription)s::text IS NULL OR m.subscription = %(subscription)s)"""
# Corrections are few and asked for often: they are begun with, not found among all days.
_CORRECTED = """
    SELECT d.day, m.subscription, m.up[place] AS up, m.down[place] AS down, coalesce(m.sessions[place], 0) AS sessions,
        greatest(d.closed_at, c.at) AS updated_at, c.at AS corrected_at
    FROM usage_correction c CROSS JOIN LATERAL (SELECT extract(day FROM c.day)::integer AS place) p
    JOIN usage_day d ON d.utility_id = c.utility_id AND d.day = c.day
    JOIN usage_month m ON m.utility_id = c.utility_id AND m.month = date_trunc('month', c.day)::date
        AND m.subscription = c.subscription
    WHERE c.utility_id = %(utility)s AND m.up[place] IS NOT NULL
        AND (%(since)s::date IS NULL OR c.day >= %(since)s) AND (%(before)s::date IS NULL OR c.day < %(before)s)
        AND (%(subscription)s::text IS NULL OR c.subscription = %(subscription)s)"""
_PAGE = "SELECT * FROM ({0}) f WHERE {1} ORDER BY day, subscription OFFSET %(offset)s LIMIT %(limit)s"
_COUNT = "SELECT count(*) FROM ({0}) f WHERE {1}"
_UPDATED = "(%(updated)s::timestamptz IS NULL OR updated_at >= %(updated)s)"


async def days(
    tx: Tx, utility_id: int, wanted: Mapping[str, Any], *, corrected: bool | None, offset: int, limit: int
) -> tuple[int, list[tuple[Stretch, bool]]]:
    """How many days of subscriptions there are, and a page of them, each with whether it was corrected."""
    text = _CORRECTED if corrected else _DAYS
    condition = _UPDATED if corrected is not False else f"{_UPDATED} AND corrected_at IS NULL"
    bound = {**wanted, "utility": utility_id, "offset": offset, "limit": limit}
    total: int = await fetch_value(tx, _COUNT.format(text, condition), bound)
    rows = await fetch_all(tx, _PAGE.format(text, condition), bound) if total > offset else []
    return total, [(_day(row), row["corrected_at"] is not None) for row in rows]


def _day(row: DictRow) -> Stretch:
    volume = Volume(row["up"], row["down"], row["sessions"])
    return Stretch(row["subscription"], row["day"], (volume,), row["updated_at"])


# Days are closed in their order: a month is known up to the last of its days that is.
_MONTHS = """
    FROM (SELECT date_trunc('month', day)::date AS month, max(day) AS last, max(closed_at) AS closed_at
          FROM usage_day WHERE utility_id = %(utility)s GROUP BY 1) d
    JOIN usage_month m ON m.utility_id = %(utility)s AND m.month = d.month
    WHERE (%(since)s::date IS NULL OR m.month >= %(since)s) AND (%(before)s::date IS NULL OR m.month < %(before)s)
        AND (%(subscription)s::text IS NULL OR m.subscription = %(subscription)s)
        AND (%(updated)s::timestamptz IS NULL OR d.closed_at >= %(updated)s)"""


async def months(
    tx: Tx, utility_id: int, wanted: Mapping[str, Any], *, offset: int, limit: int
) -> tuple[int, list[tuple[Stretch, bool]]]:
    """How many months of subscriptions there are, and a page of them, each up to the last day that is closed."""
    bound = {**wanted, "utility": utility_id, "offset": offset, "limit": limit}
    total: int = await fetch_value(tx, f"SELECT count(*) {_MONTHS}", bound)
    rows = await fetch_all(
        tx,
        f"""SELECT m.month, m.subscription, m.up, m.down, m.sessions, d.closed_at,
                extract(day FROM d.last)::integer AS n
            {_MONTHS} ORDER BY m.month, m.subscription OFFSET %(offset)s LIMIT %(limit)s""",
        bound,
    )
    return total, [(_month(row), False) for row in rows]


def _month(row: DictRow) -> Stretch:
    count = row["n"]
    found = [
        None if up is None or down is None else Volume(up, down, sessions or 0)
        for up, down, sessions in zip(row["up"][:count], row["down"][:count], row["sessions"][:count], strict=True)
    ]
    found += [None] * (count - len(found))
    return Stretch(row["subscription"], row["month"], tuple(found), row["closed_at"])


# ── tariffs and bills ─────────────────────────────────────────────────────────────────────────────────────────────────


async def put_tariff(tx: Tx, plan: str, terms: Mapping[str, Any], *, by: str, now: datetime) -> None:
    """Set what a plan costs."""
    await execute(
        tx,
        """INSERT INTO tariff (plan, terms, updated_at, updated_by) VALUES (%s, %s, %s, %s)
           ON CONFLICT (plan) DO UPDATE SET terms = excluded.terms, updated_at = excluded.updated_at,
               updated_by = excluded.updated_by""",
        [plan, Jsonb(dict(terms)), now, by],
    )


async def tariffs(tx: Tx) -> list[DictRow]:
    """What plans cost, by name."""
    return await fetch_all(tx, "SELECT plan, terms, updated_at, updated_by FROM tariff ORDER BY plan")


async def billed(tx: Tx, consumer: Consumer, month: date, after: str, limit: int) -> list[DictRow]:
    """Subscriptions with a plan by identifier: what names them, what they used in a month, what became of their state.

    ``changes`` are those of the state since the month began: [(when, before, after)].
    """
    return await fetch_all(
        tx,
        """SELECT o.name AS subscription, o.attributes ->> 'card' AS iccid, o.attributes ->> 'msisdn' AS msisdn,
               coalesce(o.attributes ->> 'dataPlan', '') AS plan, coalesce(o.attributes ->> 'state', '') AS state,
               (SELECT coalesce(sum(n), 0) FROM unnest(m.up || m.down) AS n)::bigint AS octets,
               (SELECT json_agg(json_build_array(l.at, l.before ->> 'state', l.after ->> 'state') ORDER BY l.id)
                FROM change_log l WHERE l.dn = 'SubNetwork=' || %(code)s || ',UtilitySubscription=' || o.name
                    AND l.utility_id = %(utility)s AND l.at >= %(month)s::date AND l.operation = 'changed'
                    AND l.after ? 'state') AS changes
           FROM managed_object o LEFT JOIN usage_month m
               ON m.utility_id = o.utility_id AND m.month = %(month)s AND m.subscription = o.name
           WHERE o.utility_id = %(utility)s AND o.class = 'UtilitySubscription' AND o.name > %(after)s
               AND o.attributes ->> 'dataPlan' <> ''
           ORDER BY o.name LIMIT %(limit)s""",
        {"utility": consumer.id, "code": consumer.code, "month": month, "after": after, "limit": limit},
    )


async def add_bill(tx: Tx, values: Mapping[str, Any]) -> bool:
    """Keep a bill; False when there is one of that number."""
    text = """INSERT INTO bill (utility_id, number, month, lines, total, currency, file, made_at, made_by)
              VALUES (%(utility)s, %(number)s, %(month)s, %(lines)s, %(total)s, %(currency)s, %(file)s, %(now)s, %(by)s)
              ON CONFLICT (number) DO NOTHING"""
    return await execute(tx, text, values) == 1


async def bills(tx: Tx, utility_id: int) -> list[DictRow]:
    """A utility's bills, the newest first."""
    text = """SELECT number, month, lines, total, currency, made_at, made_by FROM bill WHERE utility_id = %s
              ORDER BY id DESC LIMIT 200"""
    return await fetch_all(tx, text, [utility_id])


async def bill_file(tx: Tx, utility_id: int, number: str) -> bytes | None:
    """The file of a bill, as it is kept."""
    row = await fetch_one(tx, "SELECT file FROM bill WHERE utility_id = %s AND number = %s", [utility_id, number])
    return None if row is None else bytes(row["file"])


async def count_bills(tx: Tx, utility_id: int, month: date) -> int:
    """How many bills of a month there are."""
    text = "SELECT count(*) FROM bill WHERE utility_id = %s AND month = %s"
    found: int = await fetch_value(tx, text, [utility_id, month])
    return found
