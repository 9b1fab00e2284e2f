"""Tariffs and bills, as the operator's staff keep and make them; and the steering of what is counted."""

import asyncio
import re
import zlib
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from tieline.gateway.authorization.clients import staff as staff_scope
from tieline.gateway.backends.simulated.staging import staged
from tieline.gateway.backoffice.access import Code, CurrentParts, authenticated, consumer_named
from tieline.gateway.backoffice.simulation import only_utility
from tieline.gateway.metering import billing, store
from tieline.gateway.metering.counting import MOST_DAYS, Counter, over
from tieline.gateway.metering.model import Billed, Line, Terms, month_after
from tieline.gateway.model import Consumer
from tieline.gateway.parts import Parts
from tieline.platform import audit
from tieline.platform.errors import Conflict, Invalid, NotFound, Problem
from tieline.standards.tmf.usage import MOST_OCTETS, MOST_SESSIONS, Volume

router = APIRouter(prefix="/backoffice/v1", tags=["metering"], dependencies=[Depends(authenticated)])
simulation = APIRouter(prefix="/simulation/v1", tags=["simulation"], dependencies=[Depends(authenticated)])

_LINE = r"^[^\x00-\x1f\x7f]+$"
_PIECE = 2000
_MONTH = re.compile(r"(20\d\d|21\d\d)-(0[1-9]|1[0-2])")
Plan = Annotated[str, Path(min_length=1, max_length=100, pattern=_LINE)]
Number = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,64}$")]
Money = Annotated[Decimal, Field(ge=0, le=1_000_000, max_digits=14, decimal_places=6)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TariffBody(_Strict):
    """What a plan costs; ``included_mb`` is for each subscription and month, and shared by all of them if pooled."""

    currency: str = Field(pattern=r"^[A-Z]{3}$")
    monthly_fee: Money
    included_mb: int = Field(ge=0, le=10_000_000)
    pooled: bool
    overage_per_mb: Money
    step_octets: int = Field(1000, ge=1, le=1_000_000_000)
    octets_per_mb: int = Field(1_000_000, ge=1_000_000, le=1_048_576)
    by: str = Field(min_length=1, max_length=100, pattern=_LINE)


class BillBody(_Strict):
    """Which month to bill. ``staged``: with some errors on purpose, for demonstrations."""

    month: str = Field(pattern=r"^\d{4}-\d\d$", description="Like 2026-10.")
    staged: bool = False
    by: str = Field(min_length=1, max_length=100, pattern=_LINE)


class Bill(BaseModel):
    """A bill."""

    number: str
    month: date
    lines: int
    total: Decimal
    currency: str
    made_at: datetime
    made_by: str


class HistoryBody(_Strict):
    """Since when the network is to have counted; one utility unless another is named."""

    since: date
    utility: str | None = Field(None, max_length=64)


class CorrectionBody(_Strict):
    """A day of a subscription as it really was."""

    subscription: str = Field(min_length=1, max_length=200, pattern=_LINE)
    day: date
    up: int = Field(ge=0, le=MOST_OCTETS)
    down: int = Field(ge=0, le=MOST_OCTETS)
    sessions: int = Field(0, ge=0, le=MOST_SESSIONS)
    by: str = Field(min_length=1, max_length=100, pattern=_LINE)


@router.put("/tariffs/{plan}", status_code=204)
async def put_tariff(plan: Plan, body: TariffBody, parts: CurrentParts) -> Response:
    """Set what a plan costs from the next bill on."""
    terms = msgspec.to_builtins(msgspec.convert(body.model_dump(exclude={"by"}), Terms))
    async with parts.db.transaction() as tx:
        await store.put_tariff(tx, plan, terms, by=f"staff:{body.by}", now=parts.clock.now())
        await audit.append(tx, staff_scope(body.by), audit.Entry("tariff.set", f"tariff:{plan}", terms))
    return Response(status_code=204)


@router.get("/tariffs")
async def list_tariffs(parts: CurrentParts) -> list[dict[str, Any]]:
    """What plans cost."""
    async with parts.db.snapshot() as tx:
        return [dict(row) for row in await store.tariffs(tx)]


@router.post("/utilities/{code}/usage/corrections", status_code=204)
async def correct_usage(code: Code, body: CorrectionBody, parts: CurrentParts) -> Response:
    """Put a day of a subscription right; the utility finds it as corrected."""
    volume = Volume(body.up, body.down, body.sessions)
    async with parts.db.transaction() as tx:
        consumer = await consumer_named(tx, code)
        done = await store.correct(
            tx, consumer.id, body.subscription, body.day, volume, by=f"staff:{body.by}", now=parts.clock.now()
        )
        if not done:
            raise NotFound(f"Nothing was taken down of {body.subscription} on {body.day}.")
        detail = {"utility": code, "day": body.day.isoformat(), "up": body.up, "down": body.down}
        entry = audit.Entry("usage.corrected", f"subscription:{body.subscription}", detail)
        await audit.append(tx, staff_scope(body.by), entry)
    return Response(status_code=204)


@router.post("/utilities/{code}/bills", status_code=201)
async def make_bill(code: Code, body: BillBody, parts: CurrentParts) -> Bill:
    """Bill a month that is over."""
    match = _MONTH.fullmatch(body.month)
    month = date(int(match[1]), int(match[2]), 1) if match else None
    if month is None or month_after(month) - timedelta(days=1) > over(parts.clock.now()):
        raise Invalid("That month is not over.", [Problem("month", "range", "A month that is over, like 2026-10.")])
    async with parts.db.snapshot() as tx:
        consumer = await consumer_named(tx, code)
        tariffs = {row["plan"]: msgspec.convert(row["terms"], Terms) for row in await store.tariffs(tx)}
        count = await store.count_bills(tx, consumer.id, month)
    if not tariffs:
        raise Conflict("No plan has a tariff, so nothing can be billed.")
    found = await _billed(parts, consumer, month)
    lines = await asyncio.to_thread(billing.bill, found, tariffs, month)
    if body.staged:
        lines = staged(lines, found, tariffs, parts.settings.seed)
    number = f"{parts.settings.code}-{body.month.replace('-', '')}-{code}" + (f"-{count + 1}" if count else "")
    return await _keep(
        parts, consumer, number, month, lines, by=body.by, currency=next(iter(tariffs.values())).currency
    )


async def _billed(parts: Parts, consumer: Consumer, month: date) -> list[Billed]:
    found: list[Billed] = []
    after = ""
    while True:
        async with parts.db.snapshot() as tx:
            rows = await store.billed(tx, consumer, month, after, _PIECE)
        for row in rows:
            days = billing.days_alive(row["state"], row["changes"] or (), month)
            names = (row["subscription"], row["iccid"] or "", row["msisdn"] or "", row["plan"])
            found.append(Billed(*names, days, row["octets"] or 0))
        if len(rows) < _PIECE:
            return found
        after = rows[-1]["subscription"]
        await parts.traffic.give_way()


async def _keep(
    parts: Parts, consumer: Consumer, number: str, month: date, lines: list[Line], *, by: str, currency: str
) -> Bill:
    text = await asyncio.to_thread(billing.as_csv, number, month, lines, currency)
    made = {
        "number": number,
        "month": month,
        "lines": len(lines),
        "total": billing.total(lines),
        "currency": currency,
        "made_at": parts.clock.now(),
        "made_by": f"staff:{by}",
    }
    file = await asyncio.to_thread(zlib.compress, text.encode(), 6)
    async with parts.db.transaction() as tx:
        values = {**made, "utility": consumer.id, "file": file, "now": made["made_at"], "by": made["made_by"]}
        if not await store.add_bill(tx, values):
            raise Conflict("Somebody else made this bill just now.")
        detail = {"utility": consumer.code, "lines": len(lines), "total": str(made["total"])}
        await audit.append(tx, staff_scope(by), audit.Entry("bill.made", f"bill:{number}", detail))
    return Bill(**made)


@router.get("/utilities/{code}/bills")
async def list_bills(code: Code, parts: CurrentParts) -> list[Bill]:
    """A utility's bills, the newest first."""
    async with parts.db.snapshot() as tx:
        consumer = await consumer_named(tx, code)
        return [Bill(**row) for row in await store.bills(tx, consumer.id)]


@router.get("/utilities/{code}/bills/{number}.csv", response_class=Response)
async def bill_file(code: Code, number: Number, parts: CurrentParts) -> Response:
    """A bill as the file that is sent."""
    async with parts.db.snapshot() as tx:
        consumer = await consumer_named(tx, code)
        file = await store.bill_file(tx, consumer.id, number)
    if file is None:
        raise NotFound(f"There is no bill {number}.")
    headers = {"Content-Disposition": f'attachment; filename="{number}.csv"'}
    return Response(await asyncio.to_thread(zlib.decompress, file), media_type="text/csv", headers=headers)


@simulation.post("/usage")
async def count_past(body: HistoryBody, parts: CurrentParts) -> dict[str, int]:
    """Have the simulated network have counted since a day: demonstrations begin with some months behind them."""
    last = over(parts.clock.now())
    if not last - timedelta(days=MOST_DAYS) <= body.since <= last:
        told = f"A day that is over, {MOST_DAYS} days ago at most."
        raise Invalid("The network cannot have counted since then.", [Problem("since", "range", told)])
    consumer = await only_utility(parts, body.utility)
    return {"days": await Counter(parts).take_down(consumer.id, body.since, last)}
