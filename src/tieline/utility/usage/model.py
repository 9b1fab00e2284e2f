"""Usage and what it costs: contracts, tariffs, periods, statements, findings, bills. Pure.

Money is ``Decimal``, never a float; amounts have two decimals, prices up to six. Volumes are whole octets.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

ZERO = Decimal("0.00")
CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Contract:
    """What holds for all plans of an operator.

    A period begins on ``billing_day``. A megabyte has ``octets_per_mb``. A subscription costs its fee while it is in
    one of ``billed_states``; unused for ``silent_days``, it is paid for nothing.
    """

    operator_id: int
    operator: str
    operator_name: str
    reference: str
    currency: str
    billing_day: int
    octets_per_mb: int
    minimum_months: int
    billed_states: Sequence[str]
    silent_days: int
    version: int
    updated_at: datetime
    updated_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """What a plan costs from a day on, until another one of it is valid. ``valid_to`` is the last day, None: no end.

    ``included_mb`` is for each subscription and period; ``pooled``: the plan's subscriptions share theirs.
    ``prorated``: fee and volume are for the days, of those of the period. Volume beyond counts in whole steps of
    ``step_octets``. ``usual_mb`` is what a subscription is expected to stay below in a period. Subscriptions without a
    data plan of their own are on the plan whose ``apns`` and ``groups`` fit, where it names any.
    """

    plan: str
    valid_from: date
    valid_to: date | None
    monthly_fee: Decimal
    included_mb: int
    pooled: bool
    prorated: bool
    overage_per_mb: Decimal
    step_octets: int
    usual_mb: int | None = None
    apns: Sequence[str] = ()
    groups: Sequence[str] = ()

    def holds_on(self, day: date) -> bool:
        """Whether it is valid on a day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A billing period: its first and its last day."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    @property
    def end(self) -> date:
        """The day after it."""
        return self.last + timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Member:
    """A subscription on a plan in a period: on how many of its days, and what it used in them."""

    subscription_id: int
    ref: str
    plan: str
    days: int
    octets: int


class Charge(StrEnum):
    """What a line of a bill is for."""

    FEE = "fee"
    OVERAGE = "overage"
    POOL = "pool-overage"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Expected:
    """An amount that is due: of a subscription, or (``ref`` empty) of a plan's pool."""

    ref: str
    plan: str
    charge: Charge
    amount: Decimal
    rate: Decimal
    days: int = 0
    octets: int = 0


@dataclass(frozen=True, slots=True)
class Rated:
    """What a plan comes to in a period. ``allowance`` and ``beyond`` are octets."""

    members: int
    octets: int
    allowance: int
    beyond: int
    fee: Decimal
    overage: Decimal

    @property
    def total(self) -> Decimal:
        """Fees and overage."""
        return self.fee + self.overage


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is to be expected at the end of a period, going on as lately. ``runs_over_on`` None: not in this period."""

    octets: int
    rated: Rated
    runs_over_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A plan in a period, as it was rated last. The forecast is None once all of the period is known.

    ``daily`` are octets by day from the first on; ``known_until`` is the last day of which anything is known.
    """

    operator: str
    operator_name: str
    plan: str
    first: date
    last: date
    currency: str
    members: int
    octets: int
    allowance: int
    beyond: int
    fee: Decimal
    overage: Decimal
    forecast_octets: int | None
    forecast_overage: Decimal | None
    forecast_beyond: int | None
    runs_over_on: date | None
    daily: Sequence[int]
    known_until: date | None
    rated_at: datetime

    @property
    def period(self) -> Period:
        """Its period."""
        return Period(self.first, self.last)

    @property
    def total(self) -> Decimal:
        """Fees and overage so far."""
        return self.fee + self.overage

    @property
    def forecast_total(self) -> Decimal:
        """Fees and overage to be expected at the end; what they are once all is known."""
        return self.fee + (self.overage if self.forecast_overage is None else self.forecast_overage)


