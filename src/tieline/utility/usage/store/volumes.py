"""What subscriptions used, day by day, and how the records of it come in."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from psycopg.rows import DictRow

from tieline.platform.db import Tx, copy_in, execute, fetch_all, fetch_one, fetch_value
from tieline.platform.scope import Scope, within
from tieline.utility.usage.model import Feed, Row, Used
from tieline.utility.usage.policy.periods import Part

Numbers = Sequence[int | None]


async def take(
    tx: Tx, operator_id: int, rows: Iterable[tuple[str, date, Numbers, Numbers, Numbers]], at: datetime
) -> int:
    """Keep days: (subscription, month, up, down, sessions), each from the first of the month on, each once.

    What is told takes the place of what was known of that day; None leaves it alone. In the order of the subscriptions,
    so that two that take at once do not lock each other out. Gives how many rows.
    """
    await execute(
        tx,
        """CREATE TEMPORARY TABLE IF NOT EXISTS usage_told (ref text COLLATE "C", month date, up bigint[],
               down bigint[], sessions integer[]) ON COMMIT DROP""",
    )
    number = await copy_in(
        tx, "usage_told (ref, month, up, down, sessions)", ((r, m, list(u), list(d), list(s)) for r, m, u, d, s in rows)
    )
    await execute(
        tx,
        """INSERT INTO usage_month AS m (operator_id, month, ref, up, down, sessions, told_at)
           SELECT %(operator)s, month, ref, up, down, sessions, %(at)s FROM usage_told ORDER BY month, ref
           ON CONFLICT (operator_id, month, ref) DO UPDATE SET up = usage_merged(excluded.up, m.up),
               down = usage_merged(excluded.down, m.down), sessions = usage_merged(excluded.sessions, m.sessions),
               told_at = excluded.told_at""",
        {"operator": operator_id, "at": at},
    )
    await execute(tx, "TRUNCATE usage_told")
    return number


async def look_over(tx: Tx) -> None:
    """Let PostgreSQL know how much has come in: by itself it looks later than the first rating, and goes ways for few.

    The days themselves are left out: nothing is found by them, and they are most of the work.
    """
    await execute(tx, "ANALYZE (SKIP_LOCKED) usage_member, usage_month (operator_id, month, ref, octets, last_used)")


async def note_days(tx: Tx, operator_id: int, days: Iterable[tuple[date, int]], *, source: str, at: datetime) -> None:
    """Note of which days records came in, and how many; a day's number is the largest that was told at once."""
    rows = sorted(days)
    await execute(
        tx,
        """INSERT INTO usage_day AS d (operator_id, day, records, source, read_at)
           SELECT %(operator)s, day, records, %(source)s, %(at)s
           FROM unnest(%(days)s::date[], %(counts)s::integer[]) AS r(day, records)
           ON CONFLICT (operator_id, day) DO UPDATE SET records = greatest(d.records, excluded.records),
               source = excluded.source, read_at = excluded.read_at""",
        {
            "operator": operator_id,
            "source": source,
            "at": at,
            "days": [day for day, _ in rows],
            "counts": [count for _, count in rows],
        },
    )


async def known_days(tx: Tx, operator_id: int) -> list[date]:
    """The days of which there are records, in order."""
    rows = await fetch_all(tx, "SELECT day FROM usage_day WHERE operator_id = %s ORDER BY day", [operator_id])
    return [row["day"] for row in rows]


async def feed(tx: Tx, operator_id: int) -> DictRow | None:
    """How the reading of an operator's records stands."""
    text = "SELECT corrected_until, read_at, failed_at, error FROM usage_feed WHERE operator_id = %s"
    return await fetch_one(tx, text, [operator_id])


async def was_read(tx: Tx, operator_id: int, at: datetime, corrected_until: datetime) -> None:
    """Note that everything there was to read was read; what went wrong before is over."""
    await execute(
        tx,
        """INSERT INTO usage_feed (operator_id, corrected_until, read_at) VALUES (%(id)s, %(until)s, %(at)s)
           ON CONFLICT (operator_id) DO UPDATE SET corrected_until = excluded.corrected_until,
               read_at = excluded.read_at, failed_at = NULL, error = ''""",
        {"id": operator_id, "until": corrected_until, "at": at},
    )


async def failed(tx: Tx, operator_id: int, error: str, at: datetime) -> None:
    """Note what went wrong."""
    await execute(
        tx,
        """INSERT INTO usage_feed (operator_id, failed_at, error) VALUES (%(id)s, %(at)s, %(error)s)
           ON CONFLICT (operator_id) DO UPDATE SET failed_at = excluded.failed_at, error = excluded.error""",
        {"id": operator_id, "at": at, "error": error[:1000]},
    )


