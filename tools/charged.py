"""Two months of usage, and bills for them, for a console that is looked at: as the demonstration's operators count."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import httpx

from tieline.gateway.backends.port import Metered
from tieline.gateway.backends.simulated.metering import SimulatedMeter
from tieline.gateway.backends.simulated.staging import staged
from tieline.gateway.metering import billing
from tieline.gateway.metering.model import Billed, Terms, month_after
from tieline.lab import charging
from tieline.platform.clock import SystemClock
from tieline.platform.db import Database, fetch_all
from tieline.standards.tmf.usage import Stretch
from tieline.utility.usage.service import checking, rating, taking
from tools.served import ADMINISTRATOR, PASSWORD, Served, apart

_SEED = 7
_SUBSCRIPTIONS = """
SELECT s.operator_id, s.operator_ref AS ref, s.state, s.subscription_group AS grp, coalesce(s.msisdn, '') AS msisdn,
    coalesce(s.data_plan, '') AS plan FROM subscription s JOIN operator o ON o.id = s.operator_id
WHERE o.code = %s ORDER BY s.operator_ref
"""
_Rows = Sequence[dict[str, Any]]


def keep(served: Served, database_url: str) -> None:
    """Enter the contracts, take usage down, and send, check and decide bills: of four, 1 is accepted, 4 disputed."""
    fleets: dict[str, _Rows] = {}
    months = charging.past(charging.MONTHS, datetime.now(UTC).date())
    with httpx.Client(base_url=f"{served.url}/api/v1", timeout=120) as http:
        session = http.post("/session", json={"name": ADMINISTRATOR, "password": PASSWORD}).raise_for_status()
        http.headers["X-CSRF-Token"] = session.json()["csrf_token"]
        for code in charging.PLANS:
            contract, tariffs = charging.terms(code)
            http.put(f"/operators/{code}/usage-contract", json=contract).raise_for_status()
            for plan, tariff in tariffs:
                http.put(f"/operators/{code}/tariffs/{quote(plan, safe='')}", json=tariff).raise_for_status()
        apart(_count(database_url, fleets, [*months, month_after(months[-1])]))
        for code, rows in fleets.items():
            for month in months:
                content = _bill(code, rows, month, wrong=month == months[-1])
                file = {"file": (f"{code}-{month:%Y-%m}.csv", content)}
                http.post(f"/operators/{code}/bills", files=file).raise_for_status()
        apart(_check(database_url, len(fleets) * len(months)))
        http.post("/bills/1/decide", json={"state": "accepted"}).raise_for_status()
        words = "Three cards ended in spring; two are not ours."
        http.post("/bills/4/decide", json={"state": "disputed", "words": words}).raise_for_status()


async def _count(database_url: str, fleets: dict[str, _Rows], months: Sequence[date]) -> None:
    """Take some months down, up to yesterday, and rate them."""
    database, clock = await Database.open(database_url, size=2), SystemClock()
    try:
        for code in charging.PLANS:
            async with database.transaction() as tx:
                fleets[code] = await fetch_all(tx, _SUBSCRIPTIONS, [code])
            for month in months:
                await _month(database, fleets[code], month)
        await rating.rate_operators(database, clock)
    finally:
        await database.close()


async def _month(database: Database, rows: _Rows, month: date) -> None:
    now = datetime.now(UTC)
    over = (min(month_after(month), now.date()) - month).days
    counted = zip(rows, _counted(rows, month), strict=True)
    told = [Stretch(row["ref"], month, tuple(days[:over])) for row, days in counted if over and days[0] is not None]
    async with database.transaction() as tx:
        taken = await taking.take(tx, rows[0]["operator_id"], taking.merged(told), now)
        await taking.note(tx, rows[0]["operator_id"], taken.days, source="operator", at=now)


async def _check(database_url: str, bills: int) -> None:
    database = await Database.open(database_url, size=2)
    try:
        for number in range(1, bills + 1):
            await checking.check(database, SystemClock(), number)
    finally:
        await database.close()


def _counted(rows: _Rows, month: date) -> Sequence[Sequence[Any]]:
    return SimulatedMeter(_SEED).month([Metered(row["ref"], row["state"], row["grp"] or "") for row in rows], month)


def _bill(code: str, rows: _Rows, month: date, *, wrong: bool) -> str:
    """The operator's file; ``wrong``: with the errors of the demonstration."""
    tariffs = {
        plan: Terms(
            currency="GBP",
            monthly_fee=Decimal(fee),
            included_mb=included,
            pooled=pooled,
            overage_per_mb=Decimal(overage),
        )
        for plan, (fee, included, pooled, overage) in charging.PLANS[code].items()
    }
    whole = (month_after(month) - month).days
    billed = [
        Billed(
            row["ref"],
            "",
            row["msisdn"],
            row["plan"],
            whole if row["state"] in billing.ALIVE else 0,
            sum(day.up + day.down for day in days if day is not None),
        )
        for row, days in zip(rows, _counted(rows, month), strict=True)
    ]
    lines = billing.bill(billed, tariffs, month)
    lines = staged(lines, billed, tariffs, _SEED) if wrong else lines
    return billing.as_csv(f"{code}-{month:%Y%m}-DSO", month, lines, "GBP")