@dataclass(frozen=True, slots=True)
class Feed:
    """How an operator's records come in: when they were last read, what went wrong, which days are missing."""

    operator: str
    operator_name: str
    read_at: datetime | None
    failed_at: datetime | None
    error: str
    first_day: date | None
    last_day: date | None
    missing: Sequence[date] = ()


@dataclass(frozen=True, slots=True)
class Used:
    """What a subscription used in a month, by day from its first on; None: nothing is known of a day."""

    month: date
    up: Sequence[int | None]
    down: Sequence[int | None]
    sessions: Sequence[int | None]
    told_at: datetime


@dataclass(frozen=True, slots=True)
class Row:
    """A subscription in a list of usage."""

    subscription_id: int | None
    ref: str
    operator: str
    plan: str
    state: str
    site_id: int | None
    site_name: str | None
    octets: int
    last_used: date | None


class FindingKind(StrEnum):
    """What stands out."""

    HIGH = "high"
    SILENT = "silent"
    UNEXPECTED = "unexpected"
    POOL = "pool"


@dataclass(frozen=True, slots=True)
class Found:
    """Something that stands out, as it was just found. ``key`` tells it from others of its operator."""

    kind: FindingKind
    key: str
    evidence: Mapping[str, Any]
    subscription_id: int | None = None
    ref: str = ""
    plan: str = ""
    cost: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that stands out, as it is kept."""

    id: int
    operator: str
    kind: FindingKind
    subscription_id: int | None
    ref: str
    plan: str
    evidence: Mapping[str, Any]
    cost: Decimal | None
    currency: str | None
    first_at: datetime
    seen_at: datetime
    gone_at: datetime | None
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    words: str
    site_id: int | None = None
    site_name: str | None = None


class BillState(StrEnum):
    """How far a bill has come."""

    RECEIVED = "received"
    CHECKED = "checked"
    ACCEPTED = "accepted"
    DISPUTED = "disputed"


class Verdict(StrEnum):
    """What a line of a bill turned out to be."""

    EXPLAINED = "explained"
    DIFFERS = "differs"
    NOT_OURS = "not-ours"
    AFTER_END = "after-end"
    REPEATED = "repeated"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class BillLine:
    """A line as the operator sent it; ``line`` is where it stands in the file."""

    line: int
    ref: str
    iccid: str
    msisdn: str
    plan: str
    charge: Charge
    days: int | None
    volume_mb: Decimal | None
    rate: Decimal | None
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Judged:
    """A line with its verdict. A missing one has no line of the operator's; ``difference`` is claimed less due."""

    line: BillLine | None
    verdict: Verdict
    expected: Decimal
    why: str = ""
    due: Expected | None = None
    subscription_id: int | None = None

    @property
    def difference(self) -> Decimal:
        """Claimed less due."""
        return (ZERO if self.line is None else self.line.amount) - self.expected


@dataclass(frozen=True, slots=True)
class Bill:
    """A bill. ``counts`` has, by verdict, how many lines and what they come to: {verdict: [lines, claimed, due]}."""

    id: int
    operator: str
    operator_name: str
    number: str
    first: date
    last: date
    currency: str
    file_name: str
    state: BillState
    lines: int
    bad_lines: int
    problems: Sequence[Mapping[str, Any]]
    claimed: Decimal
    expected: Decimal | None
    counts: Mapping[str, Sequence[Any]]
    received_at: datetime
    received_by: str
    checked_at: datetime | None
    decided_at: datetime | None
    decided_by: str | None
    words: str

    @property
    def difference(self) -> Decimal | None:
        """Claimed less due; None before it was checked."""
        return None if self.expected is None else self.claimed - self.expected


@dataclass(frozen=True, slots=True)
class FindingFilter:
    """Which findings: kinds, operators; ``open`` those that are still so and that nobody has seen to."""

    kinds: tuple[str, ...] = ()
    operators: tuple[str, ...] = ()
    open: bool | None = True


@dataclass(frozen=True, slots=True)
class Taken:
    """What was told: how many records, of how many subscriptions, and how many of each day."""

    records: int = 0
    subscriptions: int = 0
    days: Mapping[date, int] = field(default_factory=dict)
