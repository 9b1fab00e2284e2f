"""Checks bills: every line against own records, inventory and contract; and what is decided of a bill then."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC
from decimal import Decimal
from typing import Any

from psycopg.rows import DictRow

from tieline.platform import audit
from tieline.platform.clock import Clock
from tieline.platform.db import Database, Tx
from tieline.platform.errors import Conflict, Invalid, NotFound, Problem
from tieline.platform.paging import Page, decode_key, page_of
from tieline.platform.scope import Permission, Scope
from tieline.utility.inventory import csv_row
from tieline.utility.usage.jobs import defer_check
from tieline.utility.usage.model import (
    ZERO,
    Bill,
    BillState,
    Judged,
    Period,
    Verdict,
)
from tieline.utility.usage.policy.rating import owed
from tieline.utility.usage.policy.reconciling import Known, Names, reconcile, tally
from tieline.utility.usage.service.common import members_of
from tieline.utility.usage.service.taking import SYSTEM
from tieline.utility.usage.store import bills, contracts

_NEWEST = 2**63 - 1
_LONGEST = 2000
_DECIDED = {BillState.ACCEPTED, BillState.DISPUTED}
_CSV = 5000
COLUMNS = (
    "line", "subscription", "iccid", "msisdn", "plan", "charge", "days", "volume_mb", "rate", "claimed", "due",
    "difference", "verdict", "reason",
)  # fmt: skip
"""Columns of the file of what is disputed."""


async def check(db: Database, clock: Clock, bill_id: int) -> None:
    """Give every line of a bill its verdict; doing it again, after more records came in, gives them anew."""
    async with db.transaction() as tx:
        bill = await bills.one(tx, SYSTEM, bill_id)
        if bill is None or bill.state in _DECIDED:
            return
        held = await contracts.contracts(tx, SYSTEM, bill.operator)
        await contracts.follow(tx, held[0].operator_id, clock.now().astimezone(UTC).date())
    async with db.snapshot() as tx:
        lines = await bills.sent(tx, bill_id)
        period = Period(bill.first, bill.last)
        by_plan = await members_of(tx, held[0].operator_id, period)
        tariffs = await contracts.tariffs(tx, held[0].operator_id)
        known = await bills.known(tx, held[0].operator_id)

    def work_out() -> tuple[list[Judged], Mapping[str, tuple[int, Decimal, Decimal]]]:
        """Every line with its verdict, and what they come to; some seconds for a large bill."""
        judged = reconcile(lines, owed(tariffs, held[0].octets_per_mb, by_plan, period), _names(known))
        return judged, tally(judged)

    judged, sums = await asyncio.to_thread(work_out)
    counts = {name: [n, str(claimed), str(due)] for name, (n, claimed, due) in sums.items()}
    expected = sum((due for _, _, due in sums.values()), Decimal())
    async with db.transaction() as tx:
        now = await bills.one(tx, SYSTEM, bill_id, lock=True)
        if now is None or now.state in _DECIDED:
            return
        await bills.judged(tx, bill_id, judged, {"expected": expected, "counts": counts, "at": clock.now()})
        detail = {"number": bill.number, "expected": str(expected), "counts": {k: v[0] for k, v in counts.items()}}
        await audit.append(tx, SYSTEM, audit.Entry("usage.bill-checked", f"usage-bill:{bill_id}", detail))


def _names(known: Sequence[DictRow]) -> Names:
    names = Names()
    for row in known:
        names.add(Known(row["id"], row["ref"], row["state"]), iccid=row["iccid"], msisdn=row["msisdn"])
    return names


# ── reading and deciding ──────────────────────────────────────────────────────────────────────────────────────────────


async def page(
    tx: Tx,
    scope: Scope,
    *,
    operators: Sequence[str] = (),
    states: Sequence[str] = (),
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Bill]:
    """Bills, the newest first."""
    scope.require(Permission.USAGE_READ)
    before = decode_key(cursor, int)[0] if cursor else _NEWEST
    found = await bills.page(tx, scope, operators=operators, states=states, before=before, limit=limit + 1)
    return page_of(found, limit, lambda one: (one.id,))


async def one(tx: Tx, scope: Scope, bill_id: int) -> Bill:
    """A bill. Raises ``NotFound``."""
    scope.require(Permission.USAGE_READ)
    found = await bills.one(tx, scope, bill_id)
    if found is None:
        raise _missing(bill_id)
    return found


def _missing(bill_id: int) -> NotFound:
    return NotFound(f"There is no bill {bill_id}, or you may not see it.")


async def line_page(
    tx: Tx,
    scope: Scope,
    bill_id: int,
    *,
    verdicts: Sequence[str] = (),
    text: str = "",
    cursor: str | None = None,
    limit: int = 100,
) -> Page[DictRow]:
    """Lines of a bill with their verdicts, in order."""
    await one(tx, scope, bill_id)
    after = decode_key(cursor, int)[0] if cursor else 0
    found = await bills.lines(tx, bill_id, scope, verdicts=verdicts, text=text, after=after, limit=limit + 1)
    return page_of(found, limit, lambda row: (row["position"],))


async def decide(tx: Tx, scope: Scope, clock: Clock, bill_id: int, state: BillState, *, words: str) -> Bill:
    """Accept or dispute a bill that was checked; to dispute, say why. Raises ``Conflict`` before it was checked."""
    scope.require(Permission.USAGE_WRITE)
    had = await bills.one(tx, scope, bill_id, lock=True)
    if had is None:
        raise _missing(bill_id)
    if had.state is BillState.RECEIVED:
        raise Conflict("The bill is not checked yet.", advice="Wait a moment: it is being checked.")
    said = words.strip()[:_LONGEST]
    if state is BillState.DISPUTED and not said:
        raise Invalid("Say what is disputed.", [Problem("words", "required", "The operator will ask.")])
    await bills.decide(tx, scope, bill_id, state, words=said, at=clock.now())
    detail = {"number": had.number, "state": state.value, "difference": str(had.difference), "words": said}
    await audit.append(tx, scope, audit.Entry("usage.bill-decided", f"usage-bill:{bill_id}", detail))
    return await one(tx, scope, bill_id)


async def again(tx: Tx, scope: Scope, bill_id: int) -> None:
    """Have a bill checked again. Raises ``Conflict`` for one that was decided on."""
    scope.require(Permission.USAGE_WRITE)
    had = await one(tx, scope, bill_id)
    if had.state in _DECIDED:
        raise Conflict(f"The bill is {had.state.value} already.")
    await defer_check(tx, bill_id)


async def drop(tx: Tx, scope: Scope, bill_id: int) -> None:
    """Take a bill away that was sent by mistake. Raises ``Conflict`` for one that was decided on."""
    scope.require(Permission.USAGE_WRITE)
    had = await bills.one(tx, scope, bill_id, lock=True)
    if had is None:
        raise _missing(bill_id)
    if had.state in _DECIDED:
        raise Conflict(f"The bill is {had.state.value}: what was decided stays.")
    await bills.drop(tx, bill_id)
    detail = {"number": had.number, "operator": had.operator, "claimed": str(had.claimed)}
    await audit.append(tx, scope, audit.Entry("usage.bill-dropped", f"usage-bill:{bill_id}", detail))


async def dispute(db: Database, scope: Scope, bill_id: int) -> AsyncIterator[str]:
    """Every line that is not explained, as a CSV file for the operator."""
    verdicts = [one.value for one in Verdict if one is not Verdict.EXPLAINED]
    yield _csv([COLUMNS])
    after = 0
    while True:
        async with db.snapshot() as tx:
            rows = await bills.lines(tx, bill_id, scope, verdicts=verdicts, text="", after=after, limit=_CSV)
        yield _csv([_disputed(row) for row in rows])
        if len(rows) < _CSV:
            return
        after = rows[-1]["position"]


def _csv(rows: Sequence[Sequence[Any]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(map(csv_row, rows))
    return out.getvalue()


def _disputed(row: DictRow) -> list[Any]:
    claimed, owed = row["amount"] or ZERO, row["expected"] or ZERO
    told = ("line", "ref", "iccid", "msisdn", "plan", "charge", "days", "volume_mb", "rate", "amount")
    return [*(row[name] for name in told), owed, claimed - owed, row["verdict"], row["why"]]
