"""Bodies of the REST interface of usage. Amounts are numbers or, to be exact, text like "0.0215"."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from tieline.platform.web import Day

_LINE = r"^[^\x00-\x1f\x7f]*$"
_TEXT = r"^[^\x00]*$"
Price = Annotated[Decimal, Field(ge=0, le=1_000_000, max_digits=14, decimal_places=6)]
State = Literal["INVENTORY", "TEST_READY", "ACTIVE", "SUSPENDED", "RETIRED"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ContractBody(_Strict):
    """What holds for all plans of an operator. ``version`` is the one that was read: a newer one is not overwritten."""

    reference: str = Field("", max_length=100, pattern=_LINE, description="Number of the contract.")
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    billing_day: int = Field(1, ge=1, le=28, description="Day of the month on which a period begins.")
    octets_per_mb: Literal[1_000_000, 1_048_576] = 1_000_000
    minimum_months: int = Field(0, ge=0, le=120)
    billed_states: list[State] = Field(["ACTIVE", "SUSPENDED"], min_length=1, max_length=5)
    silent_days: int = Field(30, ge=1, le=400, description="Unused for so long, a subscription is paid for nothing.")
    version: int | None = Field(None, ge=1, le=2**31 - 1)


class TariffBody(_Strict):
    """What a plan costs from a day on."""

    valid_from: Day
    valid_to: Day | None = None
    monthly_fee: Price
    included_mb: int = Field(ge=0, le=10_000_000, description="For each subscription and period.")
    pooled: bool = Field(default=False, description="Whether the plan's subscriptions share theirs.")
    prorated: bool = Field(default=True, description="Whether fee and volume are for the days of the period.")
    overage_per_mb: Price
    step_octets: int = Field(1000, ge=1, le=1_000_000_000, description="Volume beyond counts in whole steps of these.")
    usual_mb: int | None = Field(None, ge=1, le=10_000_000, description="Beyond this, a subscription stands out.")
    apns: list[Annotated[str, Field(min_length=1, max_length=100, pattern=_LINE)]] = Field([], max_length=50)
    groups: list[Annotated[str, Field(min_length=1, max_length=100, pattern=_LINE)]] = Field([], max_length=50)


class WordsBody(_Strict):
    """Words that stand with what is done."""

    words: str = Field("", max_length=2000, pattern=_TEXT)


class DecisionBody(_Strict):
    """What is decided of a bill; to dispute it, say why."""

    state: Literal["accepted", "disputed"]
    words: str = Field("", max_length=2000, pattern=_TEXT)
