"""Bills and their lines."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from tieline.platform.db import Tx, copy_in, execute, fetch_all, fetch_one, fetch_value
from tieline.platform.scope import Scope, within
from tieline.utility.usage.model import Bill, BillLine, BillState, Charge, Judged

_COLUMNS = """b.id, o.code AS operator, o.name AS operator_name, b.number, b.first, b.last, b.currency, b.file_name,
    b.state, b.lines, b.bad_lines, b.problems, b.claimed, b.expected, b.counts, b.received_at, b.received_by,
    b.checked_at, b.decided_at, b.decided_by, b.words"""
_FROM = "FROM usage_bill b JOIN operator o ON o.id = b.operator_id"
_SEEN = within(None, "o.code")
_LINE = "position, line, ref, iccid, msisdn, plan, charge, days, volume_mb, rate, amount"


async def add(tx: Tx, values: Mapping[str, Any]) -> int | None:
    """Keep a bill; None when one of its number, or the very same file, is there."""
    found: int | None = await fetch_value(
        tx,
        """INSERT INTO usage_bill (operator_id, number, first, last, currency, file_name, sha256, state, lines,
               bad_lines, problems, claimed, received_at, received_by)
           VALUES (%(operator_id)s, %(number)s, %(first)s, %(last)s, %(currency)s, %(file_name)s, %(sha256)s,
               'received', %(lines)s, %(bad_lines)s, %(problems)s, %(claimed)s, %(at)s, %(by)s)
           ON CONFLICT DO NOTHING RETURNING id""",
        {**values, "problems": Jsonb(values["problems"])},
    )
    return found


async def add_lines(tx: Tx, bill_id: int, lines: Sequence[BillLine]) -> None:
    """Keep the lines of a bill as they were sent."""
    await copy_in(
        tx,
        f"usage_bill_line (bill_id, {_LINE})",
        (
            (
                bill_id,
                place,
                o.line,
                o.ref,
                o.iccid,
                o.msisdn,
                o.plan,
                o.charge.value,
                o.days,
                o.volume_mb,
                o.rate,
                o.amount,
            )
            for place, o in enumerate(lines, 1)
        ),
    )


async def same(tx: Tx, operator_id: int, number: str, sha256: str) -> DictRow | None:
    """The bill of a number or file that is there already."""
    text = "SELECT id, number, sha256 FROM usage_bill WHERE operator_id = %s AND (number = %s OR sha256 = %s) LIMIT 1"
    return await fetch_one(tx, text, [operator_id, number, sha256])


async def page(
    tx: Tx, scope: Scope, *, operators: Sequence[str], states: Sequence[str], before: int, limit: int
) -> list[Bill]:
    """Bills, the newest first."""
    rows = await fetch_all(
        tx,
        f"""SELECT {_COLUMNS} {_FROM} WHERE {_SEEN} AND b.id < %(before)s
                AND (%(operators)s::text[] IS NULL OR o.code = ANY(%(operators)s::text[]))
                AND (%(states)s::text[] IS NULL OR b.state = ANY(%(states)s::text[]))
            ORDER BY b.id DESC LIMIT %(limit)s""",
        {
            **scope.params(),
            "operators": list(operators) or None,
            "states": list(states) or None,
            "before": before,
            "limit": limit,
        },
    )
    return [_bill(row) for row in rows]


async def one(tx: Tx, scope: Scope, bill_id: int, *, lock: bool = False) -> Bill | None:
    """A bill within the scope."""
    row = await fetch_one(
        tx,
        f"SELECT {_COLUMNS} {_FROM} WHERE {_SEEN} AND b.id = %(id)s" + (" FOR UPDATE OF b" if lock else ""),
        {**scope.params(), "id": bill_id},
    )
    return None if row is None else _bill(row)


async def sent(tx: Tx, bill_id: int) -> list[BillLine]:
    """The lines as the operator sent them, in their order."""
    rows = await fetch_all(
        tx,
        f"SELECT {_LINE} FROM usage_bill_line WHERE bill_id = %s AND line IS NOT NULL ORDER BY position",
        [bill_id],
    )
    return [_line(row) for row in rows]


def _line(row: Mapping[str, Any]) -> BillLine:
    names = ("line", "ref", "iccid", "msisdn", "plan", "days", "volume_mb", "rate", "amount")
    return BillLine(charge=Charge(row["charge"]), **{name: row[name] for name in names})


async def judged(tx: Tx, bill_id: int, lines: Iterable[Judged], values: Mapping[str, Any]) -> None:
    """Put lines with their verdicts in the place of those before, and what they come to with the bill."""
    await execute(tx, "DELETE FROM usage_bill_line WHERE bill_id = %s", [bill_id])
    await copy_in(
        tx,
        f"usage_bill_line (bill_id, {_LINE}, subscription_id, verdict, expected, why)",
        (_judged(bill_id, place, one) for place, one in enumerate(lines, 1)),
    )
    await execute(
        tx,
        """UPDATE usage_bill SET state = CASE WHEN state = 'received' THEN 'checked' ELSE state END,
               expected = %(expected)s, counts = %(counts)s, checked_at = %(at)s WHERE id = %(id)s""",
        {**values, "id": bill_id, "counts": Jsonb(values["counts"])},
    )


def _judged(bill_id: int, place: int, one: Judged) -> tuple[Any, ...]:
    line, due = one.line, one.due
    if line is not None:
        named = (line.ref, line.iccid, line.msisdn, line.plan, line.charge.value, line.days, line.volume_mb, line.rate)
        return (
            bill_id,
            place,
            line.line,
            *named,
            line.amount,
            one.subscription_id,
            one.verdict.value,
            one.expected,
            one.why,
        )
    if due is None:
        raise ValueError("a line that is missing says what is due")
    names = (due.ref, "", "", due.plan, due.charge.value, due.days or None, None, due.rate, None)
    return (bill_id, place, None, *names, one.subscription_id, one.verdict.value, one.expected, one.why)


async def lines(
    tx: Tx, bill_id: int, scope: Scope, *, verdicts: Sequence[str], text: str, after: int, limit: int
) -> list[DictRow]:
    """Lines of a bill with their verdicts, in order. One within regions sees those of the sites there."""
    return await fetch_all(
        tx,
        f"""SELECT l.position, l.line, l.ref, l.iccid, l.msisdn, l.plan, l.charge, l.days, l.volume_mb, l.rate,
                l.amount,
                l.subscription_id, l.verdict, l.expected, l.why, s.site_id, t.name AS site_name
            FROM usage_bill_line l LEFT JOIN subscription s ON s.id = l.subscription_id
            LEFT JOIN site t ON t.id = s.site_id
            WHERE l.bill_id = %(bill)s AND {within("t.region")} AND l.position > %(after)s
                AND (%(verdicts)s::text[] IS NULL OR l.verdict = ANY(%(verdicts)s::text[]))
                AND (%(text)s::text = '' OR %(text)s IN (l.ref, l.iccid, l.msisdn, l.plan))
            ORDER BY l.position LIMIT %(limit)s""",
        {
            **scope.params(),
            "bill": bill_id,
            "verdicts": list(verdicts) or None,
            "text": text,
            "after": after,
            "limit": limit,
        },
    )


async def decide(tx: Tx, scope: Scope, bill_id: int, state: BillState, *, words: str, at: datetime) -> None:
    """Note what was decided of a bill."""
    await execute(
        tx,
        """UPDATE usage_bill SET state = %(state)s, decided_at = %(at)s, decided_by = %(by)s, words = %(words)s
           WHERE id = %(id)s""",
        {"id": bill_id, "state": state.value, "at": at, "by": scope.actor, "words": words},
    )


async def known(tx: Tx, operator_id: int) -> list[DictRow]:
    """Every subscription of an operator by what names it: {id, ref, msisdn, iccid, state}."""
    return await fetch_all(
        tx,
        """SELECT s.id, s.operator_ref AS ref, s.msisdn, c.iccid, s.state
           FROM subscription s LEFT JOIN card_subscription cs ON cs.subscription_id = s.id AND cs.valid_to IS NULL
           LEFT JOIN card c ON c.id = cs.card_id WHERE s.operator_id = %s""",
        [operator_id],
    )


async def drop(tx: Tx, bill_id: int) -> None:
    """Forget a bill that was sent by mistake."""
    await execute(tx, "DELETE FROM usage_bill WHERE id = %s", [bill_id])


def _bill(row: DictRow) -> Bill:
    return Bill(**{**row, "state": BillState(row["state"])})
