"""What the demonstration's operators charge: tariffs at their back offices, the contract at the utility, and bills.

Two months are behind them when the demonstration begins. The last bill has some errors on purpose.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx

from tieline.platform.errors import Unavailable

MONTHS = 2
STAFF = "billing"
Plans = Mapping[str, tuple[str, int, bool, str]]
"""By plan: monthly fee, included MB, whether pooled, price of a MB beyond."""
PLANS: Mapping[str, Plans] = {
    "A": {
        "M2M 50 MB": ("1.10", 50, True, "0.0150"),
        "M2M 250 MB": ("2.40", 250, True, "0.0120"),
        "M2M 1 GB": ("5.90", 1000, True, "0.0090"),
    },
    "B": {
        "IOT-S": ("0.95", 40, True, "0.0180"),
        "IOT-M": ("2.60", 250, False, "0.0120"),
        "IOT-L": ("6.40", 1000, False, "0.0100"),
    },
}


def past(months: int, today: date) -> list[date]:
    """The first days of the months before this one, the earliest first."""
    found: list[date] = []
    month = today.replace(day=1)
    for _ in range(months):
        month = (month - timedelta(days=1)).replace(day=1)
        found.insert(0, month)
    return found


def charge(office: httpx.Client, code: str, utility: str) -> None:
    """Set an operator's tariffs, have its network have counted for two months, and bill them."""
    for plan, (fee, included, pooled, overage) in PLANS[code].items():
        terms = {"currency": "GBP", "monthly_fee": fee, "included_mb": included, "pooled": pooled}
        body = {**terms, "overage_per_mb": overage, "by": STAFF}
        _checked(office.put(f"/backoffice/v1/tariffs/{quote(plan, safe='')}", json=body))
    months = past(MONTHS, datetime.now(UTC).date())
    _checked(office.post("/simulation/v1/usage", json={"since": months[0].isoformat(), "utility": utility}))
    billed = {row["month"] for row in _checked(office.get(f"/backoffice/v1/utilities/{utility}/bills"))}
    for month in months:
        if month.isoformat() not in billed:
            body = {"month": f"{month:%Y-%m}", "staged": month == months[-1], "by": STAFF}
            _checked(office.post(f"/backoffice/v1/utilities/{utility}/bills", json=body))


def bill_files(office: httpx.Client, utility: str) -> list[tuple[str, bytes]]:
    """The bills that an operator sends, the earliest first: name and content."""
    rows = _checked(office.get(f"/backoffice/v1/utilities/{utility}/bills"))
    found = []
    for row in reversed(rows):
        answer = office.get(f"/backoffice/v1/utilities/{utility}/bills/{row['number']}.csv")
        if not answer.is_success:
            raise Unavailable(f"Bill {row['number']} was not given: {answer.status_code}.")
        found.append((f"{row['number']}.csv", answer.content))
    return found


def terms(code: str) -> tuple[dict[str, Any], Sequence[tuple[str, dict[str, Any]]]]:
    """The contract with an operator and its plans, as the utility's administrator enters them."""
    since = past(MONTHS, datetime.now(UTC).date())[0].isoformat()
    tariffs = [
        (
            plan,
            {
                "valid_from": since,
                "monthly_fee": fee,
                "included_mb": included,
                "pooled": pooled,
                "overage_per_mb": overage,
            },
        )
        for plan, (fee, included, pooled, overage) in PLANS[code].items()
    ]
    return {"currency": "GBP", "reference": f"{code}-2024-GRID"}, tariffs


def _checked(answer: httpx.Response) -> Any:
    if answer.is_success:
        return answer.json() if answer.content else None
    raise Unavailable(f"{answer.request.url.path} was answered {answer.status_code}: {answer.text[:400]}")
