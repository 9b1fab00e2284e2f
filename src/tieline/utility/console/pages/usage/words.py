"""Usage and cost in words: money, volumes, periods, states as badges, tabs."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal

from tieline.console.components.formats import NOTHING, THIN, data_size
from tieline.console.components.frame import Tab
from tieline.console.components.values import Badge, Tone
from tieline.utility.usage import BillState, FindingKind, Period, Statement, Verdict

FINDINGS: Mapping[FindingKind, Badge] = {
    FindingKind.HIGH: Badge("Uses far more", Tone.WARN, "zap"),
    FindingKind.SILENT: Badge("Paid, not used", Tone.HELD, "circle-minus"),
    FindingKind.UNEXPECTED: Badge("Should use nothing", Tone.BAD),
    FindingKind.POOL: Badge("Pool runs over", Tone.WARN, "layers"),
}
BILLS: Mapping[BillState, Badge] = {
    BillState.RECEIVED: Badge("Being checked", Tone.BUSY, "loader"),
    BillState.CHECKED: Badge("Checked", Tone.WARN, "eye", "Somebody has to accept or dispute it."),
    BillState.ACCEPTED: Badge("Accepted", Tone.OK),
    BillState.DISPUTED: Badge("Disputed", Tone.HELD, "ban"),
}
VERDICTS: Mapping[Verdict, Badge] = {
    Verdict.EXPLAINED: Badge("Explained", Tone.OK),
    Verdict.DIFFERS: Badge("Differs", Tone.WARN),
    Verdict.NOT_OURS: Badge("Not ours", Tone.BAD),
    Verdict.AFTER_END: Badge("Billed after its end", Tone.BAD),
    Verdict.REPEATED: Badge("Billed twice", Tone.BAD),
    Verdict.MISSING: Badge("Missing", Tone.HELD),
}
CHARGES: Mapping[str, str] = {
    "fee": "Fee",
    "overage": "Overage",
    "pool-overage": "Overage of the pool",
    "other": "Other",
}


def money(amount: Decimal | None, currency: str = "") -> str:
    """Write 1234.5 as 1,234.50, with a true minus sign and the currency behind."""
    if amount is None:
        return NOTHING
    text = f"{abs(amount):,.2f}"
    sign = "\u2212" if amount < 0 else ""
    return f"{sign}{text}{THIN}{currency}" if currency else f"{sign}{text}"


def one_currency(found: Iterable[str | None]) -> str:
    """The currency of all amounts, where it is one; else nothing."""
    known = {one for one in found if one}
    return known.pop() if len(known) == 1 else ""


def price(amount: Decimal) -> str:
    """A price with as many decimals as it has, two at least."""
    whole, _, part = f"{amount:f}".partition(".")
    return f"{whole}.{part.rstrip('0').ljust(2, '0')}"


def volume(octets: float | None) -> str:
    """Octets with their prefix."""
    return data_size(octets)


def span(period: Period) -> str:
    """A period: the month's name where it is one, else its days."""
    first, last = period.first, period.last
    if first.day == 1 and last.month == first.month:
        return f"{first:%B %Y}"
    return f"{day(first)} – {day(last)}"


def day(one: date | None) -> str | None:
    """A day."""
    return None if one is None else f"{one.day} {one:%b %Y}"


def lasts(one: Statement) -> Badge:
    """Whether what is included lasts for the period."""
    if one.beyond:
        used_up = one.octets >= one.allowance
        word = "Used up" if used_up else "Some are beyond"
        return Badge(word, Tone.BAD, tip=f"{volume(one.beyond)} beyond what is included so far.")
    if one.runs_over_on is not None:
        return Badge(f"Until {day(one.runs_over_on)}", Tone.WARN, tip="Going on as lately, it is used up then.")
    if one.forecast_beyond:
        return Badge("Some run over", Tone.WARN, tip=f"{volume(one.forecast_beyond)} are to be expected beyond.")
    return Badge("Lasts", Tone.OK)


def tabs(current: str, findings: int | None = None) -> tuple[Tab, ...]:
    """The parts of usage and cost."""
    every = (
        ("overview", "Overview", "/usage", None),
        ("subscriptions", "Subscriptions", "/usage/subscriptions", None),
        ("findings", "Findings", "/usage/findings", findings),
        ("bills", "Bills", "/usage/bills", None),
        ("terms", "Contracts", "/usage/contracts", None),
    )
    return tuple(Tab(label, href, key == current, count) for key, label, href, count in every)