async def feeds(tx: Tx, scope: Scope) -> list[Feed]:
    """How the records of operators within the scope come in; ``missing`` are days between the first and the last."""
    rows = await fetch_all(
        tx,
        f"""SELECT o.code, o.name, f.read_at, f.failed_at, coalesce(f.error, '') AS error, d.first, d.last,
               ARRAY(SELECT g.at::date FROM generate_series(d.first, d.last, interval '1 day') AS g(at)
                     WHERE NOT EXISTS (SELECT FROM usage_day k WHERE k.operator_id = o.id AND k.day = g.at::date)
                     ORDER BY g.at LIMIT 400) AS missing
            FROM operator o LEFT JOIN usage_feed f ON f.operator_id = o.id
            LEFT JOIN (SELECT operator_id, min(day) AS first, max(day) AS last FROM usage_day GROUP BY operator_id) d
                ON d.operator_id = o.id
            WHERE {within(None, "o.code")} ORDER BY o.code""",
        scope.params(),
    )
    return [
        Feed(
            row["code"],
            row["name"],
            row["read_at"],
            row["failed_at"],
            row["error"],
            row["first"],
            row["last"],
            tuple(row["missing"]),
        )
        for row in rows
    ]


async def last_known(tx: Tx, operator_id: int, until: date) -> date | None:
    """The last day of which there are records, of those until a day."""
    text = "SELECT max(day) AS day FROM usage_day WHERE operator_id = %s AND day <= %s"
    found: date | None = await fetch_value(tx, text, [operator_id, until])
    return found


async def of_subscription(tx: Tx, scope: Scope, subscription_id: int, months: Sequence[date]) -> list[Used]:
    """What a subscription used in some months, in order."""
    rows = await fetch_all(
        tx,
        f"""SELECT m.month, m.up, m.down, m.sessions, m.told_at
            FROM subscription s JOIN operator o ON o.id = s.operator_id LEFT JOIN site t ON t.id = s.site_id
            JOIN usage_month m ON m.operator_id = s.operator_id AND m.ref = s.operator_ref AND m.month = ANY(%(months)s)
            WHERE s.id = %(id)s AND {within(None, "o.code")} AND (s.site_id IS NULL OR {within("t.region")})
            ORDER BY m.month""",
        {**scope.params(), "id": subscription_id, "months": list(months)},
    )
    return [Used(row["month"], row["up"], row["down"], row["sessions"], row["told_at"]) for row in rows]


# Of the months of a period that are taken whole, the sum that stands with the row is taken.
OCTETS = """CASE WHEN p.low = 1 AND p.high >= 28 AND p.whole THEN m.octets
    ELSE usage_sum(m.up[p.low:p.high]) + usage_sum(m.down[p.low:p.high]) END"""
PARTS = "unnest(%(months)s::date[], %(lows)s::integer[], %(highs)s::integer[], %(wholes)s::boolean[])"


def bound_parts(parts: Sequence[Part], whole: Sequence[bool]) -> dict[str, list[object]]:
    """What the parts of a period bind."""
    return {
        "months": [one.month for one in parts],
        "lows": [one.low for one in parts],
        "highs": [one.high for one in parts],
        "wholes": list(whole),
    }


async def page(
    tx: Tx,
    scope: Scope,
    operator_id: int,
    bound: dict[str, object],
    *,
    plan: str | None,
    after: tuple[int, str] | None,
    limit: int,
) -> list[Row]:
    """Subscriptions by what they used in a period, the most first; those that are not in the inventory, too."""
    rows = await fetch_all(
        tx,
        f"""WITH used AS (
                SELECT m.ref, sum({OCTETS})::bigint AS octets, max(m.month + (m.last_used - 1)) AS last_used
                FROM {PARTS} AS p(month, low, high, whole)
                JOIN usage_month m ON m.operator_id = %(operator)s AND m.month = p.month GROUP BY m.ref)
            SELECT u.ref, u.octets, u.last_used, s.id AS subscription_id, o.code AS operator,
                coalesce(b.plan, s.data_plan, '') AS plan, coalesce(s.state, '') AS state, s.site_id,
                t.name AS site_name
            FROM used u JOIN operator o ON o.id = %(operator)s
            LEFT JOIN subscription s ON s.operator_id = %(operator)s AND s.operator_ref = u.ref
            LEFT JOIN site t ON t.id = s.site_id
            LEFT JOIN LATERAL (SELECT plan FROM usage_member b WHERE b.subscription_id = s.id
                AND b.from_day < %(end)s::date AND (b.to_day IS NULL OR b.to_day > %(first)s::date)
                ORDER BY b.from_day DESC LIMIT 1) b ON true
            WHERE {within(None, "o.code")} AND {within("t.region")}
                AND (%(plan)s::text IS NULL OR b.plan = %(plan)s)
                AND (%(after_octets)s::bigint IS NULL OR (u.octets, u.ref) < (%(after_octets)s, %(after_ref)s))
            ORDER BY u.octets DESC, u.ref DESC LIMIT %(limit)s""",
        {
            **scope.params(),
            **bound,
            "operator": operator_id,
            "plan": plan,
            "after_octets": after[0] if after else None,
            "after_ref": after[1] if after else "",
            "limit": limit,
        },
    )
    return [Row(**row) for row in rows]
